"""What nginx passes requests to: pass directives, upstream blocks, and the parameters that go along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from portico.hops.nginx.listens import PASSES, http_block
from portico.model.directive import Directive
from portico.model.seen import Route

Protocol = Literal["uwsgi", "http", "https", "other"]
#: nginx refuses an address without a port where there is no usual one.
_USUAL_PORT = {"http": "80", "https": "443"}
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_MOST_EXPANSIONS = 8


@dataclass(frozen=True)
class Backend:
    """One address: `unix:/run/app.sock` or `host:port` (IPv6 in brackets). `directive` is the upstream's `server`, or the
    pass itself; `upstream` is the name of the upstream block, empty without one."""

    address: str
    protocol: Protocol
    directive: Directive
    upstream: str = ""


def all_passes(tree: Directive) -> tuple[tuple[Directive, str], ...]:
    """Every pass directive of the http block with its kind (`uwsgi`, `proxy`, ...), in the order of the configuration."""
    http = http_block(tree)
    return tuple((entry, entry.name.removesuffix("_pass")) for entry in http.deep(*PASSES)) if http and http.block else ()


def backends(tree: Directive, directive: Directive, action: str) -> tuple[Backend, ...]:
    """The addresses behind a pass directive of that kind, in the order nginx asks them: backups last, those that are down
    not at all. Empty where the address depends on the request, or has no port where it needs one.

    A variable counts when it is `set` to one value only, or comes from a map: then the map's default.
    """
    target = _constant(tree, directive.args[0]) if directive.args else None
    if not target:
        return ()
    protocol, rest = _protocol(target, action)
    name = rest.split("/", 1)[0] if not rest.startswith("unix:") else ""
    block = _upstream(tree, name) if name else None
    if block is None:
        address = _address(rest, _USUAL_PORT.get(protocol, ""))
        return (Backend(address, protocol, directive),) if address else ()
    found = [entry for entry in block.all("server") if entry.args and "down" not in entry.args]
    found.sort(key=lambda entry: "backup" in entry.args)
    # https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server: "If a port is not specified, the port 80 is used."
    return tuple(Backend(_address(entry.args[0], "80"), protocol, entry, block.args[0]) for entry in found)


def _protocol(target: str, action: str) -> tuple[Protocol, str]:
    """What is spoken, and the target without its scheme."""
    scheme, found, rest = target.partition("://")
    scheme, rest = (scheme.lower(), rest) if found and scheme.isalpha() and scheme != "unix" else ("", target)
    if action == "proxy":
        return ("https" if scheme == "https" else "http"), rest
    if action == "uwsgi" and scheme != "suwsgi":
        return "uwsgi", rest
    return "other", rest


def _address(text: str, usual_port: str) -> str:
    """`unix:/path` or `host:port`; empty without a port where there is no usual one. A URI behind it is cut off."""
    if text.startswith("unix:"):
        # `unix:///run/app.sock` is the same file, and the kernel lists it with one slash.
        return "unix:" + re.sub("^/+", "/", text.removeprefix("unix:").split(":", 1)[0])
    text = text.split("/", 1)[0]
    if re.search(r":\d+$", text) and not text.endswith("]"):
        return text
    return f"{text.rstrip(':')}:{usual_port}" if text and usual_port else ""


def _upstream(tree: Directive, name: str) -> Directive | None:
    http = http_block(tree)
    named = (entry for entry in (http.all("upstream") if http else ()) if entry.block is not None and entry.args)
    return next((entry for entry in named if entry.args[0].lower() == name.lower()), None)


def _constant(tree: Directive, text: str) -> str | None:
    """The text with its variables replaced; None when one of them is not constant."""
    for _ in range(_MOST_EXPANSIONS):
        found = _VARIABLE.search(text)
        if not found:
            return text
        value = _value(tree, found[1] or found[2])
        if value is None:
            return None
        text = text[: found.start()] + value + text[found.end() :]
    return None


def _value(tree: Directive, name: str) -> str | None:
    given = {entry.args[1] for entry in tree.deep("set") if len(entry.args) == 2 and entry.args[0] == f"${name}"}
    if given:
        return given.pop() if len(given) == 1 else None
    return next(_map_defaults(tree, name), None)


def _map_defaults(tree: Directive, name: str) -> Iterator[str]:
    for block in tree.deep("map", "geo"):
        if block.args and block.args[-1] == f"${name}":
            default = block.first("default")
            yield default.args[0] if default and default.args else ""


def params(route: Route, tree: Directive, directive_name: str = "uwsgi_param") -> dict[str, tuple[str, str]]:
    """The parameters in force for the pass of a route: name to (value as written, `file:line`). A block that sets any of its
    own inherits none (https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_param). Also for `proxy_set_header`,
    `fastcgi_param`, `scgi_param`; what nginx sends unasked is not among them. Repeated names: the last."""
    blocks = route.chain or tuple(block for block in (http_block(tree),) if block)
    found = next((own for block in reversed(blocks) if (own := tuple(block.all(directive_name)))), ())
    return {entry.args[0]: (entry.args[1], entry.where) for entry in found if len(entry.args) > 1}
