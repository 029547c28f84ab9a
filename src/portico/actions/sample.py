"""The sample project: where it is, and a copy of it for somebody who has only the installed package."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from portico.actions.command_here import command_here
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.system import files

#: What makes a folder the sample project, whatever else has been added to it.
_MARKS = ("manage.py", "destiny/settings.py", "journal/views.py")
#: What belongs to one installation of it: its secret, its data, its stack.
_OWN = ("__pycache__", "db.sqlite3*", "secret-key*", "media", ".portico", ".ruff_cache")
DEFAULT = "portico-demo"

TAKEN = Kind(
    "project.E005",
    "project",
    "The folder for the sample project holds something else",
    "The sample is copied into a folder of its own, so that nothing of yours is mixed with it or overwritten.",
    shows="`portico demo` ends with exit status 2 before it writes anything.",
    example="$ ls portico-demo\nnotes.txt",
    cure="Name another folder, which need not be there: `portico demo /tmp/portico-demo`. Repeated with the folder of an "
    "earlier `portico demo`, it goes on with that one.",
)
NO_SAMPLE = Kind(
    "project.E006",
    "project",
    "This installation has no sample project",
    "`portico demo` starts a small Django project that comes with Portico.",
    shows="`portico demo` ends with exit status 3.",
    example="a copy of the package that was made without its folder `sample`",
    cure="Install the package anew: `python -m pip install --force-reinstall portico`; or take a checkout, and there "
    "`make demo`.",
)


def is_sample(folder: Path) -> bool:
    """Whether the folder is the sample project, or a copy of it."""
    return all((folder / name).is_file() for name in _MARKS)


def place(project: Path, into: str) -> tuple[Path, bool]:
    """The folder of the sample to start, absolute, and whether it was made now: `project` itself where it is the sample and
    no other is named, else the folder `into`. Raises PorticoError: there is something else, or it cannot be written."""
    if not into and is_sample(project):
        return project, False
    folder = (project / (into or DEFAULT)).resolve()
    if is_sample(folder):
        return folder, False
    if folder.exists() and not (folder.is_dir() and not _names(folder)):
        raise _taken(project, folder)
    _copy(_source(), folder)
    return folder, True


def _source() -> Path:
    package = Path(__file__).parent.parent
    found = next((at for at in (package / "sample", package.parent.parent / "examples" / "destiny") if is_sample(at)), None)
    if found is None:
        finding = NO_SAMPLE.found(
            cause=f"{package / 'sample'} is not there",
            fix=["python -m pip install --force-reinstall portico"],
        )
        raise PorticoError(finding, Exit.MISSING_TOOL)
    return found


def _copy(source: Path, folder: Path) -> None:
    """All of it or nothing: what is stopped halfway leaves no folder that looks like the sample."""
    with files.writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            shutil.copytree(source, draft, ignore=shutil.ignore_patterns(*_OWN), dirs_exist_ok=True)
            draft.chmod(0o755)
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def _names(folder: Path) -> Iterable[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise files.read_error(folder, error) from error


def _taken(project: Path, folder: Path) -> PorticoError:
    there = ", ".join(list(_names(folder))[:8]) if folder.is_dir() else "it is a file"
    finding = TAKEN.found(
        cause=f"{folder} is there and is not the sample project",
        evidence=[f"in {folder}: {there}" if folder.is_dir() else f"{folder}: {there}"],
        fix=[f"{command_here(project)} demo ANOTHER-FOLDER"],
    )
    return PorticoError(finding, Exit.USAGE)
