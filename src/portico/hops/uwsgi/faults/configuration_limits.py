"""Options of uWSGI that do not go together, and what the application does while it is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.uwsgi.faults import configuration_kinds as kinds
from portico.hops.uwsgi.faults.start_rows import ini_of, last, rows
from portico.model.evidence import Evidence, UwsgiSeen
from portico.model.finding import Finding
from portico.model.log import Event

#: Eight bytes for each file make a gigabyte.
_MANY_FILES = 1 << 27
_LAZY = ("lazy-apps", "lazy")


def body_deadline(evidence: Evidence) -> Iterator[Finding]:
    """post-buffering, threads and harakiri at once: each piece of a body that is read moves the deadline of all threads."""
    for seen in evidence.uwsgi:
        limit_s = seen.number("harakiri")
        if not limit_s or seen.number("threads", default=1) < 2 or not seen.number("post-buffering"):
            continue
        early = _early(seen, limit_s)
        shown = rows(seen, "harakiri", "threads", "post-buffering")
        fix = [
            f"remove post-buffering ({_where(seen)}): behind nginx a body arrives whole",
            "or threads = 1, or no harakiri",
        ]
        if early:
            event, took_s = early
            yield kinds.BODY_DEADLINE.found(
                cause=f"a worker was killed after {took_s:.0f} s, although harakiri is {limit_s}: its threads share "
                f"one deadline, "
                "which a body that was being read had moved",
                evidence=[*shown, event.text],
                fix=fix,
                basis="log",
            )
        else:
            yield kinds.BODY_DEADLINE_RISK.found(
                cause="an upload moves the deadline that all threads of a worker share", evidence=shown, fix=fix
            )


def _where(seen: UwsgiSeen) -> str:
    option = seen.option("post-buffering")
    return option.where if option else ini_of(seen)


def _early(seen: UwsgiSeen, limit_s: int) -> tuple[Event, float] | None:
    """A harakiri whose requests were all younger than the limit, and the age of the oldest in seconds."""
    events = list(seen.events)
    for number, event in enumerate(events):
        if event.kind != "harakiri":
            continue
        requests = [one for one in events[number + 1 : number + 40] if one.kind == "harakiri-request"]
        ages = [event.time_s - int(one.data["since"]) for one in requests if one.data.get("since", "").isdigit()]
        oldest = max(ages, default=None)
        if oldest is not None and 0 <= oldest < limit_s - 1:
            return event, oldest
    return None


def dead_threads(evidence: Evidence) -> Iterator[Finding]:
    """Threads that were started before the fork."""
    seen, project = evidence.instance, evidence.project
    load = ((project.answer if project else None) or {}).get("load") or {}
    threads = [str(name) for name in load.get("threads") or ()]
    if seen is None or not seen.master or not threads or evidence.managed:
        return
    disabled = last(seen, "threads-disabled")
    forked = bool(seen.workers) and not seen.is_on(*_LAZY)
    if disabled or forked:
        yield kinds.THREADS_DEAD.found(
            cause=f"the application starts the thread {threads[0]} while it is loaded, "
            + (
                "and this uWSGI runs none of its threads"
                if disabled
                else "and a fork follows: it does not run in any worker"
            ),
            evidence=[
                f"still alive after loading: {', '.join(threads[:5])}",
                *([disabled.text] if disabled else []),
                *(rows(seen, "master", "processes", *_LAZY, "enable-threads")),
            ],
            fix=[
                f"enable-threads = true   # in {ini_of(seen)}"
                if disabled
                else "start it after the fork: @uwsgidecorators.postfork",
                f"or lazy-apps = true   # in {ini_of(seen)}: each worker loads the application itself",
            ],
            basis="state",
            certainty="certain" if disabled or _are_gone(seen) else "likely",
        )


def _are_gone(seen: UwsgiSeen) -> bool:
    """Whether the worker has no more threads than uWSGI itself gave it."""
    return 0 < seen.workers[0].threads <= seen.number("threads", default=1) + seen.number("offload-threads")


def many_files(evidence: Evidence) -> Iterator[Finding]:
    """A limit of a billion files."""
    for seen in evidence.uwsgi:
        event = last(seen, "fd-limit")
        number = int(event.data["number"]) if event else 0
        if event and number >= _MANY_FILES and not seen.option("max-fd"):
            killed = evidence.machine.oom_kills or ()
            yield kinds.MOST_FILES.found(
                cause=f"this process may open {number} files, and a table of uWSGI's for them takes {number * 8 >> 30} GB",
                evidence=[event.text, *killed[-1:], *rows(seen, "http", "processes")],
                fix=[f"max-fd = 65536   # in {ini_of(seen)}", "or LimitNOFILE=65536 in the unit, ulimits in compose"],
                basis="log",
            )


RULES = (body_deadline, dead_threads, many_files)
