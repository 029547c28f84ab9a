"""Differences that Portico means, each with its reason. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portico.model.proof import Ask, Difference
from portico.model.units import human_bytes

#: The same types of content under an earlier and a later name (RFC 9239, RFC 8081), as lists of types have them.
_RENAMED = (
    {"application/javascript", "text/javascript", "application/x-javascript"},
    {"application/font-woff", "font/woff", "application/x-font-woff"},
    {"application/x-font-ttf", "font/ttf"},
    {"text/xml", "application/xml"},
    {"image/x-icon", "image/vnd.microsoft.icon"},
)
#: `gzip_min_length` of the new stack.
GZIP_MIN_BYTES = 512
_UNREAD = "[uwsgi.threads] a body that the application leaves unread breaks the connection of the old uWSGI"
_GATEWAY = (0, 500, 502, 504)
_TOO_LARGE = (400, 413, 414, 431)


@dataclass(frozen=True)
class About:
    """What the new stack is set to. `static` and `media` are URL prefixes that end with a slash. `old_limit` and `new_limit`
    are the largest bodies, 0 for none. `old_packet` and `new_packet` are uWSGI's buffer-size, in bytes."""

    static: Sequence[str] = ()
    media: Sequence[str] = ()
    public: bool = False
    gzip: bool = True
    charset: str = ""
    old_limit: int = 0
    new_limit: int = 0
    old_packet: int = 4096
    new_packet: int = 32768

    def is_file(self, path: str) -> bool:
        """Whether nginx answers that path from a folder."""
        return self.public or path.startswith((*self.static, *self.media))


@dataclass(frozen=True)
class Bodies:
    """Whether both bodies are the same once they are decoded, and how long the new one then is, in bytes. `old_broke`: the
    old answer ended before its end."""

    same: bool
    new_bytes: int
    old_broke: bool = False


def meant(about: About, ask: Ask, one: Difference, old_status: int, new_status: int, bodies: Bodies) -> str:
    """Why Portico means that difference; empty when it does not."""
    if one.what in ("status", "no answer"):
        return _status(about, ask, old_status, new_status)
    if one.what == "body" and ask.body_bytes and bodies.old_broke:
        return _UNREAD
    rule = _HEADERS.get(one.what)
    why = rule(about, ask, one, bodies) if rule else ""
    if not why and ask.aim == "folder" and old_status == 404 and not ask.path.endswith("/"):
        return "neither has a file there; in the new stack the application says so"
    return why


def _status(about: About, ask: Ask, old: int, new: int) -> str:
    if ask.body_bytes and old == 413 and (about.new_limit > about.old_limit or not about.new_limit) and new != 413:
        wider = human_bytes(about.new_limit) if about.new_limit else "any size"
        return f"[nginx.client_max_body_size] the new stack takes {wider}, the old one {human_bytes(about.old_limit)}"
    if ask.body_bytes and old == 502 and 0 < new < 500 and new != 413:
        return _UNREAD
    if ask.aim == "limit" and not ask.body_bytes and old in (*_GATEWAY, *_TOO_LARGE) and 0 < new < 500:
        return _packet(about, old, new)
    if _is_hidden(ask) and old == 200 and new == 404:
        return "hidden files do not exist for the outside"
    if ask.aim == "folder" and "../" in ask.path and old == 200 and new in (400, 403, 404):
        return "the old location hands out files beside its folder; the new one does not"
    if ask.aim == "folder" and not ask.path.endswith("/") and old in (301, 403, 404) and 0 < new < 500:
        return "only what is below the folder's URL is a file; everything else is the application's"
    return ""


def _packet(about: About, old: int, new: int) -> str:
    """For a request whose head may not fit what uWSGI takes."""
    if about.new_packet > about.old_packet:
        return f"[uwsgi.buffer_size] {about.new_packet} bytes for the head of a request; {about.old_packet} in the old uWSGI"
    if old in _GATEWAY and new in _TOO_LARGE:
        return "[uwsgi.buffer_size] nginx refuses what does not fit; the old uWSGI breaks it off"
    return ""


def _is_hidden(ask: Ask) -> bool:
    return ask.aim == "file" and any(part.startswith(".") for part in ask.path.split("/"))


def _cache(about: About, ask: Ask, one: Difference, bodies: Bodies) -> str:
    if not about.is_file(ask.path):
        return ""
    if not one.old:
        return "[nginx.static_max_age] browsers may keep files for a while"
    if "immutable" in one.new and "immutable" not in one.old:
        return "a name with a hash of the content in it never changes its content: browsers may keep it for ever"
    if _max_age(one.old) and _max_age(one.old) == _max_age(one.new):
        return "[nginx.static_max_age] the same time, for caches that several people share, too"
    return ""


def _max_age(value: str) -> str:
    found = re.search(r"max-age=(\d+)", value)
    return found[1] if found else ""


def _expires(about: About, ask: Ask, one: Difference, bodies: Bodies) -> str:
    return "Cache-Control says it already" if not one.new and about.is_file(ask.path) else ""


def _request_id(about: About, ask: Ask, one: Difference, bodies: Bodies) -> str:
    return "" if one.old else "every answer carries the request's name, which is in all logs"


def _sniffing(about: About, ask: Ask, one: Difference, bodies: Bodies) -> str:
    if one.new == "nosniff" and not one.old and ask.path.startswith(tuple(about.media)):
        return "uploaded files are what their extension says"
    return ""


def _coding(about: About, ask: Ask, one: Difference, bodies: Bodies) -> str:
    if about.gzip and one.new == "gzip" and not one.old:
        return "[nginx.gzip] text is compressed"
    if about.gzip and one.old == "gzip" and not one.new and bodies.new_bytes < GZIP_MIN_BYTES:
        return f"[nginx.gzip] what is smaller than {GZIP_MIN_BYTES} bytes is sent as it is"
    return ""


def _vary(about: About, ask: Ask, one: Difference, bodies: Bodies) -> str:
    old, new = ({part for part in value.split(", ") if part} for value in (one.old, one.new))
    if about.gzip and new - old == {"accept-encoding"} and old <= new:
        return "[nginx.gzip] caches keep the compressed and the plain answer apart"
    return ""


def _validator(about: About, ask: Ask, one: Difference, bodies: Bodies) -> str:
    if not one.new and about.gzip and dict(ask.headers).get("Accept-Encoding"):
        return "[nginx.gzip] what is compressed while it is sent has no length to take a part of"
    if ask.aim == "file" and one.old and one.new and (bodies.same or ask.method == "HEAD"):
        return "it is another copy of the same file"
    return ""


def _type(about: About, ask: Ask, one: Difference, bodies: Bodies) -> str:
    (old, _, old_charset), (new, _, new_charset) = (value.partition("; charset=") for value in (one.old, one.new))
    alike = old == new or any({old, new} <= names for names in _RENAMED)
    if alike and old_charset == new_charset:
        return "the same type under its present name"
    if alike and not old_charset and new_charset == about.charset.lower():
        return "[nginx.charset] text is declared as what it is"
    return ""


_HEADERS: dict[str, Callable[[About, Ask, Difference, Bodies], str]] = {
    "cache-control": _cache,
    "expires": _expires,
    "x-request-id": _request_id,
    "x-content-type-options": _sniffing,
    "content-encoding": _coding,
    "vary": _vary,
    "etag": _validator,
    "last-modified": _validator,
    "accept-ranges": _validator,
    "content-type": _type,
}
