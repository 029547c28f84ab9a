"""The two lines in portico.toml, or in [tool.portico] of pyproject.toml; all else stays as somebody wrote it. Pure."""

from __future__ import annotations

import difflib
from collections.abc import MutableMapping
from typing import Any

import tomlkit

from portico.actions.tune.sizes import Size

NAME = "portico.toml"
_PYPROJECT = "pyproject.toml"


def lines(file: str, size: Size) -> str:
    """What to write into that file, for people."""
    return f"[{'.'.join(_tables(file))}]\nprocesses = {size.processes}\nthreads = {size.threads}"


def changed(text: str, file: str, size: Size) -> str:
    """The text of that file with these values: comments, order and spaces stay. Raises ValueError for what is not TOML."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    document = tomlkit.parse(text.removeprefix(mark))
    table: MutableMapping[str, Any] = document
    for name in _tables(file):
        if name not in table:
            table[name] = tomlkit.table()
        table = table[name]
    table["processes"] = size.processes
    table["threads"] = size.threads
    return mark + tomlkit.dumps(document)


def diff(before: str, after: str, file: str) -> str:
    """The change as a unified diff; empty where there is none."""
    rows = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{file}", f"b/{file}", lineterm="")
    return "\n".join(rows)


def _tables(file: str) -> tuple[str, ...]:
    return ("tool", "portico", "uwsgi") if file == _PYPROJECT else ("uwsgi",)
