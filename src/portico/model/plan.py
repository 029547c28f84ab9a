"""The plan: the fully resolved, frozen configuration of one stack. Every value carries its origin.

Nothing here decides; `actions.resolve` does. Hops render a plan and never negotiate. All paths are absolute,
all durations are whole seconds (`*_s`), all sizes are bytes (`*_bytes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from portico.model.origin import Origin
from portico.model.site import Site


@dataclass(frozen=True)
class Paths:
    """Where everything of one stack lies.

    `conf` holds what is rendered for one release; `run` is the short runtime directory for sockets, whose name is made of
    `[A-Za-z0-9._/-]` only, so that it needs no escaping anywhere; `tmp` is for nginx's request bodies.
    """

    project: str
    state: str
    conf: str
    log: str
    static: str
    tmp: str
    run: str


@dataclass(frozen=True)
class Listen:
    """The public address: `host` is an IPv4 or IPv6 literal without brackets or `*`; `port` 1-65535."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def connect_host(self) -> str:
        """The address a client on this machine connects to."""
        return {"0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104

    @property
    def url(self) -> str:
        host = self.connect_host
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}/" if self.port == 80 else f"http://{host}:{self.port}/"


@dataclass(frozen=True)
class Interpreter:
    """The project's Python. `version` is `3.11`; `executable` is not resolved, so that a virtualenv stays one;
    `base` is the interpreter behind a virtualenv (the same one where there is none)."""

    executable: str
    base: str
    version: str
    uwsgi: Uwsgi


@dataclass(frozen=True)
class Uwsgi:
    """The uWSGI that runs in that Python.

    `kind` is `pyuwsgi` (a shared object that the project's Python loads; `path` is the .so) or `binary` (an executable).
    """

    kind: Literal["pyuwsgi", "binary"]
    path: str
    version: str = ""


@dataclass(frozen=True)
class NginxBinary:
    """An nginx that was asked for its build (`nginx -V`).

    `version` is `(1, 22, 1)`; `modules` are names as in `--with-http_gzip_static_module` without `--with-` and `_module`
    (`http_gzip_static`), plus those on by default and not switched off (`http_uwsgi`, `http_gzip`), plus added ones
    (`http_brotli_static`, `headers_more`).
    """

    path: str
    version: tuple[int, int, int]
    modules: frozenset[str]
    origin: Literal["system", "wheel", "configured"]


@dataclass(frozen=True)
class NginxPlan:
    """The front. `user` is the account of the workers, empty when Portico is not root (they run as ourselves). `public` is
    the folder whose files are answered before the application is asked, empty for none."""

    binary: NginxBinary
    user: str
    group: str
    worker_processes: int
    worker_connections: int
    charset: str
    access_log: str
    error_log: str
    error_log_level: str
    client_max_body_bytes: int
    keepalive_timeout_s: int
    connect_timeout_ms: int
    read_timeout_s: int
    send_timeout_s: int
    gzip: bool
    static_max_age_s: int
    uwsgi_params: str
    trusted_proxies: tuple[str, ...]
    extra_main: tuple[str, ...]
    extra_http: tuple[str, ...]
    extra_server: tuple[str, ...]
    extra_location: tuple[str, ...] = ()
    public: str = ""


def slot_suffix(slot: int) -> str:
    """What the instance in that slot has in its names: nothing for the first, `.2` for the second."""
    return "" if slot == 1 else f".{slot}"


def each_worker(first: str, count: int) -> tuple[str, ...]:
    """The names or paths of an instance's sockets by its first one: `app-7.2.sock`, `app-7.2.w2.sock`, ..."""
    return (first, *(f"{first.removesuffix('.sock')}.w{worker}.sock" for worker in range(2, count + 1)))


