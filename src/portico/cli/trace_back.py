"""The way back: what each hop made of the response, and what arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from portico.cli.trace_rows import dim, hop_colour, padded, wrapped
from portico.export.trace_units import bytes_text, count_text, duration

Data = Mapping[str, Any]


def back(result: Data, width: int) -> Iterator[str]:
    """A row or a few for each hop, the innermost first, and the head of the response with who set each header."""
    hops = list(result.get("hops") or ())
    for hop in reversed(hops):
        name, out = str(hop.get("hop") or "?"), hop.get("out") or {}
        tells = _TELLS.get(name)
        said = ", ".join(filter(None, tells(out))) if tells else ""
        if said:
            yield f"{hop_colour(name, padded(name, 10), bold=True)} {said}"
        yield from _changes(out, width)
    yield from _arrives(hops)


def _django(out: Data) -> Iterator[str]:
    yield str(out.get("status") or "")
    yield _count(out)


def _wsgi(out: Data) -> Iterator[str]:
    if out.get("status"):
        yield f'start_response("{out["status"]}")'
    yield _count(out)
    chunks = list(out.get("chunks") or ())
    count = out.get("chunk_count", len(chunks))
    if chunks:
        size = bytes_text(out.get("bytes"))
        first, last = duration(chunks[0].get("at_us")), duration(chunks[-1].get("at_us"))
        when = f"from {first} to {last}" if len(chunks) > 1 else f"at {first}"
        yield f"{count_text(count, 'chunk')} of {size} {'in all ' if count > 1 else ''}{when}"
    elif out.get("file_bytes") is not None:
        yield f"a file of {bytes_text(out['file_bytes'])}, which uWSGI sends by itself"


def _uwsgi(out: Data) -> Iterator[str]:
    yield str(out.get("status") or "")
    sizes = [
        f"{what} of {bytes_text(out[key])}" for key, what in (("head_bytes", "head"), ("body_bytes", "body")) if key in out
    ]
    yield " and ".join(sizes)
    if "added" in out and not (out["added"] or out.get("removed") or _changed(out)):
        yield "headers as they came"


def _nginx(out: Data) -> Iterator[str]:
    yield str(out.get("status") or "")
    size = bytes_text(out.get("bytes"))
    yield f"{size} in all" if size else ""
    body = bytes_text(out.get("body_bytes"))
    yield f"{body} of body" if body else ""
    packed = out.get("compressed") or {}
    before, after = packed.get("from_bytes"), packed.get("to_bytes")
    if packed:
        yield f"{packed.get('encoding')}: {bytes_text(before)} -> {bytes_text(after)}{_saved(before, after)}"
    yield "chunked" if out.get("chunked") else ""


def _saved(before: Any, after: Any) -> str:
    if not before or after is None:
        return ""
    return f" ({abs(before - after) * 100 / before:.0f} % {'less' if after <= before else 'more'})"


def _client(out: Data) -> Iterator[str]:
    if out.get("error"):
        yield str(out["error"])
    yield f"{out.get('status') or ''} {out.get('reason') or ''}".strip()
    first = duration(out.get("first_byte_us"))
    yield f"first byte after {first}" if first else ""
    body = bytes_text(out.get("body_bytes"))
    yield f"body of {body}" if body else ""
    yield f"sha256 {str(out['body_sha256'])[:12]}..." if out.get("body_sha256") else ""


_TELLS = {"client": _client, "nginx": _nginx, "uwsgi": _uwsgi, "wsgi": _wsgi, "django": _django}


def _count(out: Data) -> str:
    return count_text(len(out["headers"]), "header") if out.get("headers") else ""


def _changes(out: Data, width: int) -> Iterator[str]:
    """What a hop did to the headers."""
    indent = " " * 11
    names = [f"+ {name}" for name, *_ in out.get("added") or ()] + [f"- {name}" for name, *_ in out.get("removed") or ()]
    if names:
        yield from wrapped(names, "", indent[1:], width - 4)
    for name, before, after in _changed(out):
        yield f"{indent}~ {name}: {before} -> {after}"


def _changed(out: Data) -> list[tuple[str, str, str]]:
    """The headers whose value changed; space around a value is none of it (RFC 9110, 5.5)."""
    rows = [(str(name), str(before), str(after)) for name, before, after in out.get("changed") or ()]
    return [row for row in rows if row[1].strip() != row[2].strip()]


def _arrives(hops: list[Data]) -> Iterator[str]:
    """The head as the client gets it."""
    outer = next(iter(hops), {})
    out = outer.get("out") or {}
    if outer.get("hop") != "client" or not out.get("headers"):
        return
    set_by = _set_by(hops)
    yield ""
    yield f"HTTP/1.1 {out.get('status') or ''} {out.get('reason') or ''}".rstrip()
    for name, value in out["headers"]:
        key = str(name).lower()
        by = set_by.get((key, str(value).strip())) or set_by.get((key, ""))
        yield (dim(padded(f"<- {by}", 28)) if by else " " * 28) + f"{name}: {value}"


def _set_by(hops: list[Data]) -> dict[tuple[str, str], str]:
    """Who set a header: by its name in lower case and its value, and with an empty value for one whose value nobody knew.
    The last hop counts; where no middleware did, it was the view."""
    found: dict[tuple[str, str], str] = {}

    def said(by: str, pairs: Iterable[Sequence[Any]]) -> None:
        for name, value in pairs:
            found[str(name).lower(), str(value).strip()] = found[str(name).lower(), ""] = by

    for hop in reversed(hops):
        out, name = hop.get("out") or {}, str(hop.get("hop") or "?")
        for one in reversed(list(hop.get("middleware") or ())):
            said(str(one.get("name") or "?").rpartition(".")[2], one.get("adds_headers") or ())
        if name in ("django", "wsgi"):
            own = "the view" if name == "django" else "the application"
            said(own, [pair for pair in out.get("headers") or () if (str(pair[0]).lower(), "") not in found])
        said(name, out.get("added") or ())
        said(name, ((header, after) for header, _, after in _changed(out)))
    return found
