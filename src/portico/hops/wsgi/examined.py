"""The parts of an examination that are about running the application: its Python, loading it, calling it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LoadKind = Literal[
    "module-not-found",  # the module that was named, or a package it is in
    "file-missing",
    "unreadable",  # a source file that this account may not read, or that lies below a folder in `closed`
    "missing-dependency",  # another module: `missing_module`; with `missing_own` it belongs to the project
    "wrong-callable",  # the module has no such name: `callables` are those it has
    "not-callable",
    "wrong-arguments",  # callable, but not with (environ, start_response): a factory, most often
    "asgi",
    "settings",  # no settings named, no such settings module, or Django refuses them
    "missing-variable",  # `missing_variable` is not in the environment
    "syntax",
    "exception",
    "exit",
    "hang",
    "",
]
ProblemKind = Literal[
    "no-start-response", "returns-str", "yields-str", "returns-none", "bad-status", "bad-header", "raised", "not-iterable",
    "wrong-length", "hang",
]  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """A place in source code. `code` is the line itself, masked."""

    file: str = ""
    line: int = 0
    function: str = ""
    code: str = ""

    @property
    def where(self) -> str:
        """`/srv/app/views.py:12`, empty for no place."""
        return f"{self.file}:{self.line}" if self.file else ""


@dataclass(frozen=True)
class Failure:
    """An exception (or hang), without the values of any variable. `frame` is the innermost place in the project's own
    code, `last` the innermost of all; `traceback` its last lines. `exception` is the class, `errno` and `path` are an
    OSError's."""

    exception: str = ""
    message: str = ""
    frame: Frame | None = None
    last: Frame | None = None
    traceback: tuple[str, ...] = ()
    missing_module: str = ""
    missing_own: bool = False
    missing_variable: str = ""
    errno: int = 0
    path: str = ""

    @property
    def says(self) -> str:
        """`KeyError: 'SECRET'`."""
        return f"{self.exception}: {self.message}" if self.message else self.exception


@dataclass(frozen=True)
class Part:
    """What every part has."""

    ok: bool | None = None
    reason: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True)
class Shadow:
    """`file` hides the module `name` of the standard library (or Django), which is `hidden`. `loaded`: something imported
    that name while the application was loaded, and got `file`."""

    name: str = ""
    file: str = ""
    hidden: str = ""
    loaded: bool = False


@dataclass(frozen=True)
class Python(Part):
    """The interpreter. `version` is `3.11.7`; `pyuwsgi` is where that module is, empty if it cannot be imported. `ok`
    is false where a folder that was asked for is not there, a shadow is `loaded`, or the file system's encoding is ASCII."""

    version: str = ""
    executable: str = ""
    prefix: str = ""
    base_prefix: str = ""
    filesystem_encoding: str = ""
    preferred_encoding: str = ""
    pyuwsgi: str = ""
    path: tuple[str, ...] = ()
    path_missing: tuple[str, ...] = ()
    shadows: tuple[Shadow, ...] = ()


@dataclass(frozen=True)
class Elsewhere:
    """A copy of the missing module that is not on sys.path (or is, in a folder this account may not read). `python` is
    the minor version it was installed for, `3.12`, empty where unknown."""

    path: str = ""
    python: str = ""
    readable: bool = True


@dataclass(frozen=True)
class Closed:
    """A folder that this account may not enter or list, so that what is in it seems not to exist. `mode` is `0700`."""

    path: str = ""
    owner: str = ""
    group: str = ""
    mode: str = ""


@dataclass(frozen=True)
class Load(Part):
    """The application was imported as uWSGI does it. `kind` is empty when `ok`. `stage` is how far it got: `import`,
    `settings` (Django's settings were being read), `setup` (its applications), `callable`. `callables` are WSGI
    callables the module does have, `factory` a function in it that makes one. `settings` is DJANGO_SETTINGS_MODULE as
    it is after loading. `environ_missing` are names of environment variables that the project's code looked for in
    vain, with or without a default. `type` is the class of the callable; `django` whether Django is what was loaded.
    `threads` still run."""

    kind: LoadKind = ""
    stage: str = ""
    failure: Failure = Failure()
    limit_s: float = 0.0
    type: str = ""
    callables: tuple[str, ...] = ()
    factory: str = ""
    django: bool = False
    settings: str = ""
    elsewhere: tuple[Elsewhere, ...] = ()
    closed: tuple[Closed, ...] = ()
    environ_missing: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """Where the callable broke PEP 3333, raised, or did not answer in time. `failure` is that of `raised` and `hang`."""

    kind: str = ""
    message: str = ""
    frame: Frame | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Said:
    """A record that Django logged during the call: `logger` is `django.security.DisallowedHost`, say."""

    logger: str = ""
    level: str = ""
    message: str = ""


@dataclass(frozen=True)
class Match:
    """Which URL pattern fits the path. `found` is None when the URLconf could not be asked. `view` is the dotted
    function, `pattern` the route; `with_slash`: none fits, but one would with a `/` at the end. `tried` are the first
    patterns."""

    found: bool | None = None
    view: str = ""
    pattern: str = ""
    with_slash: bool = False
    tried: tuple[str, ...] = ()


@dataclass(frozen=True)
class FailedSql:
    """A statement that the database refused, without its parameters."""

    sql: str = ""
    alias: str = ""
    exception: str = ""
    message: str = ""


@dataclass(frozen=True)
class Call(Part):
    """The callable was called once, with `method` for `path` and `host`. `status` is 0 if there was none, `headers`
    are pairs in order (cookies masked), `body_bytes` the size, `body` the first 2 KiB as text. `ok` is false with
    `problems`, `exceptions`, a suspicious operation, or a status of 500 and above.

    `exceptions` are those that the framework caught and turned into an error page. `said` are records of Django's loggers
    of WARNING and above (DisallowedHost and other suspicious operations, the reason of a CSRF refusal).
    `templates_missing` names templates. `refused` are writes to the database (`INSERT INTO shop_item`) and mails
    (`mail`) that were not let through; where the page failed because of that, `ok` is None."""

    method: str = "GET"
    path: str = ""
    host: str = ""
    status: int = 0
    reason_phrase: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body_bytes: int = 0
    body: str = ""
    problems: tuple[Problem, ...] = ()
    exceptions: tuple[Failure, ...] = ()
    said: tuple[Said, ...] = ()
    match: Match = Match()
    templates_missing: tuple[str, ...] = ()
    sql_count: int = 0
    sql_failed: tuple[FailedSql, ...] = ()
    refused: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """The value of a header, empty if it is not there."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")
