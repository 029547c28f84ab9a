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

Maker = Literal["nginx", "django", "uwsgi", "application", ""]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as its sender saw it.

    `protocol` is what was spoken to `address` (`127.0.0.1:8000` or `unix:/run/app.sock`). `status` 0 means no answer that is
    one; then `errno` (0 if there is none) and `error` say why and `stage` where it ended. Header names are lower case; `body`
    is its first 64 KiB and `size` its whole length in bytes. `began_s` is epoch seconds. `request_id` was sent along.
    """

    protocol: Literal["http", "uwsgi"]
    address: str
    method: str
    path: str
    host: str
    request_id: str = ""
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    size: int = 0
    began_s: float = 0.0
    duration_s: float = 0.0
    stage: Literal["connect", "read", "done"] = "done"
    errno: int = 0
    error: str = ""

    def header(self, name: str) -> str:
        """The first value of that header; empty without one."""
        return next((value for key, value in self.headers if key == name.lower()), "")

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def line(self) -> str:
        """For people: `GET http://127.0.0.1:8000/ -> 502 text/html 157 B in 0.01 s`."""
        head = f"{self.method} {self.protocol}://{self.address}{self.path}"
        if not self.status:
            return f"{head} -> {self.error or 'no answer'} after {self.duration_s:.2f} s"
        kind = self.header("content-type") or "no Content-Type"
        return f"{head} -> {self.status} {kind} {self.size} B in {self.duration_s:.2f} s"

    @property
    def maker(self) -> Maker:
        """Who made this answer, by its face: nginx's error pages name it, uWSGI's and Django's are fixed texts."""
        if not self.status:
            return ""
        text = self.text
        if "<hr><center>nginx" in text or "<hr><center>openresty" in text:
            return "nginx"
        kind = self.header("content-type")
        if self.status == 500 and text.strip() == "Internal Server Error" and kind.startswith("text/plain"):
            return "uwsgi"
        if "<!doctype html>" in text[:40].lower() and any(f"<title>{title}" in text for title in _DJANGO_TITLES):
            return "django"
        return "application"


_DJANGO_TITLES = ("Server Error (500)", "Bad Request (400)", "Not Found", "403 Forbidden", "Page not found")


@dataclass(frozen=True)
class PathSeen:
    """One path, walked component by component as `account` (empty: only as ourselves).

    `kind` is what is at its end. `missing` is the first component that does not exist, `closed` the first that this account
    may not pass or, at the end, use (`need`: r read, w write, x enter); `closed_mode` is `drwx------ root root` of it.
    `mode` (`srw-rw----`), `owner`, `group` are of the end itself; `size` in bytes, `modified_s` epoch.
    """

    path: str
    account: str
    need: Literal["r", "w", "x"]
    kind: Literal["missing", "unknown", "file", "folder", "socket", "other"]
    missing: str = ""
    closed: str = ""
    closed_mode: str = ""
    mode: str = ""
    owner: str = ""
    group: str = ""
    size: int = 0
    modified_s: float = 0.0
    symlink: str = ""

    @property
    def usable(self) -> bool:
        return not self.missing and not self.closed and self.kind != "unknown"


@dataclass(frozen=True)
class ProcessSeen:
    """One process. `environ`, `open_files`, `nofile` (soft limit), `log` (what its standard error is: a path, `socket:`,
    `pipe:`, with ` (deleted)` when the file is gone) and `root`, `cwd` are None when this account may not see them.
    `private_tmp`: it lives in another mount namespace than ours. `state` is the kernel's letter (T is stopped)."""

    pid: int
    ppid: int
    command: tuple[str, ...]
    user: str
    state: str
    started_s: float
    rss_bytes: int
    exe: str | None = None
    cwd: str | None = None
    environ: Mapping[str, str] | None = field(default=None, hash=False)
    open_files: int | None = None
    nofile: int | None = None
    log: str | None = None
    private_mounts: bool | None = None
    groups: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """For people: `pid 4177 (www-data): nginx: worker process`."""
        return f"pid {self.pid} ({self.user}): {' '.join(self.command)[:160] or self.exe or '?'}"


@dataclass(frozen=True)
class ListenerSeen:
    """A listening socket. `address` is `127.0.0.1:8000`, `[::]:80` or `unix:/run/app.sock`; `pids` is empty when the kernel
    hides them; `user` is then still known for TCP. `queue` of `backlog` connections wait, None when unknown."""

    address: str
    pids: tuple[int, ...] = ()
    user: str = ""
    queue: int | None = None
    backlog: int | None = None


@dataclass(frozen=True)
class LogSeen:
    """One log file and how much of it was read. `error` says why it could not be; `replaced`: a process still writes to
    `replaced` (the rotated file or one that was deleted) instead of this name."""

    path: str
    kind: Literal["access", "error", "uwsgi"]
    size: int = 0
    read_bytes: int = 0
    modified_s: float = 0.0
    error: str = ""
    replaced: str = ""


