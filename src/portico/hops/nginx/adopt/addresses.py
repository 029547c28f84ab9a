"""The site's addresses and names: `listen` and `server_name`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.levels import raw
from portico.hops.nginx.adopt.site import Site
from portico.hops.nginx.escape import server_name
from portico.hops.nginx.listens import ServerListen
from portico.model.adoption import Carried
from portico.model.directive import Directive

#: What Portico's own address is without one that it can take over.
PLAIN = "127.0.0.1:8000"
#: With one of these an address is more than plain HTTP.
_MORE = ("ssl", "quic", "http2", "spdy", "proxy_protocol")
_SILENT = ("default_server", "default", "ipv6only=on", "ipv6only=off", "reuseport")


def address(site: Site) -> tuple[str, tuple[Directive | None, ...]]:
    """The `listen` of portico.toml and the lines it comes from; Portico's own and no line where there is no plain one.
    `*` is every address of both families."""
    return site.once("address", _address)


def _address(site: Site) -> tuple[str, tuple[Directive | None, ...]]:
    plain = [entry for entry in site.listening.get(id(site.server), ()) if _is_plain(entry)]
    if not plain:
        return PLAIN, ()
    first = plain[0]
    twin = next((one for one in plain if one.port == first.port and {one.host, first.host} == {"*", "::"}), None)
    if twin or (first.host == "::" and first.both):
        lines = (first.directive, twin.directive) if twin else (first.directive,)
        return f"*:{first.port}", lines
    host = {"*": "0.0.0.0"}.get(first.host, first.host)  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{first.port}", (first.directive,)


def _is_plain(entry: ServerListen) -> bool:
    options = entry.directive.args[1:] if entry.directive else ()
    text = entry.directive.args[0] if entry.directive else ""
    ranged = "-" in text.rpartition(":")[2]
    named = not entry.host.replace(".", "").isdigit() and ":" not in entry.host and entry.host != "*"
    return not (entry.ssl or named or ranged or entry.host.startswith("unix:") or set(_MORE) & set(options))


def unlisted(site: Site) -> Iterator[Carried]:
    """What nginx or Portico listen on where no line says so."""
    value, lines = address(site)
    entry = partial(Carried, site.where, "no listen" if None in lines else "no listen of plain HTTP")
    if None in lines:
        yield entry("key", "listen", value, "nginx listens there where no line says otherwise")
    elif not lines:
        yield entry("key", "listen", PLAIN)
        yield entry("differs", why=f"the site has no plain address: Portico's own is {PLAIN}, the others are raw lines")


def listen(directive: Directive, site: Site) -> Iterator[Carried]:
    """A `listen` of the site's server."""
    value, lines = address(site)
    if not any(directive is line for line in lines):
        yield from raw(directive, "server", site, _about(directive))
        return
    yield fates.key(directive, "listen", value)
    others = [word for word in directive.args[1:] if word not in _SILENT]
    if others:
        yield fates.differs(directive, f"Portico's own listen has no {', '.join(others)}")


def _about(directive: Directive) -> str:
    words = set(directive.args[1:])
    return "TLS ends here; Portico's own address speaks plain HTTP" if words & {"ssl", "quic"} else "an address besides"


def names(directive: Directive, site: Site) -> Iterator[Carried]:
    """A `server_name`."""
    good = tuple(name for name in directive.args if _is_name(name))
    none = [name for name in directive.args if name in ("_", "")]
    others = tuple(name for name in directive.args if name not in good and name not in none)
    if good:
        yield fates.key(directive, "server_name", good)
    if others:
        copy = Directive("server_name", others, directive.file, directive.line)
        yield from fates.raw(directive, "server", copy, "server_name of portico.toml takes no regular expressions")
    if not good and not others:
        yield fates.same(directive, "every name: requests with any Host at this address are the site's")


def _is_name(name: str) -> bool:
    try:
        return name not in ("_", "") and bool(server_name(name))
    except ValueError:
        return False
