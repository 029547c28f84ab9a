"""What the doctor saw of one deployment, before it judges anything: plain data, gathered once, read by every rule.

A field that is None, or named in `unseen`, was not to be seen; it is never the same as "nothing there".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from portico.model.command import Outcome
from portico.model.directive import Directive, Option
from portico.model.finding import CouldNotTell
from portico.model.log import AccessEntry, ErrorEntry, Event
from portico.model.seen import (
    DiskSeen,
    Exchange,
    HomeSeen,
    ListenerSeen,
    LogSeen,
    MachineSeen,
    Maker,
    PathSeen,
    ProcessSeen,
    Route,
    Visit,
)

__all__ = [
    "BackendSeen",
    "BinarySeen",
    "DiskSeen",
    "Evidence",
    "Exchange",
    "HomeSeen",
    "ListenerSeen",
    "LogSeen",
    "MachineSeen",
    "Maker",
    "NginxSeen",
    "PathSeen",
    "ProcessSeen",
    "ProjectSeen",
    "Route",
    "UwsgiSeen",
    "Visit",
]


@dataclass(frozen=True)
class BackendSeen:
    """One address that nginx passes requests to, from both sides.

    `directive` is the pass (or the upstream's `server`) that names it; `protocol` is what nginx speaks to it. `path` is a
    unix socket's, walked as nginx's workers. `uwsgi` and `http` are what it said when asked directly, in both protocols;
    None:
    not asked. `instance` is the index in `Evidence.uwsgi` of the instance that listens there, None for another program.
    """

    address: str
    protocol: Literal["uwsgi", "http", "https", "other"]
    directive: Directive
    upstream: str = ""
    path: PathSeen | None = None
    listeners: tuple[ListenerSeen, ...] = ()
    processes: tuple[ProcessSeen, ...] = ()
    uwsgi: Exchange | None = None
    http: Exchange | None = None
    instance: int | None = None


@dataclass(frozen=True)
class BinarySeen:
    """Another nginx on this machine, and what its `-t` says of the same configuration."""

    path: str
    version: tuple[int, ...]
    modules: frozenset[str]
    test: Outcome


@dataclass(frozen=True)
class NginxSeen:
    """The front. `tree` is a block without a name whose children are the main context, includes resolved; None when there is
    no configuration to be read; relative paths in it start at `prefix`. `parse_errors` are crossplane's, `test` is
    `nginx -t` (None: it was not asked, and `untested` says why). `worker_user` is the account of the workers, running or
    configured. `errors` and `accesses` are what was
    logged lately, oldest first; `lines` the raw lines of the error log that no parser understands. `masters` are all nginx
    masters of this configuration, `workers` those of theirs that take connections, `strangers` others that run on this
    machine. `pid_file` is the file and its content, None if absent. `listens` are its addresses as `127.0.0.1:8000`; `paths`
    its temporary folders, walked as the workers.

    `built_prefix` is the folder its relative paths start at without `-p`. `taken` are those of `listens` that a program
    holds which is no nginx of this configuration (None: hidden from this account). `files` are those the configuration
    consists of, walked as ourselves, with the one that `nginx -t` does not find; `unread` are files of sites beside it
    (`sites-available`) that nothing includes. `binaries` are tried only where no nginx runs: each may have been meant.
    """

    conf: str = ""
    prefix: str = ""
    tree: Directive | None = None
    parse_errors: tuple[str, ...] = ()
    binary: str = ""
    version: tuple[int, ...] = ()
    modules: frozenset[str] = frozenset()
    test: Outcome | None = None
    untested: str = ""
    masters: tuple[ProcessSeen, ...] = ()
    workers: tuple[ProcessSeen, ...] = ()
    strangers: tuple[ProcessSeen, ...] = ()
    worker_user: str = ""
    listens: tuple[str, ...] = ()
    errors: tuple[ErrorEntry, ...] = ()
    accesses: tuple[AccessEntry, ...] = ()
    lines: tuple[str, ...] = ()
    logs: tuple[LogSeen, ...] = ()
    pid_file: tuple[str, str | None] | None = None
    paths: tuple[PathSeen, ...] = ()
    built_prefix: str = ""
    taken: tuple[tuple[str, ProcessSeen | None], ...] = ()
    files: tuple[PathSeen, ...] = ()
    unread: tuple[PathSeen, ...] = ()
    binaries: tuple[BinarySeen, ...] = ()


@dataclass(frozen=True)
class UwsgiSeen:
    """One uWSGI: its configuration, its processes, its log. Any of the three may be missing.

    `options` are in the order uWSGI reads them (files, then command line). `master` is None when it does not run. `events`
    are the parsed lines of its log since its last start (`started_s` None: not seen), `history` those of earlier starts.
    `stats` is the JSON of its stats server. `kind` is pyuwsgi or binary where known. `paths` are files and folders that its
    options and its log name, walked as the account that uses them.

    `listeners` are all who listen at the addresses that its options and its log name, `holders` their processes.
    `pid_file` is the file and its content (None: it is not there), `pid_process` who has that number now. `prefix` is the
    environment of the Python that runs it, where that is known; `homes` are those that options or the log name. `near` are
    configuration files beside one that is missing. `unread` says of which files of its configuration not all was seen, and
    why (`/srv/app/uwsgi.ini: this account may not read it`). `untaken` are options of its files under a condition that does
    not hold, which uWSGI does not take.
    """

    files: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    untaken: tuple[Option, ...] = ()
    missing_files: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    master: ProcessSeen | None = None
    workers: tuple[ProcessSeen, ...] = ()
    log: LogSeen | None = None
    events: tuple[Event, ...] = ()
    history: tuple[Event, ...] = ()
    stats: Mapping[str, Any] | None = field(default=None, hash=False)
    kind: Literal["pyuwsgi", "binary", ""] = ""
    python: str = ""
    paths: tuple[PathSeen, ...] = ()
    problems: tuple[str, ...] = ()
    listeners: tuple[ListenerSeen, ...] = ()
    holders: tuple[ProcessSeen, ...] = ()
    pid_file: tuple[str, str | None] | None = None
    pid_process: ProcessSeen | None = None
    prefix: str = ""
    homes: tuple[HomeSeen, ...] = ()
    near: tuple[str, ...] = ()

    def option(self, *names: str) -> Option | None:
        """The last setting of an option (uWSGI takes the last of a scalar), under any of its names."""
        return next((entry for entry in reversed(self.options) if entry.name in names), None)

    def value(self, *names: str) -> str:
        found = self.option(*names)
        return found.value if found else ""

    def number(self, *names: str, default: int = 0) -> int:
        text = self.value(*names)
        return int(text) if text.isdigit() else default

    def is_on(self, *names: str) -> bool:
        return self.value(*names).lower() in ("true", "1", "yes", "on", "enable")

    def saw(self, *kinds: str) -> tuple[Event, ...]:
        """The events of those kinds since the last start, oldest first."""
        return tuple(event for event in self.events if event.kind in kinds)


@dataclass(frozen=True)
class ProjectSeen:
    """What the project's own Python says when the application is loaded and called there, in the environment and folder of
    the running uWSGI (or what its configuration says). `answer` is the JSON of `inside/examine_project.py`; None when it
    gave none, and `outcome` says what the process did. `directory` is where it ran, `python` with what, `account` as whom.
    `paths` are what it has to read (its folder, its module or file, the interpreter), walked as that account. `guessed`:
    nothing runs, and nothing says that it is this Python which will."""

    directory: str
    python: str
    account: str
    module: str
    file: str
    callable: str
    answer: Mapping[str, Any] | None = field(default=None, hash=False)
    outcome: Outcome | None = None
    environ_names: frozenset[str] = frozenset()
    paths: tuple[PathSeen, ...] = ()
    guessed: bool = False


@dataclass(frozen=True)
class Evidence:
    """All of it. `url` is what was asked for, empty for "the deployment as a whole"; `managed`: a stack of Portico's, whose
    kept plan is `plan` as JSON-ready data. `directory` is the project's folder.

    `visits` are the requests that were made, the one under examination first. `more` are further exchanges that were made to
    tell two causes apart, each under the name of its purpose (`allowed-host`: the same request with a Host that
    ALLOWED_HOSTS permits; `ipv6`: over the other address of the name; `verified`: over TLS, its certificate verified;
    `websocket`: a handshake; `gzip` and `gzip-via`: what may be compressed, alone and as a proxy asks for it; `by-name`:
    the URL's name, which could not be resolved). `listeners` hold the front's port and `front_processes` are who they
    belong to. `since_s` is how far
    back logs count, `now_s` when the looking began, both epoch seconds. `backends` begin with the one of the request.
    `others` are uWSGIs on this machine of which nothing says that they belong to this deployment.
    """

    url: str
    managed: bool
    now_s: float
    since_s: float
    machine: MachineSeen
    directory: str = ""
    nginx: NginxSeen = NginxSeen()
    uwsgi: tuple[UwsgiSeen, ...] = ()
    others: tuple[UwsgiSeen, ...] = ()
    backends: tuple[BackendSeen, ...] = ()
    project: ProjectSeen | None = None
    visits: tuple[Visit, ...] = ()
    more: Mapping[str, Exchange] = field(default_factory=dict, hash=False)
    listeners: tuple[ListenerSeen, ...] = ()
    front_processes: tuple[ProcessSeen, ...] = ()
    unseen: tuple[CouldNotTell, ...] = ()
    plan: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def visit(self) -> Visit | None:
        """The request under examination."""
        return self.visits[0] if self.visits else None

    @property
    def backend(self) -> BackendSeen | None:
        """The backend of the request under examination: the first one nginx would ask."""
        return self.backends[0] if self.backends else None

    @property
    def instance(self) -> UwsgiSeen | None:
        """The uWSGI behind the request: the one that listens there, else the first that is configured."""
        if self.backend and self.backend.instance is not None:
            return self.uwsgi[self.backend.instance]
        return self.uwsgi[0] if self.uwsgi else None

    def errors_of(self, *numbers: int) -> tuple[ErrorEntry, ...]:
        """nginx's recent error lines with one of those error numbers."""
        return tuple(entry for entry in self.nginx.errors if entry.errno in numbers)
