"""Frozen dataclasses out of JSON that may lack keys, have further ones, or hold something else than was expected."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

_T = TypeVar("_T")
_UNFIT = object()


def read(kind: type[_T], data: Mapping[str, Any]) -> _T:
    """An instance of the dataclass; what is missing or of another type than the field's takes the field's default."""
    hints = _hints(kind)  # type: ignore[arg-type]  # every class is hashable
    found = {}
    for entry in fields(kind):  # type: ignore[arg-type]
        if entry.name in data:
            value = _convert(hints[entry.name], data[entry.name])
            if value is not _UNFIT:
                found[entry.name] = value
    return kind(**found)


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    """Annotations are texts that have to be evaluated: once, for an answer is read by every rule that asks about it."""
    return get_type_hints(kind)


def _convert(hint: Any, value: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        converted = (_convert(option, value) for option in arguments)
        return next((one for one in converted if one is not _UNFIT), _UNFIT)
    if origin is Literal:
        return value if value in arguments else _UNFIT
    if origin is tuple:
        return _tuple(arguments, value)
    if is_dataclass(hint):
        return read(hint, value) if isinstance(value, Mapping) else _UNFIT  # type: ignore[arg-type]
    return _plain(origin or hint, value)


def _tuple(arguments: tuple[Any, ...], value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return _UNFIT
    if arguments[-1] is Ellipsis:
        converted = (_convert(arguments[0], item) for item in value)
        return tuple(item for item in converted if item is not _UNFIT)
    if len(arguments) != len(value):
        return _UNFIT
    items = tuple(_convert(hint, item) for hint, item in zip(arguments, value, strict=True))
    return _UNFIT if _UNFIT in items else items


def _plain(kind: Any, value: Any) -> Any:
    if kind is type(None):
        return value if value is None else _UNFIT
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, bool):
        return _UNFIT
    return value if isinstance(value, kind) else _UNFIT
