"""Every kind of finding there is, by id: for output that carries its own explanation."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping

import portico
from portico.model.finding import Kind


def declared(ids: Iterable[str]) -> Mapping[str, Kind]:
    """The kinds of those ids. The whole package is imported for it; `inside` declares none and runs in other Pythons."""
    wanted = set(ids)
    found: dict[str, Kind] = {}
    for kinds in _by_module():
        found.update(kinds)
        if not wanted - found.keys():
            break
    return {name: kind for name, kind in found.items() if name in wanted}


def every() -> Mapping[str, Kind]:
    """All kinds there are."""
    return {name: kind for kinds in _by_module() for name, kind in kinds.items()}


def _by_module() -> Iterator[dict[str, Kind]]:
    for info in pkgutil.walk_packages(portico.__path__, "portico."):
        if ".inside" not in info.name and not info.name.endswith("__main__"):
            module = importlib.import_module(info.name)
            yield {kind.id: kind for value in vars(module).values() for kind in _kinds(value)}


def _kinds(value: object) -> Iterator[Kind]:
    if isinstance(value, Kind):
        yield value
    elif isinstance(value, (tuple, list, frozenset)):
        yield from (item for item in value if isinstance(item, Kind))
    elif isinstance(value, Mapping):
        yield from (item for item in value.values() if isinstance(item, Kind))
