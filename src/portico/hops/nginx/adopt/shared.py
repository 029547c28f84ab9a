"""Directives that mean the same in http, in the server and in the application's location."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.levels import by_key, plain
from portico.hops.nginx.adopt.logs import log_line
from portico.hops.nginx.adopt.param import param
from portico.hops.nginx.adopt.proxies import NAMES as REAL_IP
from portico.hops.nginx.adopt.proxies import real_ip
from portico.hops.nginx.adopt.site import Site
from portico.hops.nginx.adopt.types import types
from portico.hops.nginx.adopt.words import HTTP
from portico.model.adoption import Carried
from portico.model.directive import Directive

#: Files that Portico writes itself.
_OWN_FILES = ("uwsgi_params", "mime.types")


def shared(entry: Directive, level: str, site: Site) -> Iterator[Carried]:
    """The fate of any directive of that context which has no meaning there alone."""
    if entry.name in HTTP:
        return by_key(entry, level, site, HTTP[entry.name])
    return _BY_NAME.get(entry.name, plain)(entry, level, site)


def _included(entry: Directive, level: str, site: Site) -> Iterator[Carried]:
    """An include of what is not here."""
    if entry.args and entry.args[0].rpartition("/")[2] in _OWN_FILES:
        yield fates.same(entry, "Portico writes its own")
    else:
        yield fates.left(entry, "what it includes could not be read")


_BY_NAME: dict[str, Callable[[Directive, str, Site], Iterator[Carried]]] = {
    "access_log": log_line,
    "error_log": log_line,
    "log_format": log_line,
    **dict.fromkeys(REAL_IP, real_ip),
    "types": types,
    "uwsgi_param": param,
    "include": _included,
}
