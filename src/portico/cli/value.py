"""A value of portico.toml as people write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shown(value: Any, nothing: str = "-") -> str:
    """One line; `nothing` stands for an empty value, and for none."""
    if value is True or value is False:
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value)) or nothing
    if isinstance(value, Mapping):
        return " ".join(f"{key}={item}" for key, item in value.items()) or nothing
    return str(value) if value not in ("", None) else nothing
