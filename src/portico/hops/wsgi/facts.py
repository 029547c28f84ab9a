"""What the project's own Python said about itself and the application (the JSON of `inside/inspect_project.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from portico.model.plan import Uwsgi

Framework = Literal["django", "wsgi", ""]


@dataclass(frozen=True)
class PythonFacts:
    """One interpreter. `version` is `3.11`; `prefix` differs from `base_prefix` in a virtual environment, whose own
    interpreter is `base_executable`, links resolved.

    `uwsgi` is the uWSGI that belongs to it, None if there is none.
    """

    version: str
    executable: str
    base_executable: str
    prefix: str
    base_prefix: str
    implementation: str
    uwsgi: Uwsgi | None


@dataclass(frozen=True)
class CallableFacts:
    """The WSGI callable that was found: `module` (dotted) or `file` (absolute), and the name in it.

    `type` is the dotted name of its class; `kind` says how it is made (`factory`: the name ends in `()` and is called).
    """

    module: str
    file: str
    callable: str
    type: str
    kind: Literal["wsgi", "flask", "factory"]


@dataclass(frozen=True)
class InspectFailure:
    """Why the project could not be loaded, in its own words.

    `stage` is what was being done: `manage`, `settings`, `setup`, `wsgi`, `urls`, `import`, `callable`, `collect`, `facts`.
    `type` is the exception's class, or a word of ours (`Hang`, `NoSettings`, `NoCallable`, `NotCallable`, `Asgi`, `Factory`,
    `WrongArguments`, `NoCommand`). `file` and `line` are the innermost place in the project's own code, "" and 0 if there is
    none. `missing_module` and `missing_variable` name what was asked for in vain; with `missing_own` the module belongs to a
    package of the project's own, so that there is nothing to install. `errno` is 0 unless the system refused something, then
    `path` is what. `settings` and `module` are what was to be loaded, as far as that was known by then; `settings_origin` is
    who named the settings (as in `DjangoFacts`). `output` are the last lines a command printed.
    """

    stage: str
    type: str
    message: str
    missing_module: str = ""
    missing_own: bool = False
    missing_variable: str = ""
    traceback: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    errno: int = 0
    path: str = ""
    candidates: tuple[str, ...] = ()
    factory: str = ""
    settings: str = ""
    settings_origin: str = ""
    module: str = ""
    output: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`file:line`, or "" where the project's own code has no part in it."""
        return f"{self.file}:{self.line}" if self.file else ""


@dataclass(frozen=True)
class Inspection:
    """A whole answer. What was learned before a failure is there as well.

    `django` is for `hops.django.facts`. `path_added` and `environ_added` are folders and names of variables that running
    manage.py added to sys.path and to the environment; `threads` names those that ran once everything was imported.
    """

    framework: Framework
    python: PythonFacts | None
    callable: CallableFacts | None
    failure: InspectFailure | None
    django: Mapping[str, Any] | None = field(default=None, hash=False)
    path_added: tuple[str, ...] = ()
    environ_added: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()


def parse(data: Mapping[str, Any]) -> Inspection:
    """An answer of `inspect_project.py` (also of `collect_static.py`, which has no facts); missing keys are no error."""
    python, found, django = data.get("python"), data.get("callable"), data.get("django")
    return Inspection(
        framework=data.get("framework", ""),
        python=_python(python) if python else None,
        callable=_callable(found) if found else None,
        failure=None if data.get("ok") else parse_failure(data),
        django=django if isinstance(django, Mapping) else None,
        path_added=tuple(data.get("path_added", ())),
        environ_added=tuple(data.get("environ_added", ())),
        threads=tuple(data.get("threads", ())),
    )


def parse_failure(data: Mapping[str, Any]) -> InspectFailure:
    """The failure in an answer whose `ok` is false."""
    place = (data.get("django") or {}).get("wsgi") or {}
    return InspectFailure(
        stage=data.get("stage", ""),
        type=data.get("type", ""),
        message=data.get("message", ""),
        missing_module=data.get("missing_module") or "",
        missing_own=bool(data.get("missing_own")),
        missing_variable=data.get("missing_variable") or "",
        traceback=tuple(data.get("traceback", ())),
        file=data.get("file") or "",
        line=data.get("line") or 0,
        errno=data.get("errno") or 0,
        path=data.get("path") or "",
        candidates=tuple(data.get("candidates", ())),
        factory=data.get("factory") or "",
        settings=data.get("settings") or "",
        settings_origin=data.get("settings_origin") or "",
        module=place.get("module") or "",
        output=tuple(data.get("output", ())),
    )


def _python(data: Mapping[str, Any]) -> PythonFacts:
    uwsgi = data.get("uwsgi")
    return PythonFacts(
        version=data["version"],
        executable=data["executable"],
        base_executable=data.get("base_executable") or data["executable"],
        prefix=data.get("prefix", ""),
        base_prefix=data.get("base_prefix", ""),
        implementation=data.get("implementation", ""),
        uwsgi=Uwsgi(uwsgi["kind"], uwsgi["path"], uwsgi.get("version", "")) if uwsgi else None,
    )


def _callable(data: Mapping[str, Any]) -> CallableFacts:
    return CallableFacts(
        module=data.get("module", ""),
        file=data.get("file", ""),
        callable=data.get("callable", ""),
        type=data.get("type", ""),
        kind=data.get("kind", "wsgi"),
    )
