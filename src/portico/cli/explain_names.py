"""The text of `portico explain NAME`, and of a key with its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Data = Mapping[str, Any]


def origin(key: Data) -> str:
    """`nginx.gzip = true   default (why)`."""
    value = "" if key["value"] is None else f" = {shown(key['value'])}"
    source = key["origin"] + (f": {key['from']}" if key["from"] else "")
    return f"{key['key']}{value}   {source}"


def shown(value: Any) -> str:
    """A value of portico.toml as people write it."""
    if value is True or value is False:
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value)) or "none"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={item}" for key, item in value.items()) or "none"
    return str(value) if value not in ("", None) else "none"


def lines(data: Data) -> Iterator[str]:
    """Not yet."""
    yield str(data)
