"""The main context, events and http: what stands around the site's server."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.in_server import in_server
from portico.hops.nginx.adopt.levels import by_key, plain, raw
from portico.hops.nginx.adopt.logs import log_line
from portico.hops.nginx.adopt.servers import other_server
from portico.hops.nginx.adopt.shared import shared
from portico.hops.nginx.adopt.site import Site
from portico.hops.nginx.adopt.upstreams import pool
from portico.hops.nginx.adopt.values import max_age
from portico.hops.nginx.adopt.words import EVENTS, MAIN, OWN_PLACES
from portico.model.adoption import Carried
from portico.model.directive import Directive

#: A module's file without `ngx_`, `_module.so`, and how the names of its directives begin.
_MODULES = {
    "stream": ("stream",),
    "mail": ("mail",),
    "http_image_filter": ("image_filter",),
    "http_geoip": ("geoip_",),
    "http_geoip2": ("geoip2",),
    "http_xslt_filter": ("xslt_", "xml_entities"),
    "http_perl": ("perl",),
    "http_js": ("js_",),
    "http_brotli_filter": ("brotli",),
    "http_brotli_static": ("brotli",),
    "http_headers_more_filter": ("more_",),
    "http_echo": ("echo",),
    "http_lua": ("lua_", "access_by_lua", "content_by_lua", "rewrite_by_lua", "init_by_lua", "set_by_lua"),
    "http_subs_filter": ("subs_filter",),
    "http_dav_ext": ("dav_ext_",),
    "http_fancyindex": ("fancyindex",),
    "http_auth_pam": ("auth_pam",),
    "http_uploadprogress": ("upload_progress", "track_uploads", "report_uploads"),
    "http_modsecurity": ("modsecurity",),
    "http_cache_purge": ("proxy_cache_purge", "uwsgi_cache_purge"),
}


def in_main(directive: Directive, site: Site) -> Iterator[Carried]:
    """A directive of the main context, with all within."""
    name = directive.name
    if name == "events":
        yield fates.same(directive)
        for entry in directive.block or ():
            yield from _in_events(entry, site)
    elif name == "load_module":
        yield from _module(directive, site)
    elif name == "error_log":
        yield from log_line(directive, "main", site)
    elif name == "worker_processes" and directive.args == ("auto",):
        yield fates.same(directive, "Portico has one for each core unless nginx.worker_processes says another number")
    elif name == "pcre_jit" and directive.args == ("on",):
        yield fates.same(directive, OWN_PLACES[name])
    elif name == "user" and directive.args:
        yield from by_key(directive, "main", site, MAIN[name])
        if len(directive.args) > 1 and directive.args[1] != directive.args[0] and not site.stands.has("main", directive):
            yield fates.differs(directive, f"the workers have the account's own group, not {directive.args[1]}")
    elif name in MAIN:
        yield from by_key(directive, "main", site, MAIN[name])
    else:
        yield from plain(directive, "main", site)


def _in_events(directive: Directive, site: Site) -> Iterator[Carried]:
    word = EVENTS.get(directive.name)
    value = word.read(directive.args[0]) if word and directive.args else None
    if word and value is not None:
        yield fates.key(directive, word.key, value)
    elif site.stands.has("events", directive):
        yield from fates.whole(fates.same(directive), directive)
    else:
        why = "Portico's events block has the number of connections only, and nginx's defaults besides"
        yield from fates.whole(fates.differs(directive, why), directive)


def _module(directive: Directive, site: Site) -> Iterator[Carried]:
    file = directive.args[0].rpartition("/")[2] if directive.args else ""
    name = file.removeprefix("ngx_").removesuffix(".so").removesuffix("_module")
    starts = _MODULES.get(name, ())
    if starts and not any(used.startswith(starts) for used in site.once("names", _names)):
        yield fates.left(directive, "nothing of this site needs the module; nginx.extra_main can load it")
    else:
        yield from raw(directive, "main", site, "only an nginx of the version that the module is for can load it")


def _names(site: Site) -> frozenset[str]:
    return frozenset(entry.name for entry in _every(site.root))


def _every(block: Directive) -> Iterator[Directive]:
    for entry in block.block or ():
        yield entry
        yield from _every(entry)


def in_http(directive: Directive, site: Site, last: list[Carried]) -> Iterator[Carried]:
    """A directive of the http block, with all within. What has to come after everything else goes to `last`."""
    name = directive.name
    if directive is site.server:
        yield from in_server(site, last)
    elif name == "server" and directive.block is not None:
        yield from other_server(directive, site)
    elif name == "upstream":
        yield from _upstream(directive, site)
    elif name == "map" and directive.args[-1:] == ("$portico_hashed_cache",):
        yield from _hashed(directive, site)
    else:
        yield from shared(directive, "http", site)


def _hashed(directive: Directive, site: Site) -> Iterator[Carried]:
    """How long Portico's own configuration lets browsers keep what has no hash in its name."""
    yield from plain(directive, "http", site)
    default = directive.first("default")
    age = max_age(default.args[0]) if default and default.args else None
    if default and age is not None:
        yield fates.key(default, "nginx.static_max_age", age)


def _upstream(directive: Directive, site: Site) -> Iterator[Carried]:
    name = directive.args[0] if directive.args else ""
    if directive is site.upstream:
        yield from pool(directive, site)
    elif name in site.named_elsewhere:
        yield from plain(directive, "http", site)
    elif name in site.of_other_sites:
        yield from fates.whole(fates.left(directive, f"{name} is the application of another site"), directive)
    else:
        yield from fates.whole(fates.left(directive, "nothing of this site passes requests to it"), directive)
