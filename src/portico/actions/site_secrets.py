"""The secrets of one site, wherever it keeps them, so that nothing that is shown has one of them in it.

They are read from where they lie each time and kept nowhere. What cannot be read is passed over: a command must not fail
because of it, and what is a secret by its form is hidden all the same.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from portico.actions.doctor.discretion import Discretion
from portico.actions.doctor.secrets import of_words
from portico.actions.log_secrets import environments
from portico.actions.options import find_places
from portico.hops.django.settings_source import given
from portico.hops.wsgi import dotenv
from portico.model.errors import PorticoError
from portico.system import files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Named = Iterator[tuple[str, str]]
#: Everybody knows them, and every screen is full of them: as passwords they hide nothing.
_COMMON = frozenset(
    (
        *("portico", "nginx", "uwsgi", "wsgi", "django", "python", "http", "https", "localhost", "status", "logs"),
        *("postgres", "postgresql", "mysql", "mariadb", "redis", "sqlite", "site", "mysite", "application", "settings"),
        *(
            "admin",
            "root",
            "user",
            "users",
            "test",
            "tests",
            "demo",
            "example",
            "password",
            "secret",
            "local",
            "main",
            "live",
        ),
        *("live", "warm", "static", "media", "worker", "workers", "server", "release", "request", "socket", "master"),
    )
)
_SETTINGS = ("settings.py", "local_settings.py", "settings_local.py", "settings/*.py")


def discretion(project: Path) -> Discretion:
    """One that knows the secrets of the site in that folder: of the environment it runs with or would get (`[env]`,
    `env_files`, `.env`, this process's), of portico.toml, and those written in its settings modules. A word of the
    project's own path is taken for none, because it stands in every other line."""
    known = Discretion(spared={*_COMMON, *re.split(r"[\W_]+", str(project).lower())})
    for source in (_running, _configured, _dotenv, _settings):
        known.learn(_tolerantly(source(project)))
    return known


def _tolerantly(found: Named) -> Named:
    """As much of it as can be had."""
    try:
        yield from found
    except (OSError, ValueError, RecursionError, PorticoError):
        return


def _running(project: Path) -> Named:
    for environ in environments(find_places(project).run):
        yield from environ.items()


def _configured(project: Path) -> Named:
    for name, keys in (("portico.toml", ()), ("pyproject.toml", ("tool", "portico"))):
        text = files.read_text(project / name) or ""
        yield from given(text) if not keys else ()
        table = tomllib.loads(text)
        for key in keys:
            table = _table(table.get(key))
        yield from _of_table(table)
        for file in _list(table.get("env_files")):
            yield from _of_dotenv(project / file)


def _of_table(table: Mapping[str, Any]) -> Named:
    """Texts by their keys, and what command lines and raw lines in it give to a name."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _of_table(value)
        elif isinstance(value, str):
            yield key, value
            yield from _of_line(value)
        for entry in value if isinstance(value, list) else ():
            yield from _of_line(entry if isinstance(entry, str) else " ".join(_list(entry)))


def _of_line(text: str) -> Named:
    """Without what only says where a value comes from."""
    for name, value in of_words(text.split()):
        plain = value.strip("'\";,")
        if not plain.startswith(("$", "%", "@")):
            yield name, plain


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _dotenv(project: Path) -> Named:
    for path in (project / ".env", *(path.parent / ".env" for path in project.glob("*/manage.py"))):
        yield from _of_dotenv(path)


def _of_dotenv(path: Path) -> Named:
    """Line by line where the whole is of another dialect."""
    text = files.read_text(path) or ""
    try:
        yield from dotenv.parse(text).items()
    except ValueError:
        for line in text.splitlines():
            yield from _of_line(line)


def _settings(project: Path) -> Named:
    """Of the modules that are named as settings are, beside manage.py and one folder further down."""
    for base in dict.fromkeys((project, *(path.parent for path in project.glob("*/manage.py")))):
        for folder in ("", "*/"):
            for pattern in _SETTINGS:
                for path in base.glob(folder + pattern):
                    yield from given(files.read_text(path) or "")
