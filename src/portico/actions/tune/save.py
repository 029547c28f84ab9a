"""What a run leaves: its picture, and where that was asked for, the change of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico.actions.configure import load
from portico.actions.tune import written
from portico.actions.tune.pictures import plots
from portico.actions.tune.sizes import Size
from portico.export.plot_sheet import sheet
from portico.model.file import File
from portico.system import edit, files
from portico.system.accounts import acting_as, ourselves, owner

_PICTURE = "tune.svg"


@dataclass(frozen=True)
class Change:
    """What would become of the file at `path`: `before` is empty where there is none yet."""

    path: Path
    before: str
    after: str

    @property
    def diff(self) -> str:
        return written.diff(self.before, self.after, self.path.name)


def change(project: Path, file: str, size: Size) -> Change:
    """The change of the configuration. Raises PorticoError when the file cannot be read any more."""
    path = project / file
    try:
        before = edit.read(path) if path.exists() else ""
    except OSError as error:
        raise files.read_error(path, error) from None
    return Change(path, before, written.changed(before, file, size))


def apply(project: Path, made: Change) -> str:
    """Write it, as the project's owner would, and return the path. Raises PorticoError when it cannot be written; then
    nothing has changed."""
    with acting_as(owner(project)):
        if made.path.exists():
            try:
                edit.replace_text(made.path, made.after)
            except OSError as error:
                raise files.write_error(made.path, error) from None
        else:
            files.write(project, File(made.path.name, made.after, 0o644))
    load(project)
    return str(made.path)


def picture(project: Path, wanted: Path | None, data: Mapping[str, Any]) -> str:
    """Write the picture to `wanted`, else to `.portico/tune.svg`, and return its path. Raises PorticoError."""
    text = sheet(plots(data))
    if wanted is not None:
        return str(files.write(wanted.absolute().parent, File(wanted.name, text, 0o644)))
    folder = project / ".portico"
    with acting_as(owner(project)):
        if not folder.is_dir():
            files.make_dir(folder, 0o755 if ourselves().uid != owner(project).uid else 0o700)
            files.write(folder, File(".gitignore", "*\n", 0o644))
        return str(files.write(folder, File(_PICTURE, text, 0o644)))
