"""What `portico trace` was asked for, and the request that is made of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from portico import __version__
from portico.actions.trace.kinds import NO_REQUEST
from portico.hops.nginx.trace_map import HEADER
from portico.model.errors import Exit, PorticoError
from portico.model.plan import Plan
from portico.model.traceparent import TraceParent, parse

_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class Asked:
    """`target` is a path (`/admin/?q=1`) or a whole URL, whose host becomes the Host header. A header with an empty value is
    left out. `reveal`: show what is masked otherwise. `timeout_s` bounds every wait."""

    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    reveal: bool = False
    timeout_s: float = 30.0


@dataclass(frozen=True)
class Request:
    """A request ready to be sent. `head` is its request line and headers as bytes; `path` has the query with it."""

    method: str
    path: str
    host: str
    url: str
    headers: tuple[tuple[str, str], ...]
    head: bytes
    body: bytes
    number: str
    parent: TraceParent
    given: TraceParent | None


def request(asked: Asked, plan: Plan, secret: str, number: str, random: bytes) -> Request:
    """The request to send. `number` names this trace (32 hexadecimal digits) and is its X-Request-ID; `secret` is the value
    of the header that has it recorded, empty for none. Raises PorticoError for what is no request."""
    host, path = host_and_path(asked.target, plan)
    headers = _headers(asked, host, secret, number, random)
    given = next((parse(value) for name, value in asked.headers if name.lower() == "traceparent"), None)
    parent = next(found for name, value in headers if name.lower() == "traceparent" and (found := parse(value)))
    chunked = any(name.lower() == "transfer-encoding" and "chunked" in value.lower() for name, value in headers)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(asked.body), asked.body) if chunked and asked.body else asked.body
    lines = [f"{asked.method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    return Request(asked.method, path, host, f"http://{host}{path}", headers, head, body, number, parent, given)


def host_and_path(target: str, plan: Plan) -> tuple[str, str]:
    """Host header and request target of a path or a URL. Raises PorticoError for what is neither."""
    host, path = named_host_and_path(target)
    return host or _default_host(plan), path


def named_host_and_path(target: str) -> tuple[str, str]:
    """The same before anything is known of the site: the host is empty where the target names none."""
    if "://" not in target:
        path = target if target.startswith("/") else f"/{target}"
        return "", _encoded(path.partition("#")[0])
    try:
        parts = urlsplit(target)
        host = parts.netloc.rpartition("@")[2]
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it is neither a path nor an http address")
    except ValueError as error:
        raise _refused(f"{target!r} cannot be asked for: {error}") from None
    return host, _encoded((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _default_host(plan: Plan) -> str:
    """A name that ALLOWED_HOSTS permits, with the port where the site listens, as a browser would send it."""
    host = plan.site.health_host
    return host if plan.listen.port == 80 or re.search(r":\d+$", host) else f"{host}:{plan.listen.port}"


def _encoded(path: str) -> str:
    return quote(path, safe=_VISIBLE, errors="surrogateescape")


def _headers(asked: Asked, host: str, secret: str, number: str, random: bytes) -> tuple[tuple[str, str], ...]:
    given = {name.lower(): value for name, value in asked.headers}
    for name, value in asked.headers:
        if not _TOKEN.fullmatch(name) or re.search(r"[\r\n\0]", value):
            raise _refused(f"{name}: {value!r} is no header")
    if not _TOKEN.fullmatch(asked.method):
        raise _refused(f"{asked.method!r} is no method")
    parent = parse(given.get("traceparent", "")) or TraceParent(number, "0" * 16)
    ours = {
        "Host": host,
        "User-Agent": f"portico/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "gzip",
        "Connection": "close",
        "X-Request-ID": number,
    }
    if (asked.body or asked.method in ("POST", "PUT", "PATCH")) and "transfer-encoding" not in given:
        ours["Content-Length"] = str(len(asked.body))
    mixed = [(name, value) for name, value in ours.items() if name.lower() not in given]
    mixed += [(name, value) for name, value in asked.headers if value and name.lower() not in _OWN]
    mixed.append(("traceparent", TraceParent(parent.trace_id, random.hex()[:16], parent.sampled).header))
    return (*mixed, *([(HEADER, secret)] if secret else []))


_OWN: Sequence[str] = ("traceparent", HEADER.lower())


def _refused(cause: str) -> PorticoError:
    fix = ["name a path of the site: portico trace /admin/", "portico trace --help"]
    return PorticoError(NO_REQUEST.found(cause=cause, evidence=[cause], fix=fix), Exit.USAGE)
