"""The site in its configuration: which blocks are its own, which location is the application's, what is in force there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from portico.hops.nginx.adopt.params import own_files
from portico.hops.nginx.adopt.stands import REPEATABLE, Stands
from portico.hops.nginx.listens import PASSES, ServerListen, listens
from portico.hops.nginx.locations import parts
from portico.hops.nginx.variables import VARIABLE
from portico.model.adoption import PathMap
from portico.model.directive import Directive

T = TypeVar("T")
#: Regular expressions that every path matches.
_EVERYTHING = ("/", "^/", ".*", "^/.*", "^/.*$", "^", "/.*", "^/(.*)$", "^/(.*)", "^(.*)$", "(.*)", "^.*$")
_PASS_NAMES = ("uwsgi_pass", "proxy_pass")


@dataclass(frozen=True)
class Site:
    """`http` and `server` are blocks of `root`; `upstream` is that of the application. `stands` is what Portico writes."""

    root: Directive
    http: Directive
    server: Directive
    upstream: Directive | None
    stands: Stands
    paths: PathMap
    _known: dict[str | int, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, name: str, make: Callable[[Site], T]) -> T:
        """What `make` says of the site, worked out the first time it is asked for."""
        if name not in self._known:
            self._known[name] = make(self)
        found: T = self._known[name]
        return found

    def all(self, block: Directive, name: str) -> tuple[Directive, ...]:
        """The directives of that name directly inside a block, found once for all of its names."""
        index = self._known.get(id(block))
        if index is None:
            index = {}
            for entry in block.block or ():
                index.setdefault(entry.name, []).append(entry)
            self._known[id(block)] = index
        return tuple(index.get(name, ()))

    def first(self, block: Directive, name: str) -> Directive | None:
        """The first of them."""
        return next(iter(self.all(block, name)), None)

    @cached_property
    def target(self) -> str:
        """What the site passes to: the name of the upstream, or an address as it is written. Empty without a pass."""
        if self.upstream and self.upstream.args:
            return self.upstream.args[0]
        passes = [entry for name in _PASS_NAMES for entry in self.server.deep(name)]
        front = next((entry for entry in self.server.all("location") if is_everything(entry)), None)
        first = front.first(*_PASS_NAMES) if front else None
        uwsgi = [entry for entry in passes if entry.name == "uwsgi_pass"]
        chosen = first if first and (first.name == "uwsgi_pass" or not uwsgi) else next(iter(uwsgi or passes), None)
        return target_of(chosen) if chosen else ""

    def passes_here(self, directive: Directive) -> bool:
        """Whether it is a pass to the application."""
        if directive.name not in _PASS_NAMES or not self.target:
            return False
        # The second is Portico's own, see `trace_map`.
        return target_of(directive) == self.target or directive.args == ("$portico_backend",)

    @cached_property
    def application(self) -> Directive | None:
        """The location that takes every request no other takes, and passes it to the application; a named one that others
        hand requests to. None where the application has only a part of the paths."""
        passing = [entry for entry in self.server.all("location") if any(map(self.passes_here, _direct(entry)))]
        everything = next((entry for entry in passing if is_everything(entry)), None)
        named = next((entry for entry in passing if parts(entry)[0] == "@"), None)
        return everything or named

    @cached_property
    def front(self) -> Directive | None:
        """The block (a location for every path, or the server) whose `try_files` ends at the application's location."""
        if self.application is None or parts(self.application)[0] != "@":
            return None
        name = self.application.args[-1]
        blocks = [entry for entry in self.server.all("location") if is_everything(entry)] or [self.server]
        return next((one for one in blocks for tries in one.all("try_files") if tries.args[-1:] == (name,)), None)

    @cached_property
    def chain(self) -> tuple[Directive, ...]:
        """The blocks whose directives hold for the application, innermost first."""
        return tuple(block for block in (self.application, self.server, self.http) if block is not None)

    def in_force(self, name: str) -> tuple[Directive, ...]:
        """The directives of that name that hold for the application."""
        return next((found for block in self.chain if (found := self.all(block, name))), ())

    def replaced_by(self, directive: Directive, level: str) -> Directive | None:
        """What stands further in and takes its place for the whole site: for one of the http block the server's too."""
        inner = self.chain[:-1] if level == "http" else self.chain[:1] if level == "server" and self.application else ()
        return next((found for block in inner if (found := self.first(block, directive.name))), None)

    @cached_property
    def named_elsewhere(self) -> frozenset[str]:
        """The upstreams that other passes of the site's server go to."""
        passes = self.server.deep(*PASSES)
        return frozenset(target_of(entry) for entry in passes if not self.passes_here(entry))

    @cached_property
    def of_other_sites(self) -> frozenset[str]:
        """The upstreams that other servers pass to."""
        return frozenset(target_of(entry) for server in self.others for entry in server.deep(*PASSES))

    @cached_property
    def listening(self) -> dict[int, tuple[ServerListen, ...]]:
        """The addresses of each server, by the identity of its block."""
        found: dict[int, tuple[ServerListen, ...]] = {}
        for entry in listens(self.root):
            found[id(entry.server)] = (*found.get(id(entry.server), ()), entry)
        return found

    @cached_property
    def others(self) -> tuple[Directive, ...]:
        """The other servers."""
        return tuple(entry for entry in self.http.all("server") if entry is not self.server and entry.block is not None)

    @cached_property
    def kept(self) -> tuple[Directive, ...]:
        """Other servers that belong to the site: they pass to nothing else, but send visitors on, refuse them, or serve the
        same application under another address."""
        return tuple(entry for entry in self.others if self._is_kin(entry))

    @cached_property
    def _kept_ids(self) -> frozenset[int]:
        return frozenset(map(id, self.kept))

    def keeps(self, server: Directive) -> bool:
        """Whether it is one of those."""
        return id(server) in self._kept_ids

    @cached_property
    def _params_ids(self) -> frozenset[int]:
        return frozenset(map(id, self.params))

    def gives(self, param: Directive) -> bool:
        """Whether a variable is for the application."""
        return id(param) in self._params_ids

    def _is_kin(self, server: Directive) -> bool:
        passes = list(server.deep(*PASSES))
        if passes:
            return all(self.passes_here(entry) for entry in passes)
        answers = [*server.all("return"), *server.all("rewrite"), *_returning(server)]
        if not answers:
            return False
        names, own = names_of(server), names_of(self.server)
        is_default = any("default_server" in entry.args for entry in server.all("listen"))
        to_own = any(name in arg for entry in answers for arg in entry.args for name in own)
        return not names or is_default or to_own or bool(set(names) & set(own)) or not self._has_other_sites

    @cached_property
    def _has_other_sites(self) -> bool:
        return any(next(entry.deep(*PASSES), None) for entry in self.others if not self._passes_only_here(entry))

    def _passes_only_here(self, server: Directive) -> bool:
        return all(self.passes_here(entry) for entry in server.deep(*PASSES))

    @cached_property
    def params(self) -> tuple[Directive, ...]:
        """The variables that the application gets."""
        return self.in_force("uwsgi_param")

    @cached_property
    def formats_kept(self) -> frozenset[str]:
        """The log formats of lines that are copied: in other locations and servers."""
        blocks = (entry for entry in self.server.all("location", "if") if entry is not self.application)
        lines = (line for block in (*blocks, *self.kept) for line in block.deep("access_log"))
        return frozenset(line.args[1] for line in lines if len(line.args) > 1)

    @cached_property
    def speaks_http(self) -> bool:
        """Whether nginx passes to the application over HTTP."""
        lines = _direct(self.application) if self.application else self.server.deep(*_PASS_NAMES)
        passing = next((one for one in lines if self.passes_here(one)), None)
        return passing is not None and passing.name == "proxy_pass"

    @cached_property
    def is_rendered(self) -> bool:
        """Whether Portico wrote the configuration."""
        return any(entry.args[-1:] == ("$portico_request_id",) for entry in self.http.all("map"))

    def stands_in_front(self, directive: Directive) -> bool:
        """Whether Portico writes that in the location that looks for files."""
        front = self.stands.front
        return front is not None and self.stands.among(directive, tuple(front.all(directive.name)))

    @property
    def outer_params(self) -> tuple[Directive, ...]:
        """Those that a location of the server inherits."""
        return self.all(self.server, "uwsgi_param") or self.all(self.http, "uwsgi_param")

    @cached_property
    def params_file(self) -> str:
        """The file of variables that is included in the place of Portico's own; empty where that says the same."""
        around = next((block for block in self.chain if block.first("uwsgi_param")), None)
        return next(own_files(self.params, around), "") if around else ""

    @property
    def shares_params(self) -> bool:
        """Whether a file `uwsgi_params` lies beside Portico's configuration."""
        return not self.params_file

    @property
    def where(self) -> str:
        """The place of the server; of one that only stands around a part of a configuration, that of its first line."""
        return self.server.where if self.server.line else (self.server.block or (self.server,))[0].where

    @property
    def folder(self) -> str:
        """Where relative names of most directives start: the folder of the main file."""
        return self.root.file.rpartition("/")[0]


