"""Values that a key of portico.toml does not take: their lines are left, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import ValidationError

from portico.actions.adopt.merge import merge
from portico.actions.config_texts import problems
from portico.model.adoption import Carried
from portico.model.config import Config

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
    why = next((why for key, why in refused.items() if _names(line.key, key)), "")
    return replace(line, fate="left", value=None, why=f"{line.key} does not take it: {why}") if why else line


def _names(key: str, refused: str) -> bool:
    return refused == key or refused.startswith(f"{key}.") or key.startswith(f"{refused}.")
