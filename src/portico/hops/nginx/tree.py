"""nginx's configuration as a tree of directives, includes resolved, from what `system.nginx_conf` read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from portico.hops.nginx.syntax import mistakes
from portico.model.directive import Directive

#: A file that includes itself twice through others multiplies; nobody writes this many directives.
_MOST_DIRECTIVES = 400_000
_DEEPEST = 100
_BOM = "\ufeff"
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
#: What `ngx_conf_read_token` makes of a backslash and a character; every other pair stays as it is.
_ESCAPED = {"\\": "\\", '"': '"', "'": "'", "t": "\t", "r": "\r", "n": "\n"}


def tree(payload: Mapping[str, Any], conf: str) -> tuple[Directive | None, tuple[str, ...]]:
    """The main context as a block without a name (None when nothing could be parsed), and the parse errors as
    `file:line: text`, of mistakes in the syntax `file:line:column: text`. `payload` is crossplane's, combined or not. An
    `if` keeps its condition as arguments, without the parentheses; a lua block has its code as its only argument."""
    builder = _Builder(payload.get("config") or ())
    block = builder.file(0, ())
    errors = [*_errors(payload), *builder.problems]
    root = Directive(name="", args=(), file=conf, line=0, block=block) if block else None
    return root, tuple(dict.fromkeys(errors))


def _errors(payload: Mapping[str, Any]) -> Iterator[str]:
    """Of a file whose text is there our own errors, which have columns; crossplane's where we see nothing wrong."""
    exact: dict[str, list[str]] = {}
    for entry in payload.get("config") or ():
        file, found = str(entry.get("file", "")), mistakes(str(entry.get("text") or ""), bool(entry.get("free")))
        if found:
            exact[file] = [str((error["line"], error["error"])) for error in entry.get("errors") or ()]
            yield from (f"{file}:{one.line}:{one.column}: {one.text}" for one in found)
    for error in payload.get("errors") or ():
        if str((error.get("line"), error.get("error"))) not in exact.get(str(error.get("file")), ()):
            yield _error(error)


def _error(entry: Mapping[str, Any]) -> str:
    """One line of text; crossplane's own ends with the place, which is told once."""
    file, line, text = str(entry.get("file", "")), entry.get("line"), str(entry.get("error", ""))
    text = re.sub(r" in \S+:\d+$", "", text)
    return f"{file}:{line}: {text}" if line else f"{file}: {text}"


class _Builder:
    """Turns statements into directives, putting included files in the place of their `include`."""

    def __init__(self, files: Sequence[Mapping[str, Any]]) -> None:
        self._files = files
        self._count = 0
        self._depth = 0
        self.problems: list[str] = []

    def file(self, index: int, open_files: tuple[int, ...]) -> tuple[Directive, ...]:
        """The directives of one file. `open_files` are those whose include led here."""
        if index >= len(self._files):
            return ()
        entry = self._files[index]
        return tuple(self._block(entry.get("parsed") or (), str(entry.get("file", "")), (*open_files, index)))

    def _block(self, statements: Sequence[Mapping[str, Any]], file: str, open_files: tuple[int, ...]) -> Iterator[Directive]:
        for statement in statements:
            self._count += 1
            if self._count > _MOST_DIRECTIVES:
                self._tell(f"{file}: more than {_MOST_DIRECTIVES} directives; the rest is left out")
                return
            if "includes" in statement:
                yield from self._included(statement, file, open_files)
            elif "comment" not in statement:
                yield self._directive(statement, str(statement.get("file", file)), open_files)

    def _included(self, statement: Mapping[str, Any], file: str, open_files: tuple[int, ...]) -> Iterator[Directive]:
        for index in statement["includes"]:
            if index in open_files:
                self._tell(f"{file}:{statement.get('line')}: includes itself")
            elif len(open_files) > _DEEPEST:
                self._tell(f"{file}:{statement.get('line')}: more than {_DEEPEST} includes within each other")
            else:
                yield from self.file(index, open_files)

    def _directive(self, statement: Mapping[str, Any], file: str, open_files: tuple[int, ...]) -> Directive:
        line = int(statement.get("line") or 0)
        name = str(statement["directive"])
        if name.startswith(_BOM):
            self._tell(f"{file}:{line}: begins with a byte order mark, which nginx takes for a part of the first directive")
            name = name.lstrip(_BOM)
        lua = name.endswith("_by_lua_block")
        args = tuple(str(entry) if lua else _plain(str(entry)) for entry in statement.get("args") or ())
        inner = statement.get("block")
        block = None if inner is None else self._inner(inner, f"{file}:{line}", file, open_files)
        return Directive(_plain(name), args, file, line, block)

    def _inner(
        self, statements: Sequence[Mapping[str, Any]], where: str, file: str, open_files: tuple[int, ...]
    ) -> tuple[Directive, ...]:
        if self._depth >= _DEEPEST:
            self._tell(f"{where}: more than {_DEEPEST} blocks within each other; the rest is left out")
            return ()
        self._depth += 1
        try:
            return tuple(self._block(statements, file, open_files))
        finally:
            self._depth -= 1

    def _tell(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _plain(token: str) -> str:
    return _ESCAPE.sub(lambda pair: _ESCAPED.get(pair[1], pair[0]), token) if "\\" in token else token


def with_globals(root: Directive, text: str) -> Directive:
    """The tree with the simple directives of `nginx -g` (`daemon off; pid /run/x.pid;`), which come before the file's
    (https://nginx.org/en/docs/switches.html)."""
    words = (re.findall(r"\"[^\"]*\"|'[^']*'|[^\s\"']+", entry) for entry in text.split(";"))
    given = (tuple(word.strip("\"'") for word in line) for line in words if line)
    added = tuple(Directive(line[0], line[1:], "-g", 1) for line in given)
    return Directive(root.name, root.args, root.file, root.line, (*added, *(root.block or ())))
