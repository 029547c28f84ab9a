"""The text of each verb's Result. JSON shows the same data in full; text shows what a person looks for first."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click

from portico.cli.value import shown
from portico.model.result import Result
from portico.model.units import human_bytes, human_seconds

Data = Mapping[str, Any]


def text(result: Result) -> str:
    """The text of a Result; empty when only its findings matter."""
    if not result.data:
        return ""
    if result.command in _OWN_MODULE:
        # Imported when they are needed, so that the others stay quick.
        return str(import_module(f"portico.cli.{result.command}_screen").text(result.data))
    screen = _SCREENS.get(result.command)
    return screen(result.data) if screen else ""


def _bold(value: str) -> str:
    return click.style(value, bold=True)


def _up(data: Data) -> str:
    if not data.get("running"):
        return ""
    command = data["command"]
    lines = [""] + [f"  {_hop_line(hop)}" for hop in data["hops"]]
    lines += [
        "",
        f"  {_way_in(data)}",
        f"  look   {command} status    {command} logs -f",
        f"  stop   {command} down",
    ]
    lines.insert(0, data["headline"])
    return "\n".join(lines)


def _way_in(data: Data) -> str:
    """Where a browser goes, or where only uWSGI runs, where an nginx elsewhere connects to."""
    if data["hops"][0]["hop"] == "uwsgi" and data["hops"][0]["public"] == "uwsgi":
        address = data["hops"][0]["sockets"][-1]
        return f'front  servers = ["{address}"]   # in portico.toml where nginx runs: portico up --role front'
    return f"open   {_bold(data['url'])}"


def _hop_line(hop: Data) -> str:
    name = f"{hop['hop']:<7}"
    if hop["hop"] == "nginx":
        static = ", ".join(hop["serves"]) or "nothing"
        return f"{name} {hop['sockets'][0]}  pid {hop['pid']}  nginx {hop['version']}; answers {static} itself"
    if hop["hop"] == "uwsgi":
        workers = hop.get("workers")
        count = f"{len(workers)} workers" if workers else "no answer from the stats socket"
        address = hop["sockets"][-1 if hop["public"] == "uwsgi" else 0]
        return f"{name} {address}  pid {hop['pid']}  {count}"
    if hop["hop"] == "wsgi":
        return f"{name} {hop['callable']}  Python {hop['python_version']} ({hop['python']})"
    return f"{name} {hop['settings']}  in {hop['directory']}"


def _status(data: Data) -> str:
    if not data["running"]:
        return f"Nothing is running for {data['project']}.\n  start  portico up"
    head = f"{_bold(data['url'] or data['project'])}  release {data['release']}"
    if data["rolled_back_from"]:
        head += f" (rolled back from {data['rolled_back_from']}; the folder's code is not what serves)"
    if data["uptime_s"] is not None:
        head += f"  up {human_seconds(data['uptime_s'])}"
    lines = [head, ""]
    for hop in data["hops"]:
        lines.append(f"  {_hop_line(hop)}")
        lines += [f"          {row}" for row in _hop_details(hop)]
    lines += [f"  asleep  {one['instance']}  pid {one['pid']}  {human_bytes(one['rss_bytes'])}" for one in data["asleep"]]
    supervisor = data["supervisor"]
    if supervisor:
        lines += ["", f"  supervisord  pid {supervisor['pid']}  {human_bytes(supervisor['rss_bytes'])}"]
    return "\n".join(lines)


def _hop_details(hop: Data) -> list[str]:
    if "pids" not in hop:
        return []
    up = f", up {human_seconds(hop['uptime_s'])}" if hop["uptime_s"] is not None else ""
    rows = [f"{hop['state']} as {hop['user']}, {len(hop['pids'])} processes, {human_bytes(hop['rss_bytes'])}{up}"]
    if hop.get("workers"):
        rows.append(
            f"{hop['busy']} busy, {hop['idle']} idle, {hop['requests']} requests, "
            f"queue {hop['listen_queue']} of {hop['backlog']}"
        )
        rows += [
            f"worker {w['id']}  pid {w['pid']}  {w['status']:<6} {w['requests']} requests  {human_bytes(w['rss_bytes'])}"
            for w in hop["workers"]
        ]
    return rows


def _releases(data: Data) -> str:
    if not data["releases"]:
        return f"No release was made yet for {data['project']}.\n  start  portico up"
    lines = []
    for row in data["releases"]:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row["live_at"] or row["created"]))
        code = f"  {row['revision'][:10]}{'+' if row['dirty'] else ''} {row['subject'] or ''}" if row["revision"] else ""
        lines.append(f"  {row['release']:>4}  {row['state']:<6}  {when}  {row['verb']:<8}{code}".rstrip())
        lines += [f"        {key}: {shown(old)} -> {shown(new)}" for key, (old, new) in row["changed"].items()]
        lines += [
            f"        {' '.join(hook['argv'])}: exit {hook['code']}, {hook['duration_s']:.1f} s" for hook in row["hooks"]
        ]
        if row["failed"]:
            lines.append(f"        {row['failed'].splitlines()[0][:160]}")
    return "\n".join(lines)


def _down(data: Data) -> str:
    if not data["stopped"]:
        return f"Nothing was running for {data['project']}."
    return f"Stopped {', '.join(data['stopped'])}."


def _check(data: Data) -> str:
    rows = [f"  {item}" for item in data["checked"]]
    return "\n".join(rows + [f"  could not tell  {entry['check']}: {entry['reason']}" for entry in data["unknown"]])


def _config(data: Data) -> str:
    if "schema" in data:
        import json

        return json.dumps(data["schema"], indent=2, ensure_ascii=False)
    rows = []
    for key, entry in data["values"].items():
        source = entry["origin"] + (f": {entry['from']}" if entry["from"] else "")
        rows.append((key, shown(entry["value"]), source))
    widths = [max((len(row[n]) for row in rows), default=0) for n in (0, 1)]
    return "\n".join(f"{key:<{widths[0]}}  {value:<{min(widths[1], 44)}}  {source}" for key, value, source in rows)


def _render(data: Data) -> str:
    told = f"uWSGI needs in its environment, which is in no file: {' '.join(data['environ'])}" if data["environ"] else ""
    if data["out"] is None:
        texts = [f"# ---- {name}\n{content}" for name, content in data["files"].items()]
        return "\n".join([*texts, *([f"# {told}"] if told else [])])
    lines = [f"  wrote {path}" for path in data["files"].values()]
    if data["install"]:
        lines += [
            "",
            "  The project's Python needs a uWSGI of its own (Portico runs it with another):",
            f"    {data['install']}",
        ]
    lines += ["", "  These run without Portico:"] + [f"    {command}" for command in data["run"]]
    return "\n".join([*lines, *(["", f"  {told}"] if told else [])])


#: Verbs whose screen is a module of its own.
_OWN_MODULE = frozenset(("adopt", "bench", "demo", "doctor", "explain", "trace", "tune"))
_SCREENS: dict[str, Callable[[Data], str]] = {
    "up": _up,
    "restart": _up,
    "reload": _up,
    "rollback": _up,
    "releases": _releases,
    "down": _down,
    "status": _status,
    "check": _check,
    "config": _config,
    "render": _render,
}
