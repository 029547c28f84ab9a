"""Which answers shrink, and where smaller copies of static files lie."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

#: Text formats that shrink; `text/html` is always compressed and a second mention is a warning.
TYPES = (
    "text/css text/javascript text/plain text/xml text/markdown text/csv text/calendar text/vtt "
    "application/javascript application/json application/ld+json application/geo+json application/manifest+json "
    "application/xml application/xhtml+xml application/rss+xml application/atom+xml application/wasm "
    "application/vnd.ms-fontobject font/ttf font/otf image/svg+xml image/x-icon image/bmp"
)
#: Smaller ones only grow, or save less than their headers take (bytes).
LEAST_BYTES = 512
#: A compressed font or picture in that type has it undone by what reads it, so nginx must not have done it again.
_COMPRESSED_ALREADY = ("svgz",)
_ENTRY = re.compile(r"^\s+(\S+)\s+([^;{]+);", re.MULTILINE)


@cache
def endings() -> tuple[str, ...]:
    """The endings of file names (`css`, without a dot) that nginx gives one of these types, sorted."""
    text = resources.files("portico.hops.nginx").joinpath("templates/mime.types").read_text(encoding="utf-8")
    shrink = {"text/html", *TYPES.split()}
    found = {ending for kind, names in _ENTRY.findall(text) if kind in shrink for ending in names.split()}
    return tuple(sorted(found.difference(_COMPRESSED_ALREADY)))
