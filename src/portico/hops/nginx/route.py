"""Where nginx takes a request, by its own rules, from the configuration alone.

https://nginx.org/en/docs/http/request_processing.html; the phases in their order:
https://nginx.org/en/docs/dev/development_guide.html#http_phases
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from portico.hops.nginx.file_paths import indexes, path_of, root_of, tried
from portico.hops.nginx.listens import PASSES, http_block
from portico.hops.nginx.locations import CannotTell, find, named
from portico.hops.nginx.rewrites import run
from portico.hops.nginx.server_choice import Choice, bare_host, choose
from portico.hops.nginx.uri import normalise, split
from portico.hops.nginx.variables import Scope
from portico.model.directive import Directive
from portico.model.seen import Route

#: `NGX_HTTP_MAX_URI_CHANGES`; with one more nginx answers 500.
_MOST_CHANGES = 10
#: Content of other kinds than files and passes.
_OTHER_CONTENT = ("stub_status", "empty_gif", "perl", "js_content", "echo", "api", "memcached_pass")
_PASS_ACTIONS = ("uwsgi", "proxy", "fastcgi", "scgi", "grpc")


def route(
    tree: Directive,
    scheme: str,
    address: str,
    port: int,
    host: str,
    path: str,
    *,
    prefix: str = "",
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    present: Collection[str] = (),
) -> Route:
    """The route of a request to `address` (a literal, a name, or `unix:/path`) with that Host header; `path` may have a
    query.

    Relative roots start at `prefix`. `headers` are all the others that are sent; without them a condition on one makes the
    route `unknown` where it could matter. Whether files exist is not asked: with `try_files` the route is that of the first
    file that is among `present`, else of its fallback when this passes requests on, else that of the first file. The target
    of a `return` has its variables filled in where all of them are known. A request nginx refuses is `return` with `400`;
    where a slash is missing, `301 /app/`. `unknown` has in `directive` what cannot be told; without a server, nothing
    listens there.
    """
    choice = choose(tree, address, port, host)
    http = http_block(tree)
    if choice is None or http is None:
        return Route(None, None, (http,) if http else (), True, "unknown")
    target, args = split(path)
    known = _known(choice, scheme, port, host, path, method)
    way = _Way(http, choice.server, prefix, Scope(http, known, "", args, _small(headers)), choice)
    way.present = frozenset(present)
    return way.of(target)


def _small(headers: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if headers is None else {name.lower(): value for name, value in headers.items()}


def candidates(route: Route, path: str, prefix: str = "", headers: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The files nginx would look at for `path` in the server of that route, in order: those of `try_files` on the way to
    where the route leads, or the file itself; in a folder, its index files. A name that ends with a slash is looked for as
    a folder. Empty when it looks at none, and where variables are unknown."""
    if route.server is None or not route.chain:
        return ()
    names = [name for directive in route.server.all("server_name") for name in directive.args]
    host = next((name for name in names if name and not set(name) & set("*~$")), "")
    target, args = split(path)
    known = {"request_uri": path, "request_method": "GET"} | ({"host": host, "server_name": host} if host else {})
    way = _Way(route.chain[0], route.server, prefix, Scope(route.chain[0], known, "", args, _small(headers)))
    way.of(target)
    return tuple(dict.fromkeys(way.files))


def _known(choice: Choice, scheme: str, port: int, host: str, path: str, method: str) -> dict[str, str]:
    first = next((arg for directive in choice.server.all("server_name") for arg in directive.args), "")
    return {
        "host": bare_host(host) or first,
        "http_host": host,
        "server_name": first,
        "server_port": str(port),
        "scheme": scheme,
        "https": "on" if scheme == "https" else "",
        "request_uri": path,
        "request_method": method,
    }


