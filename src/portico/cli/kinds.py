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
    for info in pkgutil.walk_packages(portico.__path__, "portico."):
        if not wanted - found.keys():
            break
        if ".inside" not in info.name and not info.name.endswith("__main__"):
            module = importlib.import_module(info.name)
            found.update((kind.id, kind) for value in vars(module).values() for kind in _kinds(value))
    return {name: kind for name, kind in found.items() if name in wanted}


def _kinds(value: object) -> Iterator[Kind]:
    if isinstance(value, Kind):
        yield value
    elif isinstance(value, (tuple, list)):
        yield from (item for item in value if isinstance(item, Kind))
