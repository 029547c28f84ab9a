"""Servers beside the site's: those that send its visitors on, and other sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.addresses import address
from portico.hops.nginx.adopt.levels import raw
from portico.hops.nginx.adopt.site import Site, names_of
from portico.hops.nginx.adopt.strangers import stranger_rule
from portico.hops.nginx.listens import PASSES
from portico.model.adoption import Carried
from portico.model.directive import Directive

_ANY = "at its address Portico's server answers every Host that no other server is called; ALLOWED_HOSTS refuses them"


def other_server(server: Directive, site: Site) -> Iterator[Carried]:
    """The block and all within."""
    if not site.keeps(server):
        yield from fates.whole(fates.left(server, _other_site(server)), server)
        return
    shared = _shared(server, site)
    if shared and not names_of(server):
        own = tuple(server.all("listen"))
        if all(any(entry is one for one in shared) for entry in own):
            if rule := stranger_rule(server, site):
                yield from rule
                return
            yield from fates.whole(fates.differs(server, _ANY), server)
            return
    yield from _kept(server, shared, site)


def _kept(server: Directive, shared: tuple[Directive, ...], site: Site) -> Iterator[Carried]:
    """As raw lines; where Portico listens too, Portico's is the default server."""
    block = tuple(_no_default(entry) if any(entry is one for one in shared) else entry for entry in server.block or ())
    copy = replace(server, block=block)
    why = "Portico's own server is the default one there" if shared and _is_default(server, site) else ""
    passes = next(server.deep(*PASSES), None)
    yield from raw(copy, "http", site, why or ("the same application at another address" if passes else ""))


def _is_default(server: Directive, site: Site) -> bool:
    """Whether it takes any Host at an address of the site: marked so, or the first there
    (https://nginx.org/en/docs/http/request_processing.html)."""
    own = site.listening.get(id(site.server), ())
    here = [one for one in site.listening.get(id(server), ()) if any(one.address == other.address for other in own)]
    every = [one for entries in site.listening.values() for one in entries]
    firsts = {one.address: one for one in reversed(every)} | {one.address: one for one in every if one.default}
    return any(firsts[one.address].server is server for one in here)


def _no_default(entry: Directive) -> Directive:
    return replace(entry, args=tuple(word for word in entry.args if word not in ("default_server", "default")))


def _shared(server: Directive, site: Site) -> tuple[Directive, ...]:
    """The lines that listen where Portico's server does."""
    value, _ = address(site)
    host, _, port = value.rpartition(":")
    hosts = {"*": ("*", "::"), "0.0.0.0": ("*",)}.get(host, (host.strip("[]"),))  # noqa: S104
    here = [one for one in site.listening.get(id(server), ()) if str(one.port) == port and one.host in hosts]
    return tuple(one.directive for one in here if one.directive)


def _other_site(server: Directive) -> str:
    names = names_of(server)
    if next(server.deep(*PASSES), None):
        return f"another site: adopt it on its own{f', --server {names[0]}' if names else ''}"
    return (
        f"another server ({names[0] if names else 'without a name'}): nginx.extra_http takes it, if it belongs to this site"
    )
