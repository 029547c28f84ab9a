"""Paths that the configuration names and that are not on this machine: reported, never guessed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from portico.actions.adopt.kinds import MISSING
from portico.actions.adopt.ledger import Ledger
from portico.model.adoption import PathMap
from portico.model.finding import Finding

_FOLDERS = ("uwsgi.chdir", "nginx.public")
_FILES = ("nginx.uwsgi_params", "python")
_LOGS = ("uwsgi.log", "uwsgi.daemonize")
_LISTS = ("uwsgi.pythonpath", "env_files")
_MOST_ROWS = 8


def missing(made: Ledger, project: Path) -> list[dict[str, Any]]:
    """`path`, `key` and `where` of each, in the order of the configuration; relative ones start in `project`."""
    found = [
        {"path": str(project / path), "key": key, "where": list(made.merged.places.get(key, ()))}
        for key, path in _named(made.merged.config)
        if not _there(project / path)
    ]
    for line in made.lines:
        found += [{"path": path, "key": line.key, "where": [line.where]} for path in line.paths if not _there(Path(path))]
    return list({(one["path"], one["key"]): one for one in found}.values())


def _there(path: Path) -> bool:
    """A folder that this account may not enter is there all the same, as far as anybody can tell."""
    try:
        path.stat()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _named(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for table in ("static", "media"):
        yield from ((f"{table}.{url}", folder) for url, folder in config.get(table, {}).items())
    for key in (*_FOLDERS, *_FILES):
        if value := _value(config, key):
            yield key, value
    for key in _LOGS:
        if value := _value(config, key):
            yield key, str(Path(value).parent)
    for key in _LISTS:
        yield from ((key, value) for value in _value(config, key) or ())
    module = str(_value(config, "uwsgi.module") or "").partition(":")[0]
    if module.endswith(".py"):
        yield "uwsgi.module", module


def _value(config: Mapping[str, Any], key: str) -> Any:
    table, _, name = key.rpartition(".")
    return (config.get(table, {}) if table else config).get(name)


def finding(absent: Sequence[Mapping[str, Any]], paths: PathMap, project: Path) -> list[Finding]:
    """One for all of them. `paths` are the maps that led to them."""
    if not absent:
        return []
    rows = [f"{', '.join(one['where']) or one['key']}: {one['path']}" for one in absent]
    shown = rows if len(rows) <= _MOST_ROWS else [*rows[: _MOST_ROWS - 1], f"and {len(rows) - _MOST_ROWS + 1} more"]
    count = "One path is" if len(rows) == 1 else f"{len(rows)} paths are"
    fix = _fix([Path(one["path"]) for one in absent], paths, project)
    return [MISSING.found(cause=f"{count} not on this machine", evidence=shown, fix=fix)]


def _fix(absent: Sequence[Path], paths: PathMap, project: Path) -> list[str]:
    """What to do about each kind: those that a map has led here are not to be mapped once more."""
    ends = sorted({Path(new) for _, new in paths.pairs}, key=lambda end: -len(end.parts))
    led = {path: next((end for end in ends if path.is_relative_to(end)), None) for path in absent}
    own = [path for path, end in led.items() if path.is_relative_to(project)]
    foreign = [path for path, end in led.items() if end is None and path not in own]
    fix = []
    if foreign:
        old = f"/{foreign[0].parts[1]}" if len(foreign[0].parts) > 1 else "/old"
        fix.append(f"portico adopt --map {old}=DIR ...   # DIR is what they call {old}, here")
        fix += ["portico adopt --root DIR ..."] if not any(not old for old, _ in paths.pairs) else []
    for end in dict.fromkeys(end for path, end in led.items() if end and path not in own):
        fix.append(f"ls {shlex.quote(str(end))}   # a map leads there: is it the right folder, and whole?")
    if own:
        fix.append(f"put {shlex.quote(str(own[0]))} into the project, or correct the line that names it")
    return fix
