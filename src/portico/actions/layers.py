"""One value out of several layers, with its origin: flag, file, environment, detected, default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from portico.model.config import Config
from portico.model.origin import Origin

T = TypeVar("T")


class Layers:
    """Picks values and remembers where each came from; lives only while a plan is resolved."""

    def __init__(self, config: Config, places: Mapping[str, str]) -> None:
        self._config = config
        self._places = places
        self.origins: dict[str, Origin] = {}
        self.values: dict[str, Any] = {}

    def configured(self, key: str) -> Any:
        """What the file says for a dotted key, or None."""
        value: Any = self._config
        for part in key.split("."):
            value = getattr(value, part)
        return value

    def pick(
        self,
        key: str,
        default: T,
        *,
        why: str = "",
        flag: T | None = None,
        flag_name: str = "",
        detected: T | None = None,
        source: str = "",
    ) -> T:
        """The value of `key`: the flag, else the file, else what was detected (`source` says where), else the default
        (`why` says how it was worked out)."""
        value: T
        if flag is not None:
            value, origin = flag, Origin("flag", flag_name)
        elif (from_file := self.configured(key)) is not None:
            value, origin = from_file, Origin("file", self._places.get(key, "portico.toml"))
        elif detected is not None:
            value, origin = detected, Origin("detected", source)
        else:
            value, origin = default, Origin("default", why)
        return self.note(key, value, origin)

    def note(self, key: str, value: T, origin: Origin) -> T:
        """Record a value that was settled elsewhere."""
        self.origins[key] = origin
        self.values[key] = value
        return value
