"""Where two answers to the same request differ, once all is left aside that differs from one answer to the next. Pure."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from portico.actions.adopt.proof.bodies import differing
from portico.actions.adopt.proof.meant import About, Bodies, meant
from portico.model.proof import EMPTY, SECRET_HEADERS, Answer, Ask, Compared, Difference, masked

#: Of the connection, the moment or the framing: nothing that an answer says.
_PASSING = (
    *("date", "server", "connection", "keep-alive", "transfer-encoding", "content-length", "trailer", "age", "alt-svc"),
    *("x-runtime", "server-timing", "proxy-connection", "upgrade"),
)
#: Who made a page of nginx's own, and its version.
_NGINX = re.compile(rb"<center>(nginx|openresty)(/[\w.]+)?( \([^)<]*\))?</center>")
#: The host of a relative redirect where the request named none.
_NO_HOST = "no-host.invalid"


@dataclass(frozen=True)
class Ports:
    """The ports where one side answers, and what clients of the old site would see in their place (empty: no port, which is
    the usual one of the scheme). `own` is what they see of the site's own port, to which what is relative leads."""

    shown: Mapping[int, str] = field(default_factory=dict)
    own: str = ""

    def told(self, text: bytes) -> bytes:
        for port, shown in self.shown.items():
            text = re.sub(rb":%d(?![0-9])" % port, shown.encode(), text)
        return text


@dataclass(frozen=True)
class Plain:
    """An answer without what passes: header names to their values, the body decoded."""

    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes
    error: str


def plain(answer: Answer, ports: Ports, ask: Ask, scheme: str = "http") -> Plain:
    """The answer as it is compared."""
    headers: dict[str, tuple[str, ...]] = {}
    port = "" if ask.port in (80, 443) else f":{ask.port}" if ask.port else ports.own
    base = f"{scheme}://{ask.host or _NO_HOST}{port}{ask.path}"
    for name, value in answer.headers:
        if name not in _PASSING:
            told = ports.told(value.encode("latin-1", "replace")).decode("latin-1")
            headers[name] = (*headers.get(name, ()), _header(name, told, base))
    body = ports.told(_NGINX.sub(b"<center>nginx</center>", decoded(answer)))
    return Plain(answer.status, {name: tuple(sorted(values)) for name, values in headers.items()}, body, answer.error)


def decoded(answer: Answer) -> bytes:
    """The body without its content coding, as far as it can be undone."""
    coding = answer.header("content-encoding").lower()
    try:
        if coding == "gzip":
            return gzip.decompress(answer.body)
        if coding == "deflate":
            return zlib.decompress(answer.body)
    except (OSError, EOFError, zlib.error):
        pass
    return answer.body


def _header(name: str, value: str, base: str) -> str:
    if name == "location":
        return urljoin(base, value)
    if name == "set-cookie":
        first, *rest = (part.strip() for part in value.split(";"))
        kept = sorted("expires=…" if part.lower().startswith("expires=") else part.lower() for part in rest)
        return "; ".join([f"{first.partition('=')[0]}=…", *kept])
    if name == "etag":
        return value.removeprefix("W/")
    if name in ("vary", "allow"):
        return ", ".join(sorted({part.strip().lower() for part in value.split(",")}))
    if name == "content-type":
        return re.sub(r"\s*;\s*", "; ", value.strip().lower())
    return value.strip()


def compared(
    ask: Ask,
    old: Sequence[Answer],
    new: Sequence[Answer],
    about: About,
    old_ports: Ports,
    new_ports: Ports,
    scheme: str,
    clean: Callable[[str], str] = str,
) -> Compared:
    """All answers of both sides to one request, the first of each as the one that is shown; where both have at times given
    the same status, those. `clean` takes known secrets out of what is shown of a body."""
    old, new = _alike_first(old, new)
    before = [plain(answer, old_ports, ask, scheme) for answer in old]
    after = [plain(answer, new_ports, ask, scheme) for answer in new]
    before, after = _led(before, after[0]), _led(after, before[0])
    found = _differences(ask, before, after, clean)
    judged = tuple(_judged(ask, one, before[0], after[0], about) for one in found)
    return Compared(ask, old[0], new[0], judged)


def _alike_first(old: Sequence[Answer], new: Sequence[Answer]) -> tuple[list[Answer], list[Answer]]:
    """An answer may be lost when a server hangs up on a request that it has not read to its end."""
    common = {one.status for one in old} & {one.status for one in new} or {old[0].status, new[0].status}
    status = next((one.status for one in old if one.status in common), 0)
    before, after = (sorted(side, key=lambda one: one.status != status) for side in (old, new))
    return (before, after) if after[0].status == status else (list(old), list(new))


def _led(side: Sequence[Plain], other: Plain) -> list[Plain]:
    """The answers with relative redirects where the request named no host: they lead to where the other side names one, if
    it does."""
    there = urlsplit(next(iter(other.headers.get("location", ())), ""))

    def led(value: str) -> str:
        parts = urlsplit(value)
        if parts.hostname != _NO_HOST:
            return value
        known = there.netloc if there.scheme == parts.scheme and there.hostname != _NO_HOST else ""
        return parts._replace(netloc=known or parts.netloc.replace(_NO_HOST, "localhost")).geturl()

    return [
        replace(one, headers={**one.headers, "location": tuple(map(led, one.headers["location"]))})
        if "location" in one.headers
        else one
        for one in side
    ]


def _differences(ask: Ask, old: Sequence[Plain], new: Sequence[Plain], clean: Callable[[str], str]) -> list[Difference]:
    if old[0].status != new[0].status:
        return [Difference("status", _status(old[0]), _status(new[0]))]
    old = [one for one in old if one.status == old[0].status]
    new = [one for one in new if one.status == new[0].status]
    if not old[0].status:
        return [] if old[0].error == new[0].error else [Difference("no answer", old[0].error, new[0].error)]
    found = _headers(old, new)
    body = differing([one.body for one in old], [one.body for one in new], clean) if ask.method != "HEAD" else None
    return [*found, body] if body else found


def _status(answer: Plain) -> str:
    if not answer.status:
        return answer.error or "no answer"
    location = answer.headers.get("location", ("",))[0]
    return f"{answer.status} to {location}" if location else str(answer.status)


def _headers(old: Sequence[Plain], new: Sequence[Plain]) -> list[Difference]:
    found = []
    for name in sorted({name for one in (old[0], new[0]) for name in one.headers}):
        before, after = old[0].headers.get(name), new[0].headers.get(name)
        if before == after:
            continue
        varies = any(len({one.headers.get(name) for one in side}) > 1 for side in (old, new))
        if varies and before is not None and after is not None:
            continue
        found.append(Difference(name, _shown(name, before), _shown(name, after)))
    return found


def _shown(name: str, values: tuple[str, ...] | None) -> str:
    """Empty where there is no such header."""
    told = ", ".join(masked(value) if name in SECRET_HEADERS else value for value in values or ())
    return told or ("" if values is None else EMPTY)


def _judged(ask: Ask, one: Difference, old: Plain, new: Plain, about: About) -> Difference:
    if one.intended:
        return one
    why = meant(about, ask, one, old.status, new.status, Bodies(old.body == new.body, len(new.body), bool(old.error)))
    if not why and one.what == "status" and new.status and new.status < 500 <= old.status:
        return replace(one, why="the old pair itself fails at this")
    return replace(one, intended=bool(why), why=why)
