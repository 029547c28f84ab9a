"""Which location a URI falls into: https://nginx.org/en/docs/http/ngx_http_core_module.html#location"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from portico.hops.nginx.listens import PASSES
from portico.hops.nginx.variables import Scope
from portico.model.directive import Directive

Modifier = Literal["", "=", "^~", "~", "~*", "@"]


class CannotTell(Exception):
    """A directive decides, and it is beyond what the configuration alone tells."""

    def __init__(self, directive: Directive) -> None:
        super().__init__(directive.text)
        self.directive = directive


@dataclass(frozen=True)
class Found:
    """`chain` are the locations, outermost first. `redirect`: nginx sends the client to the same path with a slash, as for
    `/app` where `location /app/` passes requests on. `final`: no regular expression further out is tried any more."""

    chain: tuple[Directive, ...] = ()
    redirect: bool = False
    final: bool = False


def parts(location: Directive) -> tuple[Modifier, str]:
    """Modifier and name, also where they are written without a space between."""
    words = location.args
    if len(words) > 1:
        return words[0], words[1]  # type: ignore[return-value]
    text = words[0] if words else ""
    modifiers: tuple[Modifier, ...] = ("^~", "~*", "~", "=")
    for modifier in modifiers:
        if text.startswith(modifier):
            return modifier, text[len(modifier) :]
    return ("@" if text.startswith("@") else ""), text


def named(server: Directive, name: str) -> Directive | None:
    """The location `@name` of the server."""
    return next((entry for entry in server.all("location") if entry.args == (name,)), None)


def find(block: Directive, scope: Scope) -> Found:
    """The location below `block` for the URI of `scope`, as `ngx_http_core_find_location` does. The groups of a regular
    expression that matched are kept in `scope`. Raises CannotTell."""
    found = _static(block, scope.uri)
    if found.final:
        return found
    outer: Modifier = ""
    if found.chain:
        outer = parts(found.chain[0])[0]
        inner = find(found.chain[0], scope)
        found = Found(found.chain + inner.chain, inner.redirect, inner.final)
        if found.final:
            return found
    return found if outer == "^~" else _regex(block, scope) or found


def _static(block: Directive, uri: str) -> Found:
    """The location that is equal to the URI, or the longest one that it begins with."""
    best: Directive | None = None
    longest, slash = -1, None
    for location in block.all("location"):
        modifier, name = parts(location)
        if modifier == "=" and name == uri:
            return Found((location,), final=True)
        if modifier in ("", "^~") and uri.startswith(name) and len(name) > longest:
            best, longest = location, len(name)
        if modifier in ("", "^~", "=") and name == f"{uri}/" and location.first(*PASSES):
            slash = location
    if slash and longest != len(uri):
        return Found((slash,), redirect=True, final=True)
    return Found((best,) if best else ())


def _regex(block: Directive, scope: Scope) -> Found | None:
    for location in block.all("location"):
        modifier, name = parts(location)
        if modifier not in ("~", "~*"):
            continue
        matched = scope.search(name, scope.uri, modifier == "~*")
        if matched is None:
            raise CannotTell(location)
        if matched:
            return Found((location, *find(location, scope).chain), final=True)
    return None