@dataclass(frozen=True)
class Route:
    """Where nginx takes the request: chosen by its own rules (https://nginx.org/en/docs/http/request_processing.html).

    `server` and `location` (innermost) are None where the configuration has none that matches; `by_default`: no server_name
    matched. `chain` is http, server, locations, outermost first: a directive is in force where it is set last in it.
    `action` is what answers: `uwsgi` / `proxy` / `fastcgi` / `scgi` / `grpc` with `target` the pass directive's address as
    written, `file` with `target` the path of the file, `return` with `target` its arguments, or `unknown` (rewrites, `if`).
    """

    server: Directive | None
    location: Directive | None
    chain: tuple[Directive, ...]
    by_default: bool
    action: Literal["uwsgi", "proxy", "fastcgi", "scgi", "grpc", "file", "return", "unknown"]
    target: str = ""
    directive: Directive | None = None

    def setting(self, name: str) -> Directive | None:
        """The directive of that name in force here, or None for nginx's default."""
        return next((found for block in reversed(self.chain) if (found := block.first(name))), None)

    def settings(self, name: str) -> tuple[Directive, ...]:
        """All directives of that name in force here: nginx takes those of the innermost block that has any."""
        return next((found for block in reversed(self.chain) if (found := tuple(block.all(name)))), ())


@dataclass(frozen=True)
class BackendSeen:
    """One address that nginx passes requests to, from both sides.

    `directive` is the pass (or the upstream's `server`) that names it; `protocol` is what nginx speaks to it. `path` is a unix
    socket's, walked as nginx's workers. `uwsgi` and `http` are what it said when asked directly, in both protocols; None:
    not asked. `uwsgi_master` is the index in `Evidence.uwsgi` of the instance that listens there, None for another program.
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
class NginxSeen:
    """The front. `tree` is a block without a name whose children are the main context, includes resolved; None when there is no
    configuration to be read. `parse_errors` are crossplane's. `test` is `nginx -t`. `worker_user` is the account of the
    workers, running or configured. `errors` and `accesses` are what was logged lately, oldest first; `lines` the raw lines of
    the error log that no parser understands. `masters` are all nginx masters of this configuration, `strangers` others that
    run on this machine. `route` is for the request under examination; `pid_file` the file and its content, None if absent."""

    conf: str = ""
    tree: Directive | None = None
    parse_errors: tuple[str, ...] = ()
    binary: str = ""
    version: tuple[int, ...] = ()
    modules: frozenset[str] = frozenset()
    test: Outcome | None = None
    masters: tuple[ProcessSeen, ...] = ()
    workers: tuple[ProcessSeen, ...] = ()
    strangers: tuple[ProcessSeen, ...] = ()
    worker_user: str = ""
    listens: tuple[str, ...] = ()
    errors: tuple[ErrorEntry, ...] = ()
    accesses: tuple[AccessEntry, ...] = ()
    lines: tuple[str, ...] = ()
    logs: tuple[LogSeen, ...] = ()
    route: Route | None = None
    pid_file: tuple[str, str | None] | None = None
    paths: tuple[PathSeen, ...] = ()


@dataclass(frozen=True)
class UwsgiSeen:
    """One uWSGI: its configuration, its processes, its log. Any of the three may be missing.

    `options` are in the order uWSGI reads them (files, then command line). `master` is None when it does not run. `events`
    are the parsed lines of its log since its last start (`started_s` None: not seen), `history` those of earlier starts.
    `stats` is the JSON of its stats server. `kind` is pyuwsgi or binary where known. `paths` are files its options name.
    """

    files: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    missing_files: tuple[str, ...] = ()
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
    """What the project's own Python says when the application is loaded and called there, in the environment and folder of the
    running uWSGI (or what its configuration says). `answer` is the JSON of `inside/examine_project.py`; None when it gave
    none, and `outcome` says what the process did. `directory` is where it ran, `python` with what, `account` as whom."""

    directory: str
    python: str
    account: str
    module: str
    file: str
    callable: str
    answer: Mapping[str, Any] | None = field(default=None, hash=False)
    outcome: Outcome | None = None
    environ_names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DiskSeen:
    """A file system that the deployment writes to. `why` names the path that lies on it."""

    path: str
    why: str
    free_bytes: int
    total_bytes: int
    free_inodes: int | None
    read_only: bool = False


@dataclass(frozen=True)
class MachineSeen:
    """The machine. `oom_kills` are kernel or cgroup records of processes killed for memory; None: not to be seen."""

    user: str
    root: bool
    somaxconn: int | None = None
    disks: tuple[DiskSeen, ...] = ()
    oom_kills: tuple[str, ...] | None = None
    selinux: str = ""
    free_memory_bytes: int = 0
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Evidence:
    """All of it. `url` is what was asked for, empty for "the deployment as a whole"; `managed`: a stack of Portico's.

    `request` is what a client gets for `url` (or the front page); `more` are further requests that were made to tell two
    causes apart, each with the name of its purpose. `listeners` hold the front's port. `since_s` is how far back logs count.
    `now_s` is when the looking began, epoch seconds.
    """

    url: str
    managed: bool
    now_s: float
    since_s: float
    machine: MachineSeen
    nginx: NginxSeen = NginxSeen()
    uwsgi: tuple[UwsgiSeen, ...] = ()
    backends: tuple[BackendSeen, ...] = ()
    project: ProjectSeen | None = None
    request: Exchange | None = None
    more: Mapping[str, Exchange] = field(default_factory=dict, hash=False)
    listeners: tuple[ListenerSeen, ...] = ()
    front_processes: tuple[ProcessSeen, ...] = ()
    unseen: tuple[CouldNotTell, ...] = ()
    plan: Mapping[str, Any] | None = field(default=None, hash=False)
    directory: str = ""

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

    @property
    def failing(self) -> bool:
        """Whether the request under examination came to no good answer."""
        return self.request is not None and (self.request.status == 0 or self.request.status >= 400)

    def errors_of(self, *numbers: int) -> tuple[ErrorEntry, ...]:
        """nginx's recent error lines with one of those error numbers."""
        return tuple(entry for entry in self.nginx.errors if entry.errno in numbers)
