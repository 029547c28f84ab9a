"""The entries of the ledger as one configuration: each key with its value and the lines it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portico.model.adoption import Carried
from portico.model.config import Config

#: The tables whose own keys are names of the user's, with whatever characters.
_TABLES = ("env", "static", "media")


@dataclass(frozen=True)
class Merged:
    """`config` is nested as in portico.toml; `places` maps a dotted key, or a table's (`static./static/`), to where its
    value comes from."""

    config: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def merge(lines: Iterable[Carried]) -> Merged:
    """Lists and tables add up in the order of the lines; of another value the last one counts. Keys come in the order of the
    reference."""
    config: dict[str, Any] = {}
    places: dict[str, list[str]] = {}
    for line in lines:
        if line.fate not in ("key", "raw") or line.value is None:
            continue
        for key, value in _single(line):
            adds = isinstance(value, tuple)
            _put(config, key, value)
            places[_dotted(key)] = [*(places.get(_dotted(key), []) if adds else ()), line.where]
    return Merged(_in_order(config, Config), {key: tuple(dict.fromkeys(found)) for key, found in places.items()})


def _single(line: Carried) -> list[tuple[tuple[str, ...], Any]]:
    """The keys an entry sets, each as its path, with what it puts there. A table without entries is one, too."""
    first, _, rest = line.key.partition(".")
    path = (first, rest) if first in _TABLES and rest else tuple(line.key.split("."))
    if isinstance(line.value, Mapping) and line.value:
        return [((*path, name), value) for name, value in line.value.items()]
    return [(path, {} if isinstance(line.value, Mapping) else line.value)]


def _put(config: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    table = config
    for part in path[:-1]:
        table = table.setdefault(part, {})
    table[path[-1]] = [*table.get(path[-1], ()), *value] if isinstance(value, tuple) else value


def _in_order(table: Mapping[str, Any], model: Any) -> dict[str, Any]:
    known = [name for name in model.model_fields if name in table]
    ordered = {name: table[name] for name in (*known, *(name for name in table if name not in known))}
    inner = {name: model.model_fields[name].annotation for name in known}
    return {
        name: _in_order(value, inner[name]) if hasattr(inner.get(name), "model_fields") else value
        for name, value in ordered.items()
    }


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path)
