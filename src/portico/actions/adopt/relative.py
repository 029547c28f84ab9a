"""Paths within the project, relative to it: a portico.toml that goes into the repository is right for every checkout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

#: Keys whose value, or whose table's values, or whose list's items, are paths that start at the project's folder.
_PATHS = frozenset(("static", "media", "env_files", "nginx.public", "nginx.uwsgi_params", "uwsgi.chdir", "uwsgi.pythonpath"))
_LOGS = frozenset(("nginx.access_log", "nginx.error_log", "uwsgi.log", "uwsgi.daemonize", "uwsgi.module"))


def relative(config: Mapping[str, Any], project: Path) -> dict[str, Any]:
    """The same configuration for a portico.toml in `project`."""
    return _table(config, "", lambda path: _inside(path, project))


def _table(table: Mapping[str, Any], prefix: str, short: Callable[[str], str]) -> dict[str, Any]:
    return {name: _value(value, f"{prefix}{name}", short) for name, value in table.items()}


def _value(value: Any, key: str, short: Callable[[str], str]) -> Any:
    known = key in _PATHS or key in _LOGS
    if isinstance(value, Mapping):
        return {name: short(path) for name, path in value.items()} if known else _table(value, f"{key}.", short)
    if isinstance(value, list):
        return [short(path) for path in value] if known else value
    return short(value) if known and isinstance(value, str) else value


def _inside(path: str, project: Path) -> str:
    if not path.startswith("/") or not Path(path).is_relative_to(project):
        return path
    return str(Path(path).relative_to(project))
