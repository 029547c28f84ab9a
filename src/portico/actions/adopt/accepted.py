"""Values that a key of portico.toml does not take: their lines are left, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from portico.actions.adopt.kinds import EXPOSED
from portico.actions.adopt.merge import merge
from portico.actions.config_texts import holds_project, problems
from portico.model.adoption import Carried
from portico.model.config import Config
from portico.model.finding import Finding

#: One refused value may hide another.
_ROUNDS = 8


def accepted(lines: Sequence[Carried]) -> tuple[Carried, ...]:
    """The same lines; those whose value the configuration would refuse are `left`."""
    found = tuple(lines)
    for _ in range(_ROUNDS):
        refused = _refused(found)
        if not refused:
            break
        found = tuple(_left(line, refused) for line in found)
    return found


def hidden(lines: Sequence[Carried], project: Path) -> tuple[tuple[Carried, ...], tuple[Finding, ...]]:
    """The same lines; those that would hand out the folder of the project are `left`, with a finding that names
    them."""
    config = Config.model_validate(merge(lines).config)
    folders = {project, (project / (config.uwsgi.chdir or "")).resolve()}
    told = ((key, path) for folder in folders for key, path in holds_project(config, folder))
    refused = {key: f"{path} holds the project itself" for key, path in told}
    found = tuple(_left(line, refused) for line in lines)
    lost = [before for before, after in zip(lines, found, strict=True) if before is not after]
    return found, _exposed(lost)


def _exposed(lost: Sequence[Carried]) -> tuple[Finding, ...]:
    if not lost:
        return ()
    rows = [f"{line.where}: {line.text}" for line in lost]
    fix = ['"/static/" = "staticfiles"   # under [static] in portico.toml: a folder of their own, if they are static files']
    return (EXPOSED.found(cause=f"{lost[0].where} names the project's own folder", evidence=rows, fix=fix),)


def _refused(lines: Sequence[Carried]) -> dict[str, str]:
    """Dotted keys and why."""
    try:
        config = Config.model_validate(merge(lines).config)
    except ValidationError as error:
        return {".".join(map(str, one["loc"])): one["msg"].removeprefix("Value error, ") for one in error.errors()}
    return {key: why for key, why, _ in problems(config)}


def _left(line: Carried, refused: dict[str, str]) -> Carried:
    if line.fate not in ("key", "raw") or line.value is None:
        return line
    keys = [f"{line.key}.{name}" for name in line.value] if isinstance(line.value, Mapping) else [line.key]
    why = next((why for key, why in refused.items() if any(_names(own, key) for own in keys)), "")
    return replace(line, fate="left", value=None, why=f"{line.key} does not take it: {why}") if why else line


def _names(key: str, refused: str) -> bool:
    return refused == key or refused.startswith(f"{key}.") or key.startswith(f"{refused}.")