@dataclass(frozen=True)
class UwsgiPlan:
    """The application server.

    `address` is what nginx connects to: `unix:/run/.../app.sock` or `127.0.0.1:9090`. `instance` is the number of the
    release; it listens on `instance_socket` (always a unix socket of its own), and `app.sock` is a symlink to the live one.
    `entry` is the generated module that loads the application, or empty to load it directly (stand-alone files).
    `user`/`group` are empty when Portico is not root. `daemonize` is only rendered into stand-alone files.
    `log` is where the process writes, and empty for standard error.

    `instances` is how many of them a release has on this machine: 0 where only nginx runs. This plan describes the one in
    `slot`, the first; `each` gives all. `lazy_apps` loads the application in every worker instead of before the fork.
    With `worker_sockets` each worker has a socket, and each socket a link, of its own: nginx chooses the worker
    (docs/decisions/0021-a-socket-for-each-worker.md); without, all workers take from one socket what comes.
    """

    address: str
    instance: int
    instance_socket: str
    stats_socket: str
    fifo: str
    entry: str
    user: str
    group: str
    processes: int
    threads: int
    max_requests: int
    harakiri_s: int
    graceful_s: int
    buffer_bytes: int
    backlog: int
    chmod_socket: str
    vacuum: bool
    request_log: Literal["errors", "all", "off"]
    log: str
    daemonize: str
    extra: tuple[str, ...]
    instances: int = 1
    lazy_apps: bool = False
    slot: int = 1
    worker_sockets: bool = False

    @property
    def name(self) -> str:
        """What this instance is called among the daemons: `uwsgi-7`, and `uwsgi-7.2` for the second of release 7."""
        return f"uwsgi-{self.instance}{self.suffix}"

    @property
    def suffix(self) -> str:
        """What its files have in their names: nothing for the first instance, `.2` for the second."""
        return slot_suffix(self.slot)

    @property
    def link(self) -> str:
        """The name of the symlink that nginx connects to, beside `instance_socket`."""
        return f"app{self.suffix}.sock"

    @property
    def links(self) -> tuple[str, ...]:
        """The names of all symlinks that nginx connects to, in the order of `sockets`."""
        return each_worker(self.link, self.processes if self.worker_sockets else 1)

    @property
    def sockets(self) -> tuple[str, ...]:
        """The unix sockets it listens on: `instance_socket`, which is all workers' or the first one's, then those of the
        second worker and the others."""
        return each_worker(self.instance_socket, len(self.links))

    @property
    def ini(self) -> str:
        """The name of its configuration file in the release's folder."""
        return f"uwsgi{self.suffix}.ini"

    def each(self) -> tuple[UwsgiPlan, ...]:
        """The plan of every instance on this machine."""
        return tuple(self if slot == self.slot else self._at(slot) for slot in range(1, self.instances + 1))

    def _at(self, slot: int) -> UwsgiPlan:
        def named(path: str) -> str:
            return path.removesuffix(".sock") + f".{slot}" + (".sock" if path.endswith(".sock") else "")

        return replace(
            self,
            slot=slot,
            instance_socket=named(self.instance_socket),
            stats_socket=named(self.stats_socket),
            fifo=named(self.fifo),
        )


@dataclass(frozen=True)
class Server:
    """A uWSGI on another machine. `address` is `HOST:PORT`; None means as in the upstream."""

    address: str
    weight: int = 1
    backup: bool = False
    down: bool = False
    max_fails: int | None = None
    fail_timeout_s: int | None = None


@dataclass(frozen=True)
class UpstreamPlan:
    """How nginx shares requests: `balance` is nginx's directive without its semicolon, empty for round robin. `max_fails` 0
    never leaves a server out. `tries` is how many servers a request is offered to."""

    balance: str
    servers: tuple[Server, ...]
    max_fails: int
    fail_timeout_s: int
    tries: int


@dataclass(frozen=True)
class HealthPlan:
    """What a healthy answer is: a status in one of the ranges `statuses` (both ends in it) that contains `text`, within
    `timeout_s`. `strict`: somebody wrote that down, so that a release which answers otherwise is refused, even the first."""

    statuses: tuple[tuple[int, int], ...]
    text: str
    timeout_s: int
    strict: bool


@dataclass(frozen=True)
class ReleasePlan:
    """How a release goes live. `hooks` are argument vectors; `keep` releases stay on disk, `warm` of them in memory."""

    hooks: tuple[tuple[str, ...], ...]
    hook_timeout_s: int
    load_timeout_s: int
    keep: int
    warm: int
    fast: bool


@dataclass(frozen=True)
class Plan:
    """One stack. `nginx` is None with `front = "none"`, where uWSGI serves HTTP itself, and with `front = "elsewhere"`,
    where an nginx on another machine connects to `listen`.

    `environ` names the variables of the application's environment; their values are secrets and live only in a private file.
    `origins` maps dotted names (`nginx.client_max_body_bytes`) to where the value came from.
    """

    site: Site
    listen: Listen
    front: Literal["nginx", "none", "elsewhere"]
    interpreter: Interpreter
    nginx: NginxPlan | None
    uwsgi: UwsgiPlan
    upstream: UpstreamPlan
    health: HealthPlan
    release: ReleasePlan
    paths: Paths
    environ: tuple[str, ...]
    origins: Mapping[str, Origin] = field(default_factory=dict, hash=False)

    @property
    def stands_alone(self) -> bool:
        """Whether this is for files that run without Portico, where everything lies in one folder."""
        return self.paths.run == self.paths.conf
