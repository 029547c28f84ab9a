"""Where the application listens: the servers of its upstream, or the address of its pass."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from portico.hops.nginx.adopt import fates, values
from portico.hops.nginx.adopt.site import Site, target_of
from portico.model.adoption import Carried
from portico.model.directive import Directive

_BALANCE = re.compile(r"least_conn|ip_hash|random|hash \$[a-z_]+( consistent)?")
_WORD = re.compile(r"(weight|max_fails)=\d+|fail_timeout=(\d+\w*)|backup|down")
_OWN_SOCKET = "Portico's uWSGI listens on a socket of its own; uwsgi.address takes a TCP address instead"
_PORT = 'Portico\'s uWSGI listens on a unix socket of its own; `[uwsgi] address = "{}"` is a port again'
_NO_HTTP = "Portico speaks the uwsgi protocol to uWSGI, which needs no HTTP server for that"
_HTTP_ELSEWHERE = (
    "an application on another machine, asked over HTTP: Portico passes requests on in the uwsgi protocol only. Run "
    "`portico up --role app` there and name it in `servers`, or keep the pass in a location of nginx.extra_server"
)
_EQUAL = "Portico's instances on one machine are equal: this one is asked like the others, not only when they failed"
_DOWN = "it is marked as down, so no instance of Portico stands for it"
_CONTAINER = "the name of a container: here nginx and uWSGI are on one machine, and `servers` names those on others"


class _Pool:
    """The addresses of an upstream block, each once; which line names one first, and which are only in reserve."""

    def __init__(self, upstream: Directive) -> None:
        lines = [entry for entry in upstream.all("server") if entry.args]
        self.first: dict[str, Directive] = {}
        for entry in lines:
            self.first.setdefault(_plain(entry.args[0]), entry)
        self.asked = frozenset(_plain(entry.args[0]) for entry in lines if "backup" not in entry.args)
        self.local = tuple(address for address in self.first if not _is_remote(address))
        #: Those of this machine that are there to be asked, now or in reserve.
        self.up = tuple(address for address in self.local if "down" not in self.first[address].args)


def pool(upstream: Directive, site: Site) -> Iterator[Carried]:
    """The upstream block, with all within."""
    yield fates.same(upstream, "" if upstream.args == ("portico_app",) else "Portico's own is called portico_app")
    found = _Pool(upstream)
    for entry in upstream.block or ():
        if entry.name == "server" and entry.args:
            yield from _server(entry, found, site)
        else:
            yield from _setting(entry, found, site)


def straight(directive: Directive, site: Site) -> Iterator[Carried]:
    """A pass to an address without an upstream block."""
    address = target_of(directive)
    if directive.name == "proxy_pass":
        yield fates.left(directive, _HTTP_ELSEWHERE) if _is_remote(address) else fates.differs(directive, _NO_HTTP)
    elif "$" in address:
        yield fates.differs(directive, "Portico passes to its own upstream, whatever the request says")
    elif address.startswith("unix:"):
        yield fates.differs(directive, _OWN_SOCKET)
    elif _is_remote(address):
        yield from _remote(directive, address, ())
        yield fates.key(directive, "role", "front", "the application is on another machine only")
    elif _is_loopback(address) and site.is_rendered:
        yield fates.key(directive, "uwsgi.address", _plain(address))
    else:
        yield fates.differs(directive, _instead_of(address))


def _server(entry: Directive, pool: _Pool, site: Site) -> Iterator[Carried]:
    address = _plain(entry.args[0])
    if site.speaks_http:
        yield from _over_http(entry, pool, site)
    elif _is_remote(address):
        yield from _elsewhere(entry, pool, site)
    else:
        yield from _here(entry, pool, site)


def _over_http(entry: Directive, pool: _Pool, site: Site) -> Iterator[Carried]:
    address = _plain(entry.args[0])
    if _is_remote(address):
        yield fates.left(entry, _HTTP_ELSEWHERE)
    elif entry is not pool.first[address]:
        yield _reserve(entry, site)
    else:
        yield from _counted(entry, pool)
        yield fates.differs(entry, _NO_HTTP)
        yield from _unequal(entry, pool)


def _elsewhere(entry: Directive, pool: _Pool, site: Site) -> Iterator[Carried]:
    if "backup" in entry.args and _plain(entry.args[0]) in pool.asked:
        yield _reserve(entry, site)
        return
    yield from _remote(entry, _plain(entry.args[0]), entry.args[1:])
    if not pool.local:
        yield fates.key(entry, "role", "front", "the application is on other machines only")


def _remote(directive: Directive, address: str, words: tuple[str, ...]) -> Iterator[Carried]:
    known = [_in_seconds(word) for word in words if _WORD.fullmatch(word)]
    others = [word for word in words if not _WORD.fullmatch(word)]
    yield fates.key(directive, "servers", (" ".join((address, *known)),), "it runs portico up --role app")
    if others:
        yield fates.differs(directive, f"Portico's servers have no {', '.join(others)}")


def _in_seconds(word: str) -> str:
    name, _, time = word.partition("=")
    whole = values.seconds(time) if name == "fail_timeout" else None
    return word if whole is None else f"{name}={whole}s"


def _here(entry: Directive, pool: _Pool, site: Site) -> Iterator[Carried]:
    local = pool.local
    address = _plain(entry.args[0])
    if entry is not pool.first[address] or (site.is_rendered and "backup" in entry.args):
        yield _reserve(entry, site)
        return
    kept = len(local) == 1 and _is_loopback(address) and site.is_rendered
    if kept:
        yield fates.key(entry, "uwsgi.address", address)
    yield from _counted(entry, pool)
    if site.stands.among(entry, site.stands.at("upstream", "server")):
        yield fates.same(entry)
    elif not kept:
        yield fates.differs(entry, _instead_of(address) if len(local) == 1 else _OWN_SOCKET)
    yield from _unequal(entry, pool)


def _counted(entry: Directive, pool: _Pool) -> Iterator[Carried]:
    if len(pool.up) > 1 and entry is pool.first[pool.up[0]]:
        yield fates.key(entry, "instances", len(pool.up), "each has a socket of its own")
    if len(pool.first) > 1:
        yield from _patience(entry)


def _unequal(entry: Directive, pool: _Pool) -> Iterator[Carried]:
    weight = next((word for word in entry.args if word.startswith("weight=") and word != "weight=1"), "")
    if "down" in entry.args:
        yield fates.differs(entry, _DOWN)
    elif "backup" in entry.args and len(pool.first) > 1:
        yield fates.differs(entry, _EQUAL)
    elif weight and len(pool.first) > 1:
        yield fates.differs(entry, f"Portico's instances on one machine are equal: no {weight}")


def _instead_of(address: str) -> str:
    """Why nginx does not connect to that address of this machine: the old uWSGI may still listen there."""
    if address.startswith("unix:"):
        return _OWN_SOCKET
    return _PORT.format(_plain(address)) if _is_this_machine(address) else _CONTAINER


def _reserve(entry: Directive, site: Site) -> Carried:
    if site.stands.among(entry, site.stands.at("upstream", "server")):
        return fates.same(entry)
    return fates.differs(entry, "Portico itself asks all servers again when every one of them failed")


def _patience(entry: Directive) -> Iterator[Carried]:
    for word in entry.args[1:]:
        name, _, text = word.partition("=")
        value = int(text) if name == "max_fails" and text.isdigit() else None
        value = values.seconds(text) if name == "fail_timeout" else value
        if value is not None:
            yield fates.key(entry, f"upstream.{name}", value)


def _setting(entry: Directive, pool: _Pool, site: Site) -> Iterator[Carried]:
    if _BALANCE.fullmatch(entry.text) and len(pool.first) > 1:
        yield fates.key(entry, "upstream.balance", entry.text)
    elif _BALANCE.fullmatch(entry.text):
        yield fates.same(entry, "without effect: there is one server only")
    elif site.stands.has("upstream", entry):
        yield from fates.whole(fates.same(entry), entry)
    elif entry.name == "zone":
        yield fates.same(entry, "Portico's upstream has one where there are several servers")
    elif entry.name.startswith("keepalive"):
        yield fates.differs(entry, "uWSGI ends each connection with its answer, so there is none to keep")
    else:
        yield from fates.whole(fates.differs(entry, "Portico's upstream has no such line"), entry)


def _plain(address: str) -> str:
    if address.startswith("unix:"):
        return "unix:/" + address.removeprefix("unix:").lstrip("/")
    return re.sub(r"^localhost(?=:)", "127.0.0.1", address)


def _host(address: str) -> str:
    host = address.rpartition(":")[0] if re.search(r":\d+$", address) else address
    return host.strip("[]")


def _is_loopback(address: str) -> bool:
    try:
        return bool(re.search(r":\d+$", address)) and ipaddress.ip_address(_host(_plain(address))).is_loopback
    except ValueError:
        return False


def _is_this_machine(address: str) -> bool:
    """Loopback, or the wildcard, which leads to it (`connect` in ip(7))."""
    host = _host(address)
    return _is_loopback(address) or host in ("0.0.0.0", "::")  # noqa: S104


def _is_remote(address: str) -> bool:
    """Another machine: an address that is not this one's, or a name with a dot; one without is a container's."""
    if address.startswith("unix:") or "$" in address or not re.search(r":\d+$", address):
        return False
    try:
        host = ipaddress.ip_address(_host(address))
        return not host.is_loopback and not host.is_unspecified
    except ValueError:
        return "." in _host(address)