def names_of(server: Directive) -> tuple[str, ...]:
    """The names of a server, without those that are none."""
    return tuple(name for entry in server.all("server_name") for name in entry.args if name not in ("", "_", '""'))


def target_of(directive: Directive) -> str:
    """The upstream or the address of a pass, without its scheme and its URI."""
    text = directive.args[0] if directive.args else ""
    scheme, found, rest = text.partition("://")
    text = rest if found and scheme.isalnum() and scheme != "unix" else text
    if text.startswith("unix:"):
        return "unix:/" + text.removeprefix("unix:").split(":", 1)[0].lstrip("/")
    return text.split("/", 1)[0]


def is_everything(location: Directive) -> bool:
    """Whether it is for every path that no other location takes."""
    modifier, name = parts(location)
    return name == "/" if modifier in ("", "^~") else modifier in ("~", "~*") and name in _EVERYTHING


def _direct(location: Directive) -> Iterator[Directive]:
    """What stands in a location or in an `if` of it."""
    for entry in location.block or ():
        yield entry
        if entry.name == "if":
            yield from entry.block or ()


def _returning(server: Directive) -> Iterator[Directive]:
    for entry in server.all("if", "location"):
        yield from entry.all("return", "rewrite")


def is_constant(text: str) -> bool:
    """Whether it has no variables but the dollar sign's own."""
    return not VARIABLE.search(text.replace("${portico_dollar}", ""))


def is_single(name: str) -> bool:
    """Whether nginx takes it once in a block."""
    return name not in REPEATABLE
