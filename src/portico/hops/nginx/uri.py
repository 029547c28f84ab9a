"""The path of a request as nginx understands it: decoded, with `//`, `/./` and `/../` resolved."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


def split(target: str) -> tuple[str, str]:
    """Path and query of what stands in the request line, without a fragment."""
    path, _, query = target.partition("#")[0].partition("?")
    return (path if path.startswith("/") else f"/{path}"), query


def normalise(path: str, merge_slashes: bool = True) -> str | None:
    """The normalised path (`$uri`), as `ngx_http_parse_complex_uri` makes it: escapes first, so that `%2F` separates and
    `%3F` does not. None where nginx answers 400: a bad escape, a NUL, more `..` than folders.

    Bytes that are not UTF-8 become surrogates, as in `os.fsdecode`.
    """
    if "%" in _ESCAPE.sub("", path) or "\0" in path:
        return None
    raw = path.encode("utf-8", "surrogateescape")
    decoded = re.sub(rb"%([0-9A-Fa-f]{2})", lambda pair: bytes([int(pair[1], 16)]), raw)
    if b"\0" in decoded:
        return None
    return _resolve(decoded.decode("utf-8", "surrogateescape"), merge_slashes)


def _resolve(path: str, merge_slashes: bool) -> str | None:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment == "..":
            if not kept:
                return None
            kept.pop()
        elif segment != "." and (segment or last or not merge_slashes):
            kept.append(segment)
            continue
        if last and segment in (".", ".."):
            kept.append("")
    return "/" + "/".join(kept)
