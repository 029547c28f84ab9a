"""A row of the tables of fates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Word:
    """What becomes of an option whatever its value. `written`: Portico writes the option itself; with another value it
    differs. `paths` is what the value of a raw line holds of paths (see `fates.raw`)."""

    fate: Literal["same", "differs", "left", "raw", "written"]
    why: str = ""
    paths: str = ""


def each(
    names: str, fate: Literal["same", "differs", "left", "raw", "written"], why: str = "", paths: str = ""
) -> dict[str, Word]:
    """The same row for several names."""
    return dict.fromkeys(names.split(), Word(fate, why, paths))
