"""A configuration as the text of portico.toml, with the place that each value comes from behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os.path import commonpath
from typing import Any

import tomlkit
from tomlkit.items import Item, Table

from portico.actions.adopt.folded import folded
from portico.actions.adopt.merge import Merged
from portico.model.adoption import Carried

_MOST_PLACES = 4


def text(merged: Merged, files: Sequence[str], lines: Sequence[Carried]) -> str:
    """The file. `files` are those it was made of, `lines` the whole ledger: those that are left stand in comments at its
    end, because what is not carried over is not to be forgotten."""
    short = _shortener(files)
    document = tomlkit.document()
    document.add(tomlkit.comment(f"Taken over by `portico adopt` from {' and '.join(files)}."))
    places = {key: ", ".join(_few([short(place) for place in found])) for key, found in merged.places.items()}
    if any(not isinstance(value, Mapping) for value in merged.config.values()):
        document.add(tomlkit.nl())
    for key, value in merged.config.items():
        if not isinstance(value, Mapping):
            document.add(key, _item(value, places.get(key, "")))
    for key, value in merged.config.items():
        if isinstance(value, Mapping):
            document.add(tomlkit.nl())
            document.add(key, _table(value, key, places))
    written = tomlkit.dumps(document).rstrip("\n") + "\n"
    return written + "".join(f"{line}\n" for line in _remarks(lines, short))


def _table(values: Mapping[str, Any], name: str, places: Mapping[str, str]) -> Table:
    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, _item(value, places.get(f"{name}.{key}", "")))
    if not values and name in places:
        table.add(tomlkit.comment(f"None, as in {places[name]}."))
    return table


def _item(value: Any, place: str) -> Item:
    if isinstance(value, list):
        item: Item = _array(value)
    else:
        item = tomlkit.item(value)
    if place:
        item.comment(place)
        item.trivia.comment_ws = "  "
    return item


def _array(values: list[Any]) -> Item:
    """Read from text, because an array of tomlkit takes longer for each value the more there are."""
    shown = [tomlkit.item(one).as_string() for one in values]
    if len(values) > 1 or any(len(str(one)) > 60 for one in values):
        return tomlkit.value("[\n" + "".join(f"    {one},\n" for one in shown) + "]")
    return tomlkit.value(f"[{', '.join(shown)}]")


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
