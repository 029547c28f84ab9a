"""The way of a traced request as a drawing: who stands where, and what passes between neighbours. Pure.

Coordinates are in units of the drawing's own `width` and `height`; one unit is one CSS pixel at full size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from portico.export.trace_units import bytes_text, count_text, duration

#: Letters of a fixed-width font of 10.5 units that fit a box and the room between two boxes.
_BOX_LETTERS = 17
_FILE_LETTERS = 16
_TITLES = {"client": "Client", "nginx": "nginx", "uwsgi": "uWSGI", "wsgi": "WSGI", "django": "Django"}
ORDER = tuple(_TITLES)


@dataclass(frozen=True)
class Station:
    """One box. `state` is reached, died or dim; `lines` say which process; `own` is the time it took itself; `seen` says
    whether the trace has a record of the hop."""

    hop: str
    title: str
    subtitle: str
    lines: tuple[str, ...]
    own: str
    share: float
    state: str
    seen: bool


@dataclass(frozen=True)
class Passage:
    """What goes from one box to the next (`ask`) and comes back (`answer`): a format's name, then data. Empty: nothing.

    `state` is through, broken (it got lost here), turned (the answer is made on this side) or dim.
    """

    ask: tuple[str, ...]
    answer: tuple[str, ...]
    state: str
    file: str = ""
    file_note: str = ""


@dataclass(frozen=True)
class Flow:
    """The boxes from left to right, and the passages between them: one fewer."""

    stations: tuple[Station, ...]
    passages: tuple[Passage, ...]
    says: str


def flow(result: Mapping[str, Any]) -> Flow:
    """The drawing of a trace. Hops that were not reached are there, dim; a hop that this stack does not have is not."""
    hops = {str(hop.get("hop")): hop for hop in result.get("hops") or ()}
    names = [name for name in ORDER if _belongs(name, hops, result)]
    died = result.get("died_at")
    own = _own_times(hops)
    stations = tuple(_seen(name, hops[name], own, died) if name in hops else _unseen(name, hops, result) for name in names)
    passages = tuple(_passage(here, there, hops, died) for here, there in pairwise(names))
    return Flow(stations, passages, _sentence(stations))


def _belongs(name: str, hops: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    if name in hops or name == "client" or name == result.get("died_at"):
        return True
    if name == "nginx":
        return "uwsgi" not in hops
    return not (name == "django" and "wsgi" in hops and result.get("kind") != "logs")


def _own_times(hops: Mapping[str, Any]) -> dict[str, int]:
    """Microseconds each hop took without the hop it contains."""
    there = [(name, hops[name].get("duration_us")) for name in ORDER if name in hops]
    known = [(name, int(time)) for name, time in there if isinstance(time, int)]
    inner = [*(time for _, time in known), 0][1:]
    return {name: max(0, time - within) for (name, time), within in zip(known, inner, strict=True)}


def _unseen(name: str, hops: Mapping[str, Any], result: Mapping[str, Any]) -> Station:
    """A hop that the trace has no record of: it may have been reached only where a log does not tell of it."""
    if name == result.get("died_at"):
        return Station(name, _TITLES[name], "died here", (), "", 0, "died", False)
    perhaps = result.get("kind") == "logs" and (name in ("client", "nginx") or _was_sent_on(hops))
    return Station(name, _TITLES[name], "not in the logs" if perhaps else "not reached", (), "", 0, "dim", False)


def _seen(name: str, hop: Mapping[str, Any], own: Mapping[str, int], died: object) -> Station:
    total = sum(own.values())
    return Station(
        hop=name,
        title=_TITLES[name],
        subtitle=_subtitle(name, hop),
        lines=tuple(_clip_left(line, _BOX_LETTERS) for line in _lines(name, hop) if line),
        own=duration(own[name]) if name in own and total else "",
        share=round(own.get(name, 0) / total, 4) if total else 0,
        state="died" if name == died else "reached",
        seen=True,
    )


def _subtitle(name: str, hop: Mapping[str, Any]) -> str:
    if name == "wsgi":
        return f"Python {hop['python']}" if hop.get("python") else ""
    return "who asks" if name == "client" else str(hop.get("version") or "")


def _lines(name: str, hop: Mapping[str, Any]) -> tuple[str, ...]:
    if name == "nginx":
        match = str((hop.get("location") or {}).get("match") or "")
        named = f"location {match}"
        return (str(hop.get("address") or ""), named if match and len(named) <= _BOX_LETTERS else match)
    if name == "uwsgi":
        worker = f"worker {hop['worker']}" if hop.get("worker") is not None else ""
        process = f"pid {hop['pid']}" if hop.get("pid") is not None else ""
        return (str(hop.get("instance") or ""), worker, process)
    if name == "wsgi":
        return (str(hop.get("callable") or ""),)
    if name == "django":
        route, queries = hop.get("match") or {}, hop.get("sql") or ()
        view = str((hop.get("view") or {}).get("name") or route.get("view") or "")
        return (view, count_text(len(queries), "query", "queries") if queries else "")
    return (str((hop.get("in") or {}).get("method") or ""),)


def _passage(here: str, there: str, hops: Mapping[str, Any], died: object) -> Passage:
    if there in hops and (here in hops or here == "client"):
        return Passage(_ask(here, there, hops), _answer(here, there, hops), "through")
    if here not in hops:
        return Passage((), (), "dim")
    if died == there or (died == here and here == "nginx" and there == "uwsgi" and _was_sent_on(hops)):
        return Passage(_FORMATS.get((here, there), ()), (), "broken")
    if here == "nginx" and "uwsgi" not in hops and not _was_sent_on(hops):
        return _turned(hops["nginx"])
    return Passage((), (), "dim")


def _was_sent_on(hops: Mapping[str, Any]) -> bool:
    return (hops.get("nginx") or {}).get("action") in ("uwsgi", "unknown", None)


def _turned(nginx: Mapping[str, Any]) -> Passage:
    static = nginx.get("static") or {}
    if not static:
        return Passage((), ("answered by nginx",), "turned")
    name = PurePosixPath(str(static.get("file") or "")).name
    size = bytes_text(static.get("bytes")) if static.get("exists") else "no such file"
    return Passage((), (), "turned", file=_clip_left(name, _FILE_LETTERS), file_note=size)


_FORMATS = {("nginx", "uwsgi"): ("uwsgi packet",), ("uwsgi", "wsgi"): ("environ",), ("wsgi", "django"): ("HttpRequest",)}


def _ask(here: str, there: str, hops: Mapping[str, Any]) -> tuple[str, ...]:
    came = hops[there].get("in") or {}
    if here == "client":
        asked = (hops.get(here) or {}).get("in") or {}
        line = str(came.get("request_line") or f"{asked.get('method') or ''} {asked.get('url') or ''}")
        headers = came.get("headers") or asked.get("headers") or ()
        size = bytes_text(came.get("bytes")) if there == "nginx" else ""
        return _said(line.rsplit(" ", 1)[-1] if "HTTP/" in line else "HTTP", _request(line), size or _headers(headers))
    if there == "uwsgi":
        variables = hops[there].get("vars") or ()
        body = came.get("body_bytes")
        return _said(
            "uwsgi packet",
            bytes_text(came.get("size")),
            count_text(len(variables), "variable") if variables else "",
            f"+ {bytes_text(body)} body" if body else "",
        )
    if there == "wsgi":
        environ = came.get("environ") or ()
        return _said("environ", count_text(len(environ), "key") if environ else "", "start_response")
    return _said("HttpRequest", f"{came.get('method') or ''} {came.get('path') or ''}".strip())


def _request(line: str) -> str:
    return line.rsplit(" ", 1)[0] if " HTTP/" in line else line


def _answer(here: str, there: str, hops: Mapping[str, Any]) -> tuple[str, ...]:
    gave = hops[there].get("out") or {}
    got = (hops.get(here) or {}).get("out") or {}
    if not gave.get("status"):
        return ()
    status = str(gave["status"])
    if here == "client":
        compressed = gave.get("compressed") or {}
        return _said(
            f"{status[:3]} {got.get('reason') or status[4:]}".strip(),
            bytes_text(gave.get("bytes", got.get("body_bytes"))),
            str(compressed.get("encoding") or ""),
        )
    if there == "uwsgi":
        sizes = [gave[key] for key in ("head_bytes", "body_bytes") if isinstance(gave.get(key), int)]
        return _said(status, bytes_text(sum(sizes)) if sizes else "")
    if there == "wsgi":
        chunks = gave.get("chunk_count")
        return _said(status, bytes_text(gave.get("bytes")), count_text(chunks, "chunk") if chunks is not None else "")
    return _said("HttpResponse", status, _headers(gave.get("headers") or ()))


def _headers(headers: Any) -> str:
    return count_text(len(headers), "header") if headers else ""


def _said(*words: str) -> tuple[str, ...]:
    return tuple(word for word in words if word)


def _clip_left(text: str, letters: int) -> str:
    """The end of a path or a dotted name says more than its beginning."""
    return text if len(text) <= letters else "…" + text[1 - letters :]


def _sentence(stations: tuple[Station, ...]) -> str:
    """The drawing in words, for those who do not see it."""
    reached = " to ".join(station.title for station in stations if station.state != "dim")
    beyond = ", ".join(station.title for station in stations if station.state == "dim")
    return f"The request went from {reached}, and the answer back." + (f" Not reached: {beyond}." if beyond else "")
