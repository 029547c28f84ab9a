"""The option that names the file of a picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class Picture(click.Path):
    """A path that a file can be written to: what cannot be is said before anything is measured."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, readable=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        path = Path(os.fsdecode(super().convert(value, param, context)))
        if not path.name:
            self.fail("it is no name of a file", param, context)
        there = next(folder for folder in path.absolute().parents if folder.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            self.fail(f"nothing can be written in {there}", param, context)
        return path
