"""Reading nginx's configuration from disk, its includes with it; `hops.nginx.tree` makes directives of what comes back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import crossplane
from crossplane.ext.lua import LuaBlockPlugin
from crossplane.lexer import register_external_lexer

from portico.model.adoption import NO_MAP, PathMap
from portico.system.nginx_conf_files import MOST_FILES, Unreadable, folders, included, text_of

_MOST_CHARACTERS = 8 << 20
#: Blocks of Lua that crossplane does not know yet (https://github.com/openresty/lua-nginx-module#directives).
_LUA = ("exit_worker", "server_rewrite", "precontent", "ssl_client_hello", "proxy_ssl_verify", "proxy_ssl_certificate")
register_external_lexer([f"{name}_by_lua_block" for name in _LUA], LuaBlockPlugin().lex)
#: A file with one of these blocks is a configuration of its own (https://nginx.org/en/docs/beginners_guide.html#conf_structure).
_WHOLE = frozenset({"http", "events", "stream", "mail"})
#: Blocks whose entries are no directives: their names and the number of their arguments are free.
_FREE = frozenset({"map", "types", "charset_map", "geo", "split_clients"})


def read(conf: Path, prefix: str = "", paths: PathMap = NO_MAP) -> dict[str, Any]:
    """crossplane's payload of `conf` and all that it includes, files not yet combined
    (https://github.com/nginxinc/crossplane#crossplane-parse), with the `text` of each file beside its
    statements, and `free` true where these are no directives, but entries of a map or the like. A relative
    `conf` starts at `prefix`, as nginx's `-c` does. Absolute paths of includes are those of another machine when `paths`
    says where these lie.

    Never raises: what cannot be opened or understood is told in `errors`. A `conf` that cannot be opened has `config` [].
    An include that is not there, is no ordinary file or too large is told and left out.
    """
    start = os.path.abspath(Path(prefix or ".") / conf)  # noqa: PTH100  (links stay: nginx names the path it was given)
    reading = _Reading(Path(start), paths)
    try:
        reading.all()
    except Exception as error:  # crossplane promises nothing about files that are no configuration
        reading.tell(start, None, f"cannot be read: {error}")
    return {"status": "failed" if reading.errors else "ok", "errors": reading.errors, "config": reading.config}


class _Reading:
    """The files that were read, and those that were found on the way and are still to be."""

    def __init__(self, start: Path, paths: PathMap) -> None:
        self.config: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []
        self._start = start
        self._paths = paths
        self._folders: list[str] = []
        self._texts = {str(start): ""}
        self._index = {str(start): 0}
        self._free: set[str] = set()
        self._characters = 0
        self._full = False

    def tell(self, file: str, line: int | None, error: str) -> None:
        self.errors.append({"file": file, "error": error, "line": line})

    def all(self) -> None:
        """Reads the first file and what it includes."""
        first = str(self._start)
        try:
            self._texts[first] = text_of(first, self._paths)
        except Unreadable as error:
            self.tell(first, None, _absent(error))
            return
        waiting = [first]
        for file in waiting:
            parsed = self._parse(file)
            if not self._folders:
                fragment = not any(statement["directive"] in _WHOLE for statement in parsed)
                self._folders = folders(self._start, fragment, self._paths)
            for statement, free in _includes(parsed, file in self._free):
                waiting += self._follow(statement, file, free)

    def _parse(self, file: str) -> Sequence[dict[str, Any]]:
        text = self._texts.pop(file)
        payload = crossplane.parser.parse_string(
            text, filename=file, single=True, comments=False, check_ctx=False, check_args=file not in self._free
        )
        entry = payload["config"][0]
        entry |= {"text": text, "free": file in self._free}
        self.errors += payload["errors"]
        self.config.append(entry)
        parsed: Sequence[dict[str, Any]] = entry["parsed"]
        return parsed

    def _follow(self, statement: dict[str, Any], file: str, free: bool) -> Iterator[str]:
        """The files of an include that were not known before; gives the statement the numbers of all of them."""
        statement["includes"] = []
        for found in included(statement["args"][0], self._folders, self._paths):
            if found not in self._index and self._open(found, file, statement):
                if free:
                    self._free.add(found)
                yield found
            if found in self._index:
                statement["includes"].append(self._index[found])

    def _open(self, found: str, file: str, statement: Mapping[str, Any]) -> bool:
        line = statement["line"]
        if self._full:
            return False
        try:
            text = text_of(found, self._paths)
        except Unreadable as error:
            self.tell(file, line, self._why(found, error, statement["args"][0]))
            return False
        if len(self._index) >= MOST_FILES or self._characters + len(text) > _MOST_CHARACTERS:
            self._full = True
            limits = f"more than {MOST_FILES} files or {_MOST_CHARACTERS >> 20} MiB"
            self.tell(file, line, f"includes are left unread from here on: {limits}")
            return False
        self._characters += len(text)
        self._texts[found] = text
        self._index[found] = len(self._index)
        return True

    def _why(self, found: str, error: Unreadable, word: str) -> str:
        if not error.named:
            return f"{found} is {error}"
        elsewhere = () if word.startswith("/") or os.path.lexists(found) else self._folders[1:]
        return f"{error}, nor in {' or '.join(elsewhere)}" if elsewhere else str(error)


def _absent(error: Unreadable) -> str:
    return "no such file" if str(error).startswith("[Errno 2]") else str(error)


def _includes(parsed: Sequence[dict[str, Any]], free: bool) -> Iterator[tuple[dict[str, Any], bool]]:
    """The include statements at any depth, in their order, and whether they stand in a block of free entries."""
    waiting: list[tuple[dict[str, Any], bool]] = [(statement, free) for statement in reversed(parsed)]
    while waiting:
        statement, free = waiting.pop()
        if _names_files(statement):
            yield statement, free
        inside = free or statement["directive"] in _FREE
        waiting += [(inner, inside) for inner in reversed(statement.get("block") or ())]


def _names_files(statement: Mapping[str, Any]) -> bool:
    return statement["directive"] == "include" and len(statement["args"]) == 1 and "block" not in statement