class _Way:
    """One request on its way through the phases. `files` are those that are looked at, `present` those known to be there."""

    present: frozenset[str] = frozenset()

    def __init__(self, http: Directive, server: Directive, prefix: str, scope: Scope, choice: Choice | None = None) -> None:
        self.files: list[str] = []
        self._server = server
        self._base = (http, server)
        self._choice = choice
        self._prefix = prefix
        self._scope = scope
        self._changes = 0
        self._internal = False
        # Once a URI was rewritten with `break`, nginx refuses every alias for it (`valid_location`).
        self._moved = False

    def of(self, target: str) -> Route:
        """From the path of the request line to what answers."""
        if self._choice and self._choice.name.startswith("~"):
            if not self._choice.sure:
                return self._end("unknown", directive=self._server.first("server_name"))
            self._scope.search(self._choice.name[1:], self._scope.value("host") or "", caseless=True)
        # The Host header is not read yet: the default server of the address decides.
        blocks = (self._choice.default if self._choice else self._server, self._base[0])
        merge = next((found for block in blocks if (found := block.first("merge_slashes"))), None)
        uri = normalise(target, merge is None or merge.args != ("off",))
        if uri is None:
            return self._end("return", target="400")
        self._scope.uri = uri
        try:
            return self._server_phase()
        except CannotTell as unknown:
            return self._end("unknown", directive=unknown.directive)

    def _end(
        self, action: Any, chain: tuple[Directive, ...] = (), target: str = "", directive: Directive | None = None
    ) -> Route:
        chain = chain or self._base
        location = next((block for block in reversed(chain) if block.name == "location"), None)
        by_default = self._choice.by_default if self._choice else False
        return Route(self._server, location, chain, by_default, action, target, directive)

    def _change(self, directive: Directive | None, chain: tuple[Directive, ...]) -> Route | None:
        """Counts a change of the URI; the answer when there were too many."""
        self._changes += 1
        self._internal = True
        return self._end("return", chain, "500", directive) if self._changes > _MOST_CHANGES else None

    def _server_phase(self) -> Route:
        before = self._scope.uri
        step = run(self._server, self._scope)
        if step.kind == "return":
            return self._end("return", target=step.target, directive=step.directive)
        self._internal = self._internal or self._scope.uri != before
        self._moved = self._moved or step.moved
        return self._find()

    def _find(self) -> Route:
        found = find(self._server, self._scope)
        chain = (*self._base, *found.chain)
        if found.redirect:
            args = f"?{self._scope.args}" if self._scope.args else ""
            return self._end("return", chain, f"301 {self._scope.uri}/{args}", found.chain[-1])
        return self._location_phase(chain) if found.chain else self._content(chain)

    def _location_phase(self, chain: tuple[Directive, ...]) -> Route:
        internal = chain[-1].first("internal")
        if internal and not self._internal:
            return self._end("return", chain, "404", internal)
        step = run(chain[-1], self._scope)
        if step.kind == "return":
            return self._end("return", chain, step.target, step.directive)
        if step.kind == "again":
            return self._change(step.directive, chain) or self._find()
        self._moved = self._moved or step.moved
        return self._content((*chain, step.inside) if step.inside else chain)

    def _content(self, chain: tuple[Directive, ...]) -> Route:
        tries = chain[-1].first("try_files")
        return self._try_files(chain, tries) if tries and len(tries.args) > 1 else self._handler(chain)

    def _handler(self, chain: tuple[Directive, ...]) -> Route:
        # An `if` inherits the pass of its location; a nested location does not.
        blocks = (chain[-1], chain[-2]) if chain[-1].name == "if" else (chain[-1],)
        if chain[-1].name != "server":
            for block in blocks:
                found = block.first(*PASSES[:5])
                if found:
                    return self._end(found.name.removesuffix("_pass"), chain, " ".join(found.args[:1]), found)
                other = next((entry for entry in block.block or () if _is_other(entry)), None)
                if other:
                    return self._end("unknown", chain, directive=other)
        setting, _ = root_of(chain)
        if self._moved and setting and setting.name == "alias":
            return self._end("return", chain, "500", setting)
        path = path_of(chain, self._scope, self._prefix)
        if path is not None:
            self.files += indexes(chain, self._scope, path) if self._scope.uri.endswith("/") else [path]
        return self._end("file", chain, path or "", setting)

    def _try_files(self, chain: tuple[Directive, ...], tries: Directive) -> Route:
        *names, fallback = tries.args
        paths = [path for name in names if (path := tried(chain, self._scope, self._prefix, name)) is not None]
        self.files += paths
        there = next((path for path in paths if path in self.present), "")
        first = replace(self._handler_of_found(chain), target=there or (paths[0] if paths else ""))
        if first.action != "file":
            first = self._handler_of_found(chain)
        if there:
            return first
        end = self._fallback(chain, tries, fallback)
        return end if end.action in (*_PASS_ACTIONS, "unknown") else first

    def _handler_of_found(self, chain: tuple[Directive, ...]) -> Route:
        """What answers when one of the files is there, without a note of further files."""
        noted = len(self.files)
        found = self._handler(chain)
        del self.files[noted:]
        return found

    def _fallback(self, chain: tuple[Directive, ...], tries: Directive, fallback: str) -> Route:
        if fallback.startswith("="):
            return self._end("return", chain, fallback.removeprefix("="), tries)
        end = self._change(tries, chain)
        if end:
            return end
        if fallback.startswith("@"):
            location = named(self._server, fallback)
            return self._location_phase((*self._base, location)) if location else self._end("return", chain, "500", tries)
        uri = self._scope.expand(fallback)
        if uri is None:
            raise CannotTell(tries)
        self._scope.uri, mark, args = uri.partition("?")
        self._scope.args = args if mark else self._scope.args
        self._moved = False
        return self._server_phase()


def _is_other(entry: Directive) -> bool:
    return entry.name in _OTHER_CONTENT or entry.name.startswith("content_by_lua")
