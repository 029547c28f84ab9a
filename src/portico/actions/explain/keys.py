"""A key of portico.toml: what it means, its value here, and where that came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel

from portico.actions.configure import Loaded, load
from portico.actions.explain.subject import Subject
from portico.model.config import Config
from portico.model.explained import Line
from portico.model.origin import Origin
from portico.system import files

_PLACE = re.compile(r"(?P<file>.+):(?P<line>\d+)$")


@lru_cache(maxsize=1)
def descriptions() -> dict[str, str]:
    """What the reference page says of each key, by its dotted name."""
    return dict(_fields(Config, ""))


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        table = next((one for one in (field.annotation, *get_args(field.annotation)) if _is_table(one)), None)
        if table:
            yield from _fields(table, f"{name}.")
        else:
            yield f"{prefix}{name}", field.description or ""


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def told(key: str, about: Subject) -> dict[str, Any]:
    """`{"key", "value", "origin", "from"}`: `origin` is default, detected, file or flag; `from` is `portico.toml:12`,
    `--listen`, `2 cores`, and empty for a plain default."""
    origin = about.plan.origins.get(key) or _unrecorded(key, about)
    value = about.values.get(key)
    if isinstance(value, str):
        value = about.discreet(value)
    elif isinstance(value, (list, tuple)):
        value = [about.discreet(str(item)) for item in value]
    return {"key": key, "value": value, "origin": origin.kind, "from": origin.detail}


def _unrecorded(key: str, about: Subject) -> Origin:
    """Of keys that shape a plan and are in none: `user`, `state_dir`."""
    loaded: Loaded = load(about.where.project)
    place = loaded.places.get(key, "")
    return Origin("file", place) if place else Origin("default")


def place_of(line: Line, about: Subject) -> str:
    """`portico.toml:14`: where a line of the user's stands. The key's own line when the file has changed since."""
    detail = told(line.keys[0], about)["from"] if line.keys else ""
    found = _PLACE.match(detail)
    if not found:
        return str(detail)
    rows = (files.read_text(about.where.project / found["file"]) or "").splitlines()
    first = int(found["line"])
    raw = line.text.strip()
    at = next((number for number, row in enumerate(rows, 1) if number >= first and raw in about.discreet(row)), first)
    return f"{found['file']}:{at}"
