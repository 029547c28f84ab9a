"""A directive as it has to read in Portico's configuration: paths of this machine, passes to Portico's upstream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from portico.hops.nginx.adopt.params import is_standard
from portico.hops.nginx.adopt.site import Site
from portico.model.directive import Directive

#: The first argument is a file or a folder; relative ones start at the folder of the main file, or at nginx's prefix.
_OF_CONF = re.compile(
    r"(ssl|(proxy|uwsgi|grpc)_ssl)_(certificate|certificate_key|trusted_certificate|client_certificate|dhparam|crl"
    r"|password_file|session_ticket_key|stapling_file)|auth_basic_user_file|auth_jwt_key_file|include"
)
_OF_PREFIX = re.compile(
    r"root|alias|(access|error)_log|((proxy|uwsgi|fastcgi|scgi|client_body)_)temp_path|(proxy|uwsgi|fastcgi|scgi)_(store|cache_path)"
    r"|load_module|geoip_\w+|geoip2|xslt_stylesheet|perl_modules|js_(import|include|path)|\w+_by_lua_file"
)
_NO_PATHS = ("off", "on", "stderr", "data:", "engine:", "syslog:", "memory:", "/dev/")
_UNIX = re.compile(r"unix:(/+[^:\s]*)")
_POOL = "portico_app"


@dataclass
class Moved:
    """`directive` is the copy, `paths` are those it needs here, `notes` what about it is not as it was."""

    directive: Directive
    paths: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def moved(directive: Directive, site: Site, params: tuple[Directive, ...] = ()) -> Moved:
    """The copy of a directive. `params` are the `uwsgi_param` lines that it inherits where it stands."""
    result = Moved(directive)
    result.directive = _copy(directive, site, params, result)
    return result


def _copy(directive: Directive, site: Site, params: tuple[Directive, ...], found: Moved) -> Directive:
    args = _args(directive, site, found)
    if directive.block is None:
        return replace(directive, args=args)
    own = tuple(directive.all("uwsgi_param")) or params
    inner = [_copy(entry, site, own, found) for entry in directive.block]
    return replace(directive, args=args, block=tuple(_passing(directive, inner, site, own, found)))


def _args(directive: Directive, site: Site, found: Moved) -> tuple[str, ...]:
    name, args = directive.name, directive.args
    if not args:
        return args
    if _OF_CONF.fullmatch(name) or _OF_PREFIX.fullmatch(name):
        return (_path(directive, site, found), *args[1:])
    return tuple(_UNIX.sub(lambda hit: "unix:" + site.paths.here("/" + hit[1].lstrip("/")), arg) for arg in args)


def _path(directive: Directive, site: Site, found: Moved) -> str:
    text = directive.args[0]
    if directive.name == "include" and text.rpartition("/")[2] == "uwsgi_params" and site.shares_params:
        return "uwsgi_params"
    if not text or text.startswith(("$", *_NO_PATHS)):
        return text
    if text.startswith("/"):
        here = site.paths.here(text)
        found.paths.append(here)
        return here
    if _OF_CONF.fullmatch(directive.name):
        here = site.paths.here(f"{site.folder}/{text}")
        found.paths.append(here)
        return here
    found.notes.append(f"`{text}` starts at the folder that nginx was built for: write it as an absolute path")
    return text


def _passing(
    block: Directive, inner: list[Directive], site: Site, params: tuple[Directive, ...], found: Moved
) -> Iterator[Directive]:
    """The content of a block, with a pass to the application as one to Portico's upstream."""
    passing = next((entry for entry in block.block or () if site.passes_here(entry)), None)
    shared = site.shares_params
    lines = [entry for entry in inner if entry.name == "uwsgi_param"]
    if passing and passing.name == "proxy_pass":
        found.notes.append(
            "Portico speaks uwsgi to the application: its headers are variables, other lines for HTTP are idle"
        )
        inner = [_as_variable(entry) for entry in inner]
    if passing and not lines:
        yield from _given(passing, params, shared)
    told = False
    for entry in inner:
        if entry.name == "uwsgi_param" and shared and is_standard(entry):
            if not told:
                yield replace(entry, name="include", args=("uwsgi_params",))
            told = True
        elif site.passes_here(entry):
            yield replace(entry, name="uwsgi_pass", args=(_POOL,))
        else:
            yield entry


def _as_variable(entry: Directive) -> Directive:
    """A header for the application as the uwsgi protocol has it; those that are about the connection are for HTTP only."""
    name, value = entry.args[:2] if len(entry.args) > 1 else ("", "")
    about_http = name.lower() in ("upgrade", "connection") or "$proxy_host" in value or "$proxy_port" in value
    if entry.name != "proxy_set_header" or not name or about_http:
        return entry
    variable = "HTTP_" + name.upper().replace("-", "_")
    return replace(entry, name="uwsgi_param", args=(variable, value, "if_not_empty"))


def _given(passing: Directive, params: tuple[Directive, ...], shared: bool) -> Iterator[Directive]:
    """Variables that came from further out, where Portico's server has none."""
    usual = [entry for entry in params if is_standard(entry)]
    if shared and (usual or not params):
        yield replace(passing, name="include", args=("uwsgi_params",))
    yield from (entry for entry in params if not shared or entry not in usual)
