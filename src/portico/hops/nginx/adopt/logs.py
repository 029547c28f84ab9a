"""Logs: Portico keeps its own, in a format that its commands read."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.levels import plain
from portico.hops.nginx.adopt.site import Site
from portico.model.adoption import Carried
from portico.model.directive import Directive

_LEVELS = ("debug", "info", "notice", "warn", "error", "crit")
_OWN_FORMAT = "portico"


def log_line(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    """`access_log`, `error_log` or `log_format`."""
    if directive.name == "log_format":
        yield from _format(directive, level, site)
    elif directive.name == "error_log":
        yield from _errors(directive, level, site)
    else:
        yield from _access(directive, level, site)


def _format(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    name = directive.args[0] if directive.args else ""
    if site.stands.has(level, directive) or name == _OWN_FORMAT:
        yield fates.same(directive)
    elif name in site.formats_kept:
        yield from plain(directive, level, site)
    else:
        yield fates.differs(directive, "Portico logs one JSON object for each request, which its other commands read")


def _access(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    args = directive.args
    inner = site.replaced_by(directive, level) if level in ("http", "server") else None
    if inner:
        yield fates.same(directive, f"without effect on this site: `{fates.shown(inner)}` (line {inner.line}) replaces it")
    elif args[:1] == ("off",):
        yield fates.key(directive, "nginx.access_log", "off")
    elif site.stands.has(level, directive):
        yield from _own(directive, site, same=True)
    elif args[1:2] == (_OWN_FORMAT,):
        yield from _own(directive, site, same=False)
    else:
        yield fates.differs(
            directive, "Portico keeps its own below state_dir, as JSON; nginx.access_log names another file for it"
        )


def _own(directive: Directive, site: Site, same: bool) -> Iterator[Carried]:
    """A log in Portico's format: beside the configuration that names it, `portico render` has put it there."""
    path = directive.args[0]
    if path.startswith("/") and path.rpartition("/")[0] != directive.file.rpartition("/")[0]:
        yield fates.key(directive, "nginx.access_log", site.paths.here(path))
    elif same:
        yield fates.same(directive)
    else:
        yield fates.same(directive, "Portico keeps it below state_dir, in the same format")


def _errors(directive: Directive, level: str, site: Site) -> Iterator[Carried]:
    if directive is not _innermost(site):
        yield fates.same(directive, "without effect on this site: another error_log, further in, replaces it")
        return
    severity = next((arg for arg in directive.args[1:] if arg in _LEVELS), "")
    if severity:
        yield fates.key(directive, "nginx.error_log_level", severity)
    path = directive.args[0] if directive.args else ""
    if site.stands.has("main", directive):
        yield fates.same(directive)
    elif path.rpartition("/")[0] == directive.file.rpartition("/")[0] and site.is_rendered:
        yield fates.same(directive, "Portico keeps it below state_dir")
    else:
        yield fates.differs(directive, "Portico keeps its own below state_dir; nginx.error_log names another file for it")


def _innermost(site: Site) -> Directive | None:
    """The last of those that hold for the application."""
    blocks = (*site.chain, site.root)
    return next((found[-1] for block in blocks if (found := site.all(block, "error_log"))), None)
