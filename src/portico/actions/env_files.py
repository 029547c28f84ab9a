"""Files of variables beside the project: those it was told to use, and what a `.env` would say."""

from __future__ import annotations

import shlex
from pathlib import Path

from portico.actions.configure import Loaded
from portico.hops.wsgi import dotenv
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.system import files

BAD_ENV_FILE = Kind(
    "config.E010",
    "config",
    "An environment file cannot be used",
    "An application without its variables fails later, and less clearly.",
    source="docs/decisions/0007-the-environment.md",
    shows="The command ends with exit status 2 and names the file, and the line that is not understood.",
    example="DATABASE_URL postgres://localhost/shop      # .env, line 3: no `=`",
    cure="One `KEY=VALUE` a line. A path in `env_files` is relative to the project's folder, and the file must be "
    "readable: `ls -l .env`.",
)


def env_files(loaded: Loaded, project: Path) -> dict[str, str]:
    """The variables of all `env_files`, later files winning. Raises PorticoError for one that cannot be read or parsed."""
    merged: dict[str, str] = {}
    for name in loaded.config.env_files or ():
        path = project / name
        try:
            if not path.is_file():
                raise ValueError("it is not there, or it is no file")
            # Values are bytes to the application, whatever their encoding (environ(7), PEP 383).
            merged.update(dotenv.parse(path.read_bytes().decode("utf-8", "surrogateescape")))
        except (OSError, ValueError) as error:
            place = loaded.places.get("env_files", loaded.file)
            finding = BAD_ENV_FILE.found(
                cause=f"{path}: {error.strerror if isinstance(error, OSError) else error}",
                evidence=[f"{place}: env_files = {name!r}"],
                fix=[f"ls -l {shlex.quote(str(path))}", "one KEY=VALUE a line"],
            )
            raise PorticoError(finding, Exit.USAGE) from None
    return merged


def env_file_names(project: Path) -> dict[str, tuple[str, ...]]:
    """The names that a `.env` in the project defines, for a hint when a variable is missing."""
    rows = [
        line.strip().removeprefix("export ").partition("=")
        for line in (files.read_text(project / ".env") or "").splitlines()
    ]
    names = tuple(name.strip() for name, equals, _ in rows if equals and name.strip().isidentifier())
    return {".env": names} if names else {}


def dotenv_settings(project: Path, directory: Path) -> str:
    """The settings module that a `.env` names: the one thing read from it unasked. Empty when there is none."""
    for folder in dict.fromkeys((directory, project)):
        text = files.read_text(folder / ".env")
        if text and (module := dotenv.lookup(text, "DJANGO_SETTINGS_MODULE")):
            return module
    return ""
