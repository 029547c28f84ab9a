"""The text of `portico doctor`: the request, what was seen at each hop, what could not be seen. Findings follow it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Data = Mapping[str, Any]


def text(data: Data) -> str:
    """The walk, top down as a request goes."""
    lines = [visit["line"] for visit in data["visits"]] or [
        "No request could be made: nothing says where the site should be."
    ]
    lines.append("")
    lines += [f"  {hop['hop']:<7} {_ROWS[hop['hop']](hop)}" for hop in data["hops"]]
    lines += [f"  {'fix':<7} {one['outcome']}: {one['says']}{_why(one)}" for one in data.get("fixes", ())]
    lines += [f"  {'?':<7} {one['reason']}" for one in data["unknown"]]
    if data["healthy"] and not data["errors"]:
        lines += ["", "Nothing is wrong with what was asked for." if data["visits"] else "Nothing wrong was found."]
    return "\n".join(lines)


def _why(attempt: Data) -> str:
    return f" ({attempt['why']})" if attempt["why"] else ""


def _nginx(hop: Data) -> str:
    state = {True: "", False: "not running; ", None: "its processes are hidden from this account; "}[hop["running"]]
    accepted = {True: "accepted by nginx -t", False: "refused by nginx -t", None: "not tested"}[hop["accepted"]]
    way = f"{hop['location']} → {hop['to']}" if hop["location"] and hop["to"] else hop["location"] or hop["configuration"]
    return f"{state}{way}; {accepted}"


def _uwsgi(hop: Data) -> str:
    log = f"; log {hop['log']}" if hop["log"] else ""
    return f"{hop['address']}: {hop['answer'] or 'not asked'}{log}"


def _wsgi(hop: Data) -> str:
    loads = {True: "loads", False: "does not load", None: "could not be tried"}[hop["loads"]]
    return f"{hop['callable']} {loads}" + (f" and answers {hop['status']}" if hop["status"] else "")


def _django(hop: Data) -> str:
    return f"{hop['settings']}, DEBUG {'on' if hop['debug'] else 'off'}"


_ROWS = {"nginx": _nginx, "uwsgi": _uwsgi, "wsgi": _wsgi, "django": _django}
