"""Where uWSGI is reached: by nginx, by browsers, by who watches it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from portico.hops.uwsgi import options as meaning
from portico.hops.uwsgi.adopt.context import Context, Rule, line_of
from portico.hops.uwsgi.adopt.fates import differs, key, left, same
from portico.model.adoption import Carried
from portico.model.directive import Option

_OWN = "Portico makes the socket in its runtime directory and tells nginx; no other program may rely on this path"
_NAMES = ("socket", "uwsgi-socket")
_FRONT = 'nginx answers browsers and limits them; `front = "none"` serves without nginx'


def _is_unix(option: Option) -> bool:
    return meaning.address(option.value).startswith("unix:") and "://" not in option.value


def _socket(option: Option, context: Context) -> Sequence[Carried]:
    if not option.value:
        return (left(option, "it names no address"),)
    if "://" in option.value:
        return (
            left(option, "a socket that another program opens and passes on (systemd, an emperor): Portico opens its own"),
        )
    if context.value("protocol") not in ("", "uwsgi"):
        return (left(option, "it speaks another protocol than nginx's uwsgi_pass; Portico's own socket speaks uwsgi"),)
    if _is_unix(option):
        return (same(option) if context.beside(option.value) else differs(option, _OWN),)
    return (_tcp(option, context),)


@lru_cache(maxsize=1)
def _main(context: Context) -> Option | None:
    """The socket that nginx is for: a unix socket, else the first."""
    given = [one for name in _NAMES for one in context.named.get(name, ()) if one.value and "://" not in one.value]
    return next((one for one in given if _is_unix(one)), given[0] if given else None)


def _tcp(option: Option, context: Context) -> Carried:
    """One TCP address can be the site's own."""
    first = _main(context) or option
    if first is not option and not (context.ours and _is_unix(first)):
        why = f"a second way in beside `socket` ({line_of(first, option)}): `[uwsgi] address` names one, for nginx"
        return left(option, why)
    host, _, port = meaning.address(option.value).rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        return left(option, "its port is no number from 1 to 65535")
    plain = host.strip("[]")
    if host == "localhost":
        return key(option, "uwsgi.address", f"127.0.0.1:{port}")
    try:
        network = ipaddress.ip_address(plain)
    except ValueError:
        return left(option, 'Portico takes an address, no name: `[uwsgi] address = "127.0.0.1:9090"`')
    if network.is_unspecified:
        why = "it is open on every network; nginx is on this machine, so Portico listens on loopback only"
        return key(option, "uwsgi.address", f"{'[::1]' if network.version == 6 else '127.0.0.1'}:{port}", why)
    return key(option, "uwsgi.address", f"{host}:{port}")


def _protocol(option: Option, context: Context) -> Sequence[Carried]:
    if option.value in ("", "uwsgi"):
        return (same(option, "it is what nginx's uwsgi_pass speaks"),)
    return (differs(option, "nginx and uWSGI speak the uwsgi protocol"),)


def _http(option: Option, context: Context) -> Sequence[Carried]:
    if context.ours and option.name == "http":
        return key(option, "front", "none"), key(option, "listen", meaning.address(option.value))
    return (differs(option, _FRONT),)


def _stats(option: Option, context: Context) -> Sequence[Carried]:
    if context.beside(option.value):
        return (same(option),)
    return (differs(option, "Portico has the stats server at a private socket of its own: `portico status` shows it"),)


def _master_fifo(option: Option, context: Context) -> Sequence[Carried]:
    if context.beside(option.value):
        return (same(option),)
    return (differs(option, "Portico has a command pipe of its own: `portico reload`, `portico down`"),)


def _chown_socket(option: Option, context: Context) -> Sequence[Carried]:
    if context.ours:
        return (same(option),)
    why = "Portico gives its socket to the application's account (`user`) and the group of nginx's workers (`nginx.user`)"
    return (differs(option, why),)


RULES: dict[str, Rule] = {
    "socket": _socket,
    "uwsgi-socket": _socket,
    "protocol": _protocol,
    "http": _http,
    "http-socket": _http,
    "http11-socket": _http,
    "stats": _stats,
    "master-fifo": _master_fifo,
    "chown-socket": _chown_socket,
}
