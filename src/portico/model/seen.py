"""The single things the doctor can look at: one request, a path, a process, a socket, a log, a machine. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from portico.model.directive import Directive

Maker = Literal["nginx", "django", "uwsgi", "application", ""]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as its sender saw it.

    `protocol` is what was spoken to `address` (`127.0.0.1:8000` or `unix:/run/app.sock`). `status` 0 means no answer that is
    one; then `errno` (0 if there is none) and `error` say why and `stage` where it ended. Header names are lower case;
    `body` is its first 64 KiB and `size` its whole length in bytes. `began_s` is epoch seconds, `first_s` how long the first
    byte took. `request_id` was sent along.
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
    first_s: float = 0.0
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
    `private_mounts`: it lives in another mount namespace than ours. `state` is the kernel's letter (T is stopped). `threads`
    is how many it has, 0 when unknown."""

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
    threads: int = 0

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
class Visit:
    """A request the doctor made, with where nginx takes it. `name` is what it was made for: `asked` (the URL on the command
    line, or the front page), `static` (a file that should be there), `recent` (a failed request of the logs, repeated).
    `files` are the files nginx would look at for it, walked as its workers; `near` those it would look at if the
    configuration meant something else (`seams.faults.static_paths`), where the answer was no good one."""

    name: Literal["asked", "static", "recent"]
    exchange: Exchange
    route: Route | None = None
    files: tuple[PathSeen, ...] = ()
    near: tuple[PathSeen, ...] = ()

    @property
    def failing(self) -> bool:
        """Whether it came to no good answer."""
        return self.exchange.status == 0 or self.exchange.status >= 400


@dataclass(frozen=True)
class HomeSeen:
    """A Python environment that an option or a log of uWSGI names. `path` is as it was named, `exists` whether a folder is
    there; `version` is `3.12`, from its pyvenv.cfg or its `lib`, empty where neither tells; `python` its interpreter; `real`
    is where the path leads, links resolved."""

    path: str
    exists: bool
    version: str = ""
    python: str = ""
    real: str = ""


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
    """The machine. `oom_kills` are kernel or cgroup records of processes killed for memory; None: not to be seen. `systemd`:
    it is what starts services here. `web_account` is the account (and group) this system gives to web servers."""

    user: str
    root: bool
    somaxconn: int | None = None
    disks: tuple[DiskSeen, ...] = ()
    oom_kills: tuple[str, ...] | None = None
    selinux: str = ""
    free_memory_bytes: int = 0
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    systemd: bool = False
    web_account: tuple[str, str] = ("", "")
