"""Workers that die, hang, or are too few: from uWSGI's log since its start, and from its processes as they are."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from portico.hops.uwsgi.faults import worker_kinds as kinds
from portico.model.evidence import Evidence, UwsgiSeen
from portico.model.finding import Basis, Finding
from portico.model.log import Event

#: uWSGI looks after its workers once a second, so a kill is told of a little after the HARAKIRI line.
_SAME_S = 5.0
_MIB = 1 << 20
_SLOW_S = 2.0
#: From here on a page that runs alone is felt by others.
_HELD_UP_MS = 1000


def _basis(evidence: Evidence, event: Event) -> Basis:
    made = any(visit.failing and event.time_s >= int(visit.exchange.began_s) for visit in evidence.visits)
    return "request" if made else "log"


def _row(seen: UwsgiSeen, *names: str) -> list[str]:
    found = seen.option(*names)
    return [f"{found.where}: {found.name} = {found.value}"] if found else []


def harakiri(evidence: Evidence) -> Iterator[Finding]:
    """A request that took too long, by the lines that say so."""
    for seen in evidence.uwsgi:
        killed = seen.saw("harakiri")
        if not killed:
            continue
        asked = seen.saw("harakiri-request")
        what = f"{asked[-1].data.get('method', '')} {asked[-1].data.get('uri', '')}".strip() if asked else "a request"
        limit = seen.value("harakiri")
        yield kinds.HARAKIRI.found(
            cause=f"{what} took longer than harakiri" + (f" = {limit} s" if limit else ""),
            evidence=[*_row(seen, "harakiri"), killed[-1].text, *[event.text for event in asked[-1:]]],
            fix=[
                "find what the page waits for: uwsgi --harakiri-verbose, or py-spy dump --pid WORKER while it hangs",
                f"harakiri = {2 * int(limit) if limit.isdigit() else 60}   # and uwsgi_read_timeout in nginx a little "
                f"above it",
            ],
            basis=_basis(evidence, killed[-1]),
        )


def deaths(evidence: Evidence) -> Iterator[Finding]:
    """Workers that died of something else."""
    for seen in evidence.uwsgi:
        crashed = seen.saw("segfault")
        if crashed:
            yield _segfault(evidence, crashed[-1])
        harakiris = {event.data.get("pid") for event in seen.saw("harakiri")}
        crashes = {event.data.get("pid") for event in crashed}
        for event in reversed(seen.saw("worker-died")):
            if event.data.get("pid") not in harakiris | crashes:
                yield _died(evidence, event)
                break


def _segfault(evidence: Evidence, event: Event) -> Finding:
    libraries = re.findall(r"/[^\s()]*?\.so[.\d]*", event.text)
    own = [path for path in libraries if not re.search(r"/(libc|libpthread|ld-linux|libpython|pyuwsgi)", path)]
    return kinds.SEGFAULT.found(
        cause=f"the crash was in {own[0]}" if own else "the crash was in a compiled extension or in Python itself",
        evidence=[*event.text.splitlines()[:8], *_request_of(evidence)],
        fix=["update the library in the backtrace", "python -X faulthandler, and lazy-apps = true, to see which call it is"],
        basis=_basis(evidence, event),
    )


def _request_of(evidence: Evidence) -> list[str]:
    return [visit.exchange.line for visit in evidence.visits if visit.failing][:1]


def _died(evidence: Evidence, event: Event) -> Finding:
    if event.data.get("signal") != "9":
        number = event.data.get("signal")
        return kinds.DIED.found(
            cause=f"it was ended by signal {number}" if number else "it ended itself, without an exception",
            evidence=[event.text, *_request_of(evidence)],
            fix=["look for os._exit, os.abort and os.kill in the code of that page and in what it imports"],
            basis=_basis(evidence, event),
        )
    memory = evidence.machine.oom_kills
    if memory:
        cause, seen = "the kernel killed it because memory was short", memory[-2:]
    else:
        cause = "it got SIGKILL and no harakiri was due: a lack of memory, or an administrator"
        told = (
            "the kernel has no record of a lack of memory" if memory == () else "the kernel's record is not to be seen here"
        )
        seen = (told,)
    return kinds.KILLED.found(
        cause=cause,
        evidence=[event.text, *seen],
        fix=[
            "sudo dmesg -T | grep -i -E 'oom|killed process'",
            "fewer processes, or less memory in each: reload-on-rss = 512",
        ],
        basis=_basis(evidence, event),
    )


def memory_limit(evidence: Evidence) -> Iterator[Finding]:
    """MemoryError under limit-as."""
    for seen in evidence.uwsgi:
        errors = [event for event in seen.saw("traceback") if event.data.get("exception", "").endswith("MemoryError")]
        limits = seen.saw("as-limit")
        if errors and (limits or seen.option("limit-as")):
            yield kinds.ADDRESS_SPACE.found(
                cause=f"the application met limit-as = {seen.value('limit-as') or '?'} MB",
                evidence=[*_row(seen, "limit-as"), *[event.text for event in limits[:1]], errors[-1].text.splitlines()[-1]],
                fix=["remove limit-as; MemoryMax=1G in the service's unit limits memory itself"],
                basis=_basis(evidence, errors[-1]),
            )


def replaced(evidence: Evidence) -> Iterator[Finding]:
    """Workers that end too soon, or all together."""
    for seen in evidence.uwsgi:
        done = seen.saw("worker-done")
        limit = seen.option("reload-on-rss", "evil-reload-on-rss")
        if limit and limit.value.isdigit() and done:
            largest = max((one.rss_bytes for one in seen.workers), default=0) // _MIB
            if largest >= int(limit.value):
                yield kinds.RSS_STORM.found(
                    cause=f"a fresh worker has {largest} MB, and {limit.name} is {limit.value}",
                    evidence=[*_row(seen, limit.name), f"{len(done)} workers ended lately", done[-1].text],
                    fix=[f"{limit.name} = {max(256, 2 * largest)}"],
                    basis="state",
                )
        elif _together(done) >= _a_crowd(seen) and not seen.option("max-requests-delta"):
            yield kinds.ALL_AT_ONCE.found(
                cause=f"{_together(done)} workers ended within two seconds: all count to the same number of requests",
                evidence=[*_row(seen, "max-requests", "max-worker-lifetime"), *_row(seen, "lazy-apps"), done[-1].text],
                fix=["max-requests-delta = 100   # in uwsgi.ini"],
                basis="log",
            )


def _a_crowd(seen: UwsgiSeen) -> int:
    """So many that end together are no chance."""
    return max(2, min(3, seen.number("processes", default=1)))


def _together(done: tuple[Event, ...]) -> int:
    """How many ended one right after the other: no request line stands between them."""
    return max((sum(abs(other.time_s - event.time_s) <= 2 for other in done) for event in done), default=0)


def too_few(evidence: Evidence) -> Iterator[Finding]:
    """Nobody is free, nobody may run, or there is only one."""
    for backend in evidence.backends:
        seen = evidence.uwsgi[backend.instance] if backend.instance is not None else None
        if seen is None:
            continue
        members = [one for one in (*seen.workers, seen.master) if one]
        stopped = [one for one in members if one.state in ("T", "t")]
        if stopped and len(stopped) >= max(1, len(seen.workers)):
            yield kinds.STOPPED.found(
                cause=f"{len(stopped)} of {len(members)} processes are in state T",
                evidence=[one.line for one in stopped[:4]],
                fix=[f"kill -CONT {' '.join(str(one.pid) for one in stopped)}"],
                basis="state",
            )
            continue
        waiting = max((one.queue or 0 for one in backend.listeners), default=0)
        visit = evidence.visit
        slow = visit is not None and (visit.exchange.duration_s >= _SLOW_S or not visit.exchange.status)
        silent = backend.uwsgi is not None and not backend.uwsgi.status and backend.uwsgi.stage == "read"
        overflown = seen.saw("listen-queue") or evidence.errors_of(errno.EAGAIN)
        if waiting and slow and silent and not overflown:
            reload = _unfinished_reload(seen)
            yield kinds.ALL_BUSY.found(
                cause=f"{waiting} connections wait for {len(seen.workers) or 1} workers, which do not finish"
                + (": uWSGI was told to reload, and lets the requests that run end first" if reload else ""),
                evidence=[f"{one.address}: {one.queue} of {one.backlog} wait" for one in backend.listeners if one.queue]
                + [one.line for one in seen.workers[:3]]
                + [event.text for event in reload],
                fix=[
                    *(
                        ["worker-reload-mercy = 10   # so many seconds a reload waits for them; 60 if not set"]
                        if reload
                        else []
                    ),
                    f"py-spy dump --pid {members[0].pid}   # where is it?",
                    "harakiri = 30   # ends requests that hang",
                    "time limits for what the page calls",
                ],
                basis="state",
            )


def _unfinished_reload(seen: UwsgiSeen) -> tuple[Event, ...]:
    """The line of a reload after which no worker has started yet."""
    told = seen.saw("reload", "worker-spawned", "worker-respawned")[-1:]
    return tuple(event for event in told if event.kind == "reload")


def only_one(evidence: Evidence) -> Iterator[Finding]:
    """One process with one thread."""
    for seen in evidence.uwsgi:
        spawned = seen.saw("worker-spawned")
        single = seen.master and spawned and {event.data.get("worker") for event in spawned} == {"1"}
        if single and spawned[-1].data.get("cores") == "1" and not seen.option("asyncio", "gevent", "async"):
            slow = [event for event in seen.saw("request", "request-json") if _msecs(event) >= _HELD_UP_MS]
            worst = max(slow, key=_msecs, default=None)
            kind = kinds.HELD_UP if worst else kinds.ONE_AT_A_TIME
            yield kind.found(
                cause="there is one worker with one thread: while it runs a page, everybody waits"
                + (f", the last time for {_msecs(worst) / 1000:.1f} s" if worst else ""),
                evidence=[
                    spawned[-1].text,
                    *([worst.text] if worst else []),
                    *_row(seen, "processes"),
                    *_row(seen, "threads"),
                ],
                fix=["processes = 4\nthreads = 2   # in uwsgi.ini"],
                basis="log",
            )


def _msecs(event: Event) -> int:
    text = event.data.get("msecs", "").partition(".")[0]
    return int(text) if text.isdigit() else 0


def descriptors(evidence: Evidence) -> Iterator[Finding]:
    """errno 24 in the application, or a process that is at its limit."""
    for seen in evidence.uwsgi:
        raised = [event for event in seen.saw("traceback") if "[Errno 24]" in event.text]
        full = [one for one in seen.workers if one.nofile and one.open_files and one.open_files >= one.nofile - 3]
        if raised or full:
            limit = seen.saw("fd-limit")
            yield kinds.FILES.found(
                cause=f"{full[0].open_files} of {full[0].nofile} are open"
                if full
                else "the limit for open files was reached",
                evidence=[
                    *[one.line for one in full[:1]],
                    *[event.text.splitlines()[-1] for event in raised[-1:]],
                    *[event.text for event in limit[:1]],
                ],
                fix=["ls -l /proc/WORKER/fd   # what is open and grows is not closed", "LimitNOFILE=65536 in the unit"],
                basis="state" if full else _basis(evidence, raised[-1]),
            )


def shared_timer(evidence: Evidence) -> Iterator[Finding]:
    """harakiri beside threads, in files that somebody wrote."""
    for seen in evidence.uwsgi if not evidence.managed else ():
        if seen.number("threads", default=1) > 1 and seen.number("harakiri") > 0:
            yield kinds.SHARED_TIMER.found(
                cause=f"{seen.value('threads')} threads of a worker share one harakiri deadline",
                evidence=[*_row(seen, "threads"), *_row(seen, "harakiri")],
                fix=["threads = 1 and more processes, where harakiri must be relied on"],
                basis="configuration",
            )


RULES = (harakiri, deaths, memory_limit, replaced, too_few, only_one, descriptors, shared_timer)
