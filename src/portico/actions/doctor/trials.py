"""Further requests, each made only where it tells two causes apart that look the same."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from portico.actions.doctor import visits
from portico.model.evidence import Exchange, NginxSeen, Visit
from portico.system.look import ask

#: Pages that took longer are not asked for again.
_QUICK_S = 0.5
_WEBSOCKET_PATH = re.compile(r"/(ws|wss|websockets?|socket\.io|sockjs)(/|$)")
#: The key of the example in RFC 6455, 1.3.
_HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@dataclass(frozen=True)
class First:
    """The visit under examination. `url` is where it was made; `websocket`: it was asked for as `ws:`; `by_name` is the
    exchange that failed because the name in the URL leads nowhere, where the site was then asked on this machine."""

    visit: Visit
    url: str
    websocket: bool = False
    by_name: Exchange | None = None


def first(nginx: NginxSeen, url: str, host: str, as_asked: str) -> First:
    """Ask for the URL; where its name cannot be resolved and nginx's configuration says where the site is, ask there."""
    made = visits.visit(nginx, "asked", url, host)
    here = _on_this_machine(nginx, url) if made.exchange.stage == "connect" and _has_no_address(url) else ""
    websocket = as_asked.startswith(("ws://", "wss://"))
    if not here:
        return First(made, url, websocket)
    return First(visits.visit(nginx, "asked", here, host), here, websocket, made.exchange)


def _has_no_address(url: str) -> bool:
    try:
        socket.getaddrinfo(urlsplit(url).hostname, None)
    except (OSError, UnicodeError):
        return True
    return False


def _on_this_machine(nginx: NginxSeen, url: str) -> str:
    """The same URL at an address of the configuration that has its port."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    found = next((address for address in nginx.listens if address.rpartition(":")[2] == str(port)), "")
    name = found.rpartition(":")[0]
    local = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(name, name)  # noqa: S104 -- what a configuration says
    return urlunsplit(parts._replace(netloc=f"{local}:{port}")) if found else ""


def trials(asked: First | None, host: str, allowed: tuple[str, ...]) -> Mapping[str, Exchange]:
    """By the names that `Evidence.more` explains. `allowed` are Django's ALLOWED_HOSTS without wildcards."""
    if asked is None:
        return {}
    return dict(_trials(asked, host, allowed))


def _trials(asked: First, host: str, allowed: tuple[str, ...]) -> Iterator[tuple[str, Exchange]]:
    exchange, parts = asked.visit.exchange, urlsplit(asked.url)
    if asked.by_name:
        yield "by-name", asked.by_name
    if exchange.status == 400 and allowed:
        yield "allowed-host", _again(asked.url, {"Host": allowed[0]})
    if (asked.websocket or _WEBSOCKET_PATH.match(parts.path)) and exchange.stage != "connect":
        yield "websocket", _again(asked.url, {"Host": host, **_HANDSHAKE})
    if exchange.status and (other := _other_address(parts.hostname or "")):
        port = parts.port or {"https": 443}.get(parts.scheme, 80)
        yield "ipv6", ask.http(parts.scheme, other, port, exchange.path, headers={"Host": host}, timeout_s=1.0)
    if parts.scheme == "https" and exchange.status:
        yield "verified", _again(asked.url, {"Host": host}, verify=True)
    if _compresses(asked.visit):
        wish = {"Host": host, "Accept-Encoding": "gzip"}
        yield "gzip", _again(asked.url, wish)
        yield "gzip-via", _again(asked.url, {**wish, "Via": "1.1 proxy"})


def _again(url: str, headers: Mapping[str, str], verify: bool = False) -> Exchange:
    """Waited for as long as the request under examination: another worker may take it, whose first one it is."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return ask.http(
        parts.scheme,
        parts.hostname or "",
        port,
        path,
        headers=headers,
        timeout_s=visits.PATIENCE_S,
        verify=verify,
    )


def _other_address(name: str) -> str:
    """The IPv6 address of a name that has an IPv4 one too. `localhost` is no name that visitors use."""
    if not name or name == "localhost" or ":" in name:
        return ""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ""
    both = {entry[0] for entry in found} == {socket.AF_INET, socket.AF_INET6}
    return next((str(entry[4][0]) for entry in found if entry[0] == socket.AF_INET6), "") if both else ""


def _compresses(visit: Visit) -> bool:
    """Whether nginx is told to compress, and the answer came quickly enough to be asked for twice more."""
    setting = visit.route.setting("gzip") if visit.route else None
    quick = visit.exchange.status == 200 and visit.exchange.duration_s < _QUICK_S
    return setting is not None and setting.args == ("on",) and quick
