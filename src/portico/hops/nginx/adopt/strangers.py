"""The default server that refuses or sends away who asks for no name of the site: Portico's server does it instead.

Portico's own server is the default one at its address, so that another cannot be; `if` with nothing but a `return` in it is
safe (https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#if).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.site import Site, names_of
from portico.hops.nginx.escape import server_name
from portico.hops.nginx.written import written
from portico.model.adoption import Carried
from portico.model.directive import Directive

_WHY = "Portico's server is the default one at its address, and refuses strangers itself"


def stranger_rule(server: Directive, site: Site) -> tuple[Carried, ...]:
    """The entries for such a server and all within; empty when it does more than return, or a name of the site is no plain
    one. A request without a Host is a stranger's, too."""
    returns = server.first("return")
    others = [entry for entry in server.block or () if entry.name not in ("listen", "server_name", "return")]
    names = names_of(site.server)
    patterns = [_pattern(name) for name in names]
    if returns is None or others or not names or not all(patterns):
        return ()
    return tuple(_entries(server, returns, names, "|".join(patterns)))


def _entries(server: Directive, returns: Directive, names: tuple[str, ...], pattern: str) -> Iterator[Carried]:
    rule = Directive("if", ("$http_host", "!~*", rf"^(?:{pattern})(?::\d+)?$"), server.file, server.line, (returns,))
    yield Carried(server.where, fates.shown(server), "raw", fates.EXTRA["server"], written(rule), _WHY)
    plain = next((name for name in names if not name.startswith(("*", "."))), "")
    if plain:
        yield Carried(server.where, fates.shown(server), "key", "health_host", plain, "the health request is no stranger")
    for entry in server.block or ():
        yield Carried(entry.where, fates.shown(entry), "raw", fates.EXTRA["server"], None, _WHY)


def _pattern(name: str) -> str:
    """A server name as a regular expression; empty for one that is no plain name or has its asterisk elsewhere."""
    start, rest = ("(?:.+\\.)?", name[1:]) if name.startswith(".") else ("", name)
    if name.startswith("*."):
        start, rest = ".+\\.", name[2:]
    try:
        server_name(rest)
    except ValueError:
        return ""
    return "" if "*" in rest or rest.startswith("~") else start + re.escape(rest).replace("\\-", "-")
