"""`portico status`: the stack hop by hop, from the processes themselves."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from portico.actions import instance, slots, state, supervise
from portico.actions.front import is_live
from portico.actions.places import Places, elsewhere
from portico.actions.state import State
from portico.model.errors import Exit
from portico.model.finding import Finding, Kind
from portico.model.result import Result
from portico.model.site import application_name
from portico.system import clock, lock, processes

UNSUPERVISED = Kind(
    "system.E007",
    "system",
    "The stack runs without its supervisor",
    "What is left still serves, but nothing brings a process back that dies.",
    source="docs/decisions/0003-supervisord-and-a-guard.md",
    shows="Pages are served, and `portico status` ends with exit status 1. The next crash of nginx or of uWSGI's master is "
    "not mended by anybody.",
    example="nginx: pids 4712 4713\nuwsgi-3: pids 4715 4716 4717          # and no supervisord",
    cure="`portico up` puts it in order, and what serves goes on. `journalctl -k | grep -i oom` tells whether the kernel "
    "killed supervisord for want of memory.",
)
ELSEWHERE = Kind(
    "system.I011",
    "system",
    "Another account runs a stack of this project",
    "Each account has stacks of its own, with its own sockets and logs; only it and root can stop them.",
    source="docs/decisions/0005-where-things-lie.md",
    shows="`portico status` says that nothing runs, and yet the site answers or the port is taken.",
    example="root runs a stack of /srv/shop",
    cure="`sudo -u NAME portico -C DIR status` shows that stack, `... down` stops it. Start the project as one account "
    "only, if you do not mean to have two stacks.",
)
HALF = Kind(
    "system.E008",
    "system",
    "A part of the stack is not running",
    "A request stops at the first hop that is missing.",
    source="https://supervisord.org/subprocess.html",
    shows="`portico status` ends with exit status 1. Without nginx browsers cannot connect, without uWSGI nginx answers "
    "502.",
    example="nginx is fatal: Exited too quickly (process log may have details)",
    cure="`portico logs --hop nginx` or `--hop uwsgi` says why it ended; then `portico up`.",
)
DAMAGED = Kind(
    "system.E018",
    "system",
    "The record of the stack is damaged",
    "Where the stack listens and the flags it was started with are known from nowhere else: give them to `up` again.",
    shows="`portico status` ends with exit status 1, although the site may serve.",
    example=".portico/state.json was cut short, edited, or written by another version",
    cure="`portico up` with the flags the stack was started with (`--listen` and the like) writes it anew and keeps what "
    "serves; `portico down` works without it.",
)
INTERRUPTED = Kind(
    "system.E013",
    "system",
    "A change of the stack was interrupted",
    "What was live before serves on or nothing does; the next `up` or `down` puts it in order.",
    shows="`portico status` ends with exit status 1, and says what was cut short.",
    example="a command was killed in the middle of replacing release 7",
    cure="`portico up` puts it in order, and what serves goes on; `portico down` stops what is left.",
)
ENDED = Kind(
    "system.E014",
    "system",
    "The stack has ended by itself",
    "supervisord brings back what dies, but nobody brings back supervisord.",
    shows="Browsers cannot connect. `portico status` ends with exit status 1 and finds no process of the stack.",
    example="release 3: no process is left                        # after a restart of the machine",
    cure="`portico up`. A stack does not start itself with the machine: let cron (`@reboot portico -C DIR up`) or a "
    "service do it.",
)


def status(where: Places) -> Result:
    """What runs: `result.running`, `url`, `hops` in the order of the path, and the supervisor. Changes nothing."""
    live = supervise.observe(where)
    known = state.read(where)
    pids = {name: group for name, group in live.groups.items() if group}
    running = bool(pids or live.running or live.silent)
    data: dict[str, Any] = {
        "running": running,
        "project": str(where.project),
        "url": known.url if known and running and known.plan["front"] != "elsewhere" else None,
        "release": known.release if known and running else None,
        "previous": known.previous or None if known and running else None,
        "rolled_back_from": known.rolled_back_from or None if known and running else None,
        "asleep": _asleep(live, known) if known and running else [],
        "uptime_s": round(clock.now() - known.started, 1) if known and running else None,
        "supervisor": _supervisor(live),
        "hops": _hops(where, live, known) if running and known else [],
    }
    findings = _findings(where, live, known, running)
    code = Exit.FINDINGS if findings else Exit.DONE
    return Result("status", data, findings or other_accounts(where), code)


def other_accounts(where: Places) -> tuple[Finding, ...]:
    """Information for somebody who looks for a stack that is not theirs."""
    return tuple(
        ELSEWHERE.found(
            cause=f"{name} runs a stack of {where.project}",
            evidence=[f"its runtime directory is that of {name}"],
            fix=[f"sudo -u {name} portico -C {shlex.quote(str(where.project))} status"],
        )
        for name in elsewhere(where)
    )


def _supervisor(live: supervise.Live) -> dict[str, Any] | None:
    fact = processes.facts(live.supervisor_pid) if live.supervisor_pid else None
    if fact is None:
        return None
    return {"pid": fact.pid, "rss_bytes": fact.rss_bytes, "uptime_s": round(clock.now() - fact.started, 1)}


def _hops(where: Places, live: supervise.Live, known: State) -> list[dict[str, Any]]:
    plan = known.plan
    site, uwsgi = plan["site"], plan["uwsgi"]
    hops = []
    if plan["nginx"]:
        hops.append(
            {
                "hop": "nginx",
                **_processes(live, "nginx"),
                "listen": known.url,
                "version": ".".join(map(str, plan["nginx"]["binary"]["version"])),
                "binary": plan["nginx"]["binary"]["path"],
                "sockets": [f"{plan['listen']['host']}:{plan['listen']['port']}"],
                "serves": {m["url"]: m["root"] for m in site["maps"] if m["served_by"] == "nginx"},
            }
        )
    for name in sorted(known.names):
        hops.append(
            {"hop": "uwsgi", "instance": name, **_processes(live, name), **_uwsgi(where, name, uwsgi, plan["front"])}
        )
    if not known.names:
        return hops
    target = application_name(site["module"], site["file"], site["callable"])
    python = plan["interpreter"]
    hops.append({"hop": "wsgi", "callable": target, "python": python["executable"], "python_version": python["version"]})
    if site["framework"] == "django":
        hops.append({"hop": "django", "settings": site["settings"], "directory": site["directory"]})
    return hops


def _processes(live: supervise.Live, name: str) -> dict[str, Any]:
    program = next((p for p in live.programs if p.name == name and p.pid), None)
    group = live.groups.get(name, ())
    # A master that outlived its supervisor leads the group; where it was killed, what is left has no order.
    master = program.pid if program else next(filter(processes.leads_group, group), 0)
    facts = processes.tree(master) if master else tuple(fact for pid in group if (fact := processes.facts(pid)))
    return {
        "state": "running" if facts else (program.state.lower() if program else "stopped"),
        "pid": master or None,
        "pids": [fact.pid for fact in facts],
        "user": facts[-1].user if facts else None,
        "rss_bytes": sum(fact.rss_bytes for fact in facts),
        "uptime_s": round(clock.now() - facts[0].started, 1) if facts else None,
    }


def _asleep(live: supervise.Live, known: State) -> list[dict[str, Any]]:
    """Instances of the previous release that wait for a rollback."""
    return [
        {"instance": name, "pid": pid, "rss_bytes": fact.rss_bytes}
        for name, pid in sorted(known.warm.items())
        if any(program.name == name and program.pid == pid for program in live.programs) and (fact := processes.facts(pid))
    ]


def _uwsgi(where: Places, name: str, uwsgi: Mapping[str, Any], front: str) -> dict[str, Any]:
    public = {"none": "http", "elsewhere": "uwsgi"}.get(front, "")
    number = name.removeprefix("uwsgi-")
    stats, queue = instance.stats(where, name), slots.queued(where, {name})
    listening = [*slots.worker_names(str(where.run / "app" / f"app-{number}.sock"), uwsgi)]
    listening += [] if uwsgi["address"].startswith("unix:") else [uwsgi["address"]]
    base: dict[str, Any] = {"public": public, "sockets": listening, "listen_queue": queue, "backlog": uwsgi["backlog"]}
    if stats is None:
        return {**base, "workers": None}
    workers = [
        {
            "id": worker.id,
            "pid": worker.pid,
            "status": worker.status,
            "requests": worker.requests,
            "exceptions": worker.exceptions,
            "rss_bytes": fact.rss_bytes if (fact := processes.facts(worker.pid)) else 0,
        }
        for worker in stats.workers
    ]
    busy = sum(1 for worker in workers if worker["status"] == "busy")
    return {
        **base,
        "version": stats.version,
        "workers": workers,
        "busy": busy,
        "idle": sum(1 for worker in workers if worker["status"] == "idle"),
        "requests": sum(worker.requests for worker in stats.workers),
    }


def _findings(where: Places, live: supervise.Live, known: State | None, running: bool) -> tuple[Finding, ...]:
    # While another command is at work, what looks broken is on its way.
    halfway = () if lock.is_held(where.lock) else _halfway(where, live, known, running)
    return halfway or (_missing(live, known) if known and live.supervisor_pid else ())


def _halfway(where: Places, live: supervise.Live, known: State | None, running: bool) -> tuple[Finding, ...]:
    """What kills leave behind: of the stack's processes, or of a command in the middle of a change."""
    if known and not running:
        cause = "its processes were killed, or the machine was restarted; nobody ran `portico down`"
        return (ENDED.found(cause=cause, evidence=[f"release {known.release}: no process is left"], fix=["portico up"]),)
    kind, cause = INTERRUPTED, ""
    if live.silent:
        cause = "supervisord does not answer: it is ending, or its runtime directory was deleted"
    elif state.is_damaged(where):
        kind, cause = DAMAGED, f"{where.state_file} was cut short, edited, or written by another version"
    elif known is None:
        cause = "`portico up` was killed before its first release was live" if running else ""
    elif live.supervisor_pid is None:
        kind, cause = UNSUPERVISED, "supervisord was killed; its children serve on"
    elif not _one_release(where, live, known):
        cause = f"a command was killed in the middle of replacing release {known.release}"
    left = {**live.groups, "supervisord": live.silent}
    evidence = [f"{name}: pids {' '.join(map(str, pids))}" for name, pids in sorted(left.items()) if pids]
    evidence = evidence or ["no process of it is left"]
    fix = ["portico up     # puts it in order; what serves goes on", "portico down   # or stop what is left"]
    return (kind.found(cause=cause, evidence=evidence, fix=fix),) if cause else ()


def _one_release(where: Places, live: supervise.Live, known: State) -> bool:
    names = {program.name for program in live.programs} | {name for name, pids in live.groups.items() if pids}
    expected = {"nginx", "pool"} | known.names | known.warm.keys()
    return is_live(where, known.release, known.plan["uwsgi"]) and names <= expected


def _missing(live: supervise.Live, known: State) -> tuple[Finding, ...]:
    wanted = [*sorted(known.names), *(["nginx"] if known.plan["nginx"] else [])]
    up = {program.name: program for program in live.programs}
    return tuple(
        HALF.found(
            cause=f"{name} is {up[name].state.lower() if name in up else 'not installed'}",
            evidence=[up[name].why] if name in up else [],
            fix=["portico logs --hop " + name.split("-")[0], "portico up"],
            title=f"{name.split('-')[0]} is not running",
        )
        for name in wanted
        if name not in up or not up[name].pid
    )
