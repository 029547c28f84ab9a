"""A configuration as the text of portico.toml, with the place that each value comes from behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os.path import commonpath
from typing import Any

import tomlkit

from portico.actions.adopt.folded import folded
from portico.actions.adopt.merge import Merged
from portico.model.adoption import Carried

_MOST_PLACES = 4


def text(merged: Merged, files: Sequence[str], lines: Sequence[Carried]) -> str:
    """The file. `files` are those it was made of, `lines` the whole ledger: those that are left stand in comments at its
    end, because what is not carried over is not to be forgotten."""
    short = _shortener(files)
    places = {key: ", ".join(_few([short(place) for place in found])) for key, found in merged.places.items()}
    origin = " and ".join(files)
    rows = [_plain(f"# Taken over by `portico adopt` from {origin}.")]
    single = {key: value for key, value in merged.config.items() if not isinstance(value, Mapping)}
    rows += ["", *_table(single, "", places)] if single else []
    for key, value in merged.config.items():
        if isinstance(value, Mapping):
            rows += ["", f"[{_key(key)}]", *_table(value, key, places)]
    return "".join(f"{row}\n" for row in (*rows, *_remarks(lines, short)))


def _table(values: Mapping[str, Any], name: str, places: Mapping[str, str]) -> Iterator[str]:
    """The lines of a table. Its own text, because a table of tomlkit takes longer for each key the more there are."""
    for key, value in values.items():
        place = places.get(f"{name}.{key}" if name else key, "")
        yield f"{_key(key)} = {_value(value)}" + (f"  # {place}" if place else "")
    if not values and name in places:
        yield f"# None, as in {places[name]}."


def _key(name: str) -> str:
    return tomlkit.key(name).as_string()


def _value(value: Any) -> str:
    if not isinstance(value, list):
        return _single(value)
    shown = [_single(one) for one in value]
    if len(value) > 1 or any(len(str(one)) > 60 for one in value):
        return "[\n" + "".join(f"    {one},\n" for one in shown) + "]"
    return f"[{', '.join(shown)}]"


def _single(value: str | int | bool) -> str:
    written: str = tomlkit.item(value).as_string()
    return written


def _few(places: list[str]) -> list[str]:
    return (
        places
        if len(places) <= _MOST_PLACES
        else [*places[: _MOST_PLACES - 1], f"and {len(places) - _MOST_PLACES + 1} more"]
    )


def _shortener(files: Sequence[str]) -> Any:
    """Places without the folder that all files share."""
    folder = commonpath([file.rpartition("/")[0] or "/" for file in files]) if files else ""
    start = folder.rstrip("/") + "/"
    return lambda place: _plain(place.removeprefix(start))


def _plain(text: str) -> str:
    """A comment is one line without control characters (https://toml.io/en/v1.0.0#comment)."""
    return "".join(character if character.isprintable() else " " for character in text)


def _remarks(lines: Sequence[Carried], short: Any) -> list[str]:
    rows = [
        f"#   {row.where}: {_plain(row.text)}" + (f"  ({_plain(row.why)})" if row.why else "")
        for row in folded(lines, "left", short)
    ]
    return ["", "# Not carried over:", *rows] if rows else []
