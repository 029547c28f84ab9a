"""What the command line said, and where that project's stack lives."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from portico.actions.config_texts import problem
from portico.actions.places import Places, places, prove_private
from portico.system import files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Options:
    """Flags of `up` and its relatives; None and empty mean "not given". `project` is absolute and resolved."""

    project: Path
    target: str = ""
    listen: str | None = None
    front: str | None = None
    python: str | None = None
    settings: str | None = None
    nginx: str | None = None
    allow_root_app: bool = False
    role: str | None = None
    fast: bool = False

    def flags(self) -> dict[str, Any]:
        """The flags that were given, by name: what `state.json` keeps."""
        return {f.name: value for f in fields(self) if f.name != "project" and (value := getattr(self, f.name))}

    def over(self, earlier: Mapping[str, Any]) -> Options:
        """These flags, and those given to an earlier `up` of a stack that still runs: a second `up` without `--listen`
        must not move the site."""
        return replace(self, **{**earlier, **self.flags()})


def find_places(project: Path) -> Places:
    """The places of a project's stack, also when its configuration is broken: `down` and `status` must always work."""
    where = places(project, _state_dir(project))
    prove_private(where.run)
    return where


def _state_dir(project: Path) -> str | None:
    for name, keys in (("portico.toml", ()), ("pyproject.toml", ("tool", "portico"))):
        text = files.read_text(project / name)
        if text is None:
            continue
        try:
            table = tomllib.loads(text)
        except (ValueError, RecursionError):
            continue
        for key in keys:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if table or not keys:
            value = table.get("state_dir") if isinstance(table, dict) else None
            return value if isinstance(value, str) and not problem(value) else None
    return None
