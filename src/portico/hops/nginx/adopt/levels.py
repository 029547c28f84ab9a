"""The fate of a directive that has no meaning of its own here: the same, Portico's instead, or a raw line."""

from __future__ import annotations

from collections.abc import Iterator

from crossplane.analyzer import DIRECTIVES, NGX_HTTP_SRV_CONF

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.moved import moved
from portico.hops.nginx.adopt.site import Site, is_single
from portico.hops.nginx.adopt.words import DEFAULTS, HTTP, OWN_PLACES, TUNING, Word
from portico.model.adoption import Carried
from portico.model.directive import Directive

#: Blocks and lines that define a name, of which there can be only one: where in the arguments it stands.
_DEFINES = {"map": -1, "geo": -1, "split_clients": -1, "upstream": 0, "log_format": 0}
_OWN_VARIABLE = "$portico_"
#: Of the application's location: a raw line there takes the place of Portico's own.
_YIELDING = ("uwsgi_buffer_size", "uwsgi_buffers")
#: Without TLS they have no effect.
_TLS = ("ssl_", "http2", "quic")


def plain(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    """The fate of any directive of the context `level`: main, http, server or location (that of the application)."""
    stands = site.stands
    if stands.has(level, directive):
        yield from fates.whole(fates.same(directive), directive)
    elif _is_porticos(directive):
        yield from fates.whole(fates.same(directive, "Portico writes it itself where the project needs it"), directive)
    elif directive.text in DEFAULTS and not _is_set_around(directive, level, site):
        yield fates.same(directive, "nginx's own default")
    elif directive.name in OWN_PLACES:
        yield fates.differs(directive, OWN_PLACES[directive.name])
    elif _defined(directive, level, site):
        why = f"Portico has a {directive.name} of that name itself, and nginx takes only one: give yours another name"
        yield from fates.whole(fates.differs(directive, why), directive)
    elif is_single(directive.name) and level != "main" and site.replaced_by(directive, level):
        yield from fates.whole(_replaced(directive, level, site), directive)
    else:
        yield from _against(directive, level, site)


def by_key(directive: Directive, level: str, site: Site, word: Word) -> Iterator[Carried]:
    """The fate of a directive that a key says. Only what is in force for the application counts."""
    inner = site.replaced_by(directive, level) if level in ("http", "server") else None
    value = word.read(directive.args[0]) if directive.args else None
    if inner:
        yield _replaced(directive, level, site)
    elif value is None:
        yield from plain(directive, level, site)
    else:
        yield fates.key(directive, word.key, value, word.why)


def raw(directive: Directive, level: str, site: Site, why: str = "") -> Iterator[Carried]:
    """As a raw line, with the paths of this machine."""
    copy = moved(directive, site, site.outer_params if level == "server" else ())
    notes = "; ".join(dict.fromkeys((*((why,) if why else ()), *copy.notes)))
    yield from fates.raw(directive, level, copy.directive, notes, tuple(dict.fromkeys(copy.paths)))


def _against(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    """Raw where Portico writes none of that name, or where nginx takes another one beside it."""
    stands, single = site.stands, is_single(directive.name)
    here, inner = stands.at(level, directive.name), stands.below(level, directive.name)
    if directive.name in _YIELDING:
        yield from raw(directive, "location", site, "in the place of Portico's own")
    elif directive.name in TUNING and (here or inner or stands.in_force(level, directive.name)):
        yield from fates.whole(
            fates.differs(directive, f"Portico writes {_said(here or inner or stands.in_force(level, directive.name))}"),
            directive,
        )
    elif inner and single:
        yield from fates.whole(
            fates.differs(directive, f"Portico writes {_said(inner)} further in, which replaces it"), directive
        )
    elif not here or not single:
        yield from _as_raw(directive, level, site)
    elif level == "http" and directive.block is None and _in_server(directive.name):
        why = f"Portico writes {_said(here)} in http; in the server yours is in force"
        yield from raw(directive, "server", site, why)
    else:
        yield from fates.whole(
            fates.differs(directive, f"Portico writes {_said(here)}, and nginx takes only one{_hint(directive)}"), directive
        )


def _as_raw(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    if level == "http" and directive.name in ("add_header", "add_trailer"):
        if site.first(site.server, directive.name):
            yield fates.same(directive, "without effect: the server has lines of that name itself, and inherits none")
        else:
            why = "into the server: that of Portico has headers of its own, so it inherits none"
            yield from raw(directive, "server", site, why)
    elif directive.name.startswith(_TLS) and level == "http" and not site.once("tls", _speaks_tls):
        yield fates.same(directive, "without effect: no server of this site speaks TLS")
    elif directive.name == "add_header" and level == "location":
        yield from raw(directive, level, site, "this location then has none of the headers of the server but X-Request-ID")
    else:
        yield from raw(directive, level, site)


def _said(found: tuple[Directive, ...]) -> str:
    return f"`{found[0].text}`" if found[0].block is None else f"a {found[0].name} of its own"


def _hint(directive: Directive) -> str:
    word = HTTP.get(directive.name)
    return f"; {word.key} says another value" if word else ""


def _replaced(directive: Directive, level: str, site: Site) -> Carried:
    inner = site.replaced_by(directive, level)
    where = f"line {inner.line}" if inner and inner.file == directive.file else inner.where if inner else ""
    return fates.same(directive, f"without effect on this site: `{inner.text if inner else ''}` ({where}) replaces it")


def _is_porticos(directive: Directive) -> bool:
    """A line of Portico's own templates that this plan has no use for."""
    where = {
        "map": directive.args[-1:],
        "geo": directive.args[-1:],
        "set": directive.args[:1],
        "add_header": directive.args[1:2],
    }
    names = where.get(directive.name, ())
    return any(name.startswith(_OWN_VARIABLE) for name in names)


def _defined(directive: Directive, level: str, site: Site) -> bool:
    if directive.name not in _DEFINES or not directive.args:
        return False
    index = _DEFINES[directive.name]
    return any(entry.args and entry.args[index] == directive.args[index] for entry in site.stands.at(level, directive.name))


def _is_set_around(directive: Directive, level: str, site: Site) -> bool:
    """Whether the default is there to undo what stands further out, or what Portico writes."""
    around = {"location": (site.server, site.http), "server": (site.http,)}.get(level, ())
    set_there = any(site.first(block, directive.name) for block in around)
    return set_there or bool(site.stands.in_force(level, directive.name) or site.stands.below(level, directive.name))


def _in_server(name: str) -> bool:
    return any(mask & NGX_HTTP_SRV_CONF for mask in DIRECTIVES.get(name, ()))


def _speaks_tls(site: Site) -> bool:
    servers = (site.server, *site.kept)
    return any({"ssl", "quic"} & set(entry.args) for server in servers for entry in server.all("listen"))
