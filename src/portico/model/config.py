"""What `portico.toml` (or `[tool.portico]` in pyproject.toml) may say: the model behind the reference page and the schema.

Every key is optional: an absent key means "detect it, or take the default". The description of a field is its text in
docs/configuration.md, so it is written for users.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, WithJsonSchema

from portico.model.units import duration_ms, duration_s, size_bytes


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _lines(value: Any) -> Any:
    return value.splitlines() if isinstance(value, str) else value


_TEXT_OR_NUMBER = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]}
_TEXT_OR_LIST = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}

Seconds = Annotated[int, BeforeValidator(duration_s), WithJsonSchema(_TEXT_OR_NUMBER)]
Milliseconds = Annotated[int, BeforeValidator(duration_ms), WithJsonSchema(_TEXT_OR_NUMBER)]
Bytes = Annotated[int, BeforeValidator(size_bytes), WithJsonSchema(_TEXT_OR_NUMBER)]
Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many), WithJsonSchema(_TEXT_OR_LIST)]
Lines = Annotated[tuple[str, ...], BeforeValidator(_lines), WithJsonSchema(_TEXT_OR_LIST)]
Positive = Annotated[int, Field(ge=1)]
Hook = str | tuple[str, ...]


class Table(BaseModel):
    """A table whose unknown keys are errors."""

    # What checks a file is built when there is a file: most projects have none.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class NginxConfig(Table):
    """The front: nginx, which answers static files itself and passes the rest to uWSGI."""

    binary: str | None = Field(
        None,
        description="`auto` (the system's nginx when it is 1.18 or newer and speaks the uwsgi protocol, else the one that "
        "comes with Portico), `system`, `wheel`, or the path of an nginx.",
    )
    user: str | None = Field(None, description="Account of nginx's workers when Portico runs as root.")
    worker_processes: Positive | None = Field(None, description="nginx workers; default: one per core.")
    worker_connections: Positive | None = Field(
        None, description="Connections per worker; a client whose request waits holds two."
    )
    charset: str | None = Field(None, description="Charset named in the Content-Type of text files; `off` for none.")
    access_log: str | None = Field(None, description="Path of the access log (JSON lines), or `off`.")
    error_log: str | None = Field(None, description="Path of the error log.")
    error_log_level: Literal["debug", "info", "notice", "warn", "error", "crit"] | None = Field(
        None, description="Least severe message that is logged."
    )
    client_max_body_size: Bytes | None = Field(
        None, description="Largest request body; nginx answers 413 above it. `75m`, `1g`; 0 for no limit."
    )
    keepalive_timeout: Seconds | None = Field(None, description="How long an idle client connection stays open.")
    uwsgi_connect_timeout: Milliseconds | None = Field(
        None,
        description="How long connecting to uWSGI may take; default: 5 s, and `500ms` with `servers`: a host may vanish.",
    )
    uwsgi_read_timeout: Seconds | None = Field(
        None,
        description="Longest silence of the application before nginx answers 504; default: harakiri + 5 s.",
    )
    uwsgi_send_timeout: Seconds | None = Field(
        None,
        description="Longest pause while nginx sends the request on, as when the application does not read a large body; "
        "default: harakiri + 5 s.",
    )
    uwsgi_params: str | None = Field(
        None, description="Path of a uwsgi_params file to include instead of the one Portico writes."
    )
    gzip: bool | None = Field(
        None,
        description="Compress text responses while they are sent, and collected static files beforehand, with brotli too.",
    )
    static_max_age: Seconds | None = Field(
        None, description="How long browsers may keep static files whose names carry no content hash."
    )
    trusted_proxies: Names | None = Field(
        None,
        description="Addresses (CIDR) of load balancers in front of nginx whose X-Forwarded-For, X-Forwarded-Proto and "
        "X-Forwarded-Host are believed. Nobody is believed by default.",
    )
    extra_main: Lines | None = Field(None, description="Raw lines for the top level of nginx.conf.")
    extra_http: Lines | None = Field(None, description="Raw lines for the `http` block.")
    extra_server: Lines | None = Field(None, description="Raw lines for the `server` block.")
    extra_location: Lines | None = Field(
        None,
        description="Raw lines for the `location` that passes requests to the application, behind Portico's own: "
        "`limit_req`, `auth_basic`, further `uwsgi_param` lines. With an `add_header` of its own this location has none of "
        "the server's.",
    )
    public: str | None = Field(
        None,
        description="Path of a folder whose files are answered at the root of the site before the application is asked: "
        "`favicon.ico`, `robots.txt`, the files of a built front-end. Anybody can read all of them but hidden ones "
        "(`.git`, `.env`), for which the application is asked as for every other path.",
    )


class UwsgiConfig(Table):
    """The application server: uWSGI, which runs the WSGI callable."""

    address: str | None = Field(
        None,
        description="Where nginx finds uWSGI: a TCP `HOST:PORT` such as `127.0.0.1:9090`; "
        "default: a unix socket in the runtime directory.",
    )
    chdir: str | None = Field(None, description="Folder the application runs in; default: the one with manage.py.")
    module: str | None = Field(
        None,
        description="The application: `package.module:callable`, `package.module`, or a file such as `hello.py`.",
    )
    pythonpath: Names | None = Field(None, description="Folders put in front of sys.path.")
    master: Literal[True] | None = Field(
        None,
        description="Always true: without a master uWSGI cannot replace a dead worker or stop gracefully.",
    )
    processes: Positive | None = Field(None, description="Worker processes; default: one per core, at least 2.")
    threads: Positive | None = Field(
        None,
        description="Threads in each worker, that is requests it handles at once; default: 64, fewer with a database "
        "server, 4 where workers share a socket. `portico tune` finds what suits the application.",
    )
    max_requests: Annotated[int, Field(ge=0)] | None = Field(
        None,
        description="A worker is replaced after so many requests (staggered); 0, the default where each worker has a "
        "socket of its own: never. Another number makes them share one.",
    )
    harakiri: Seconds | None = Field(
        None,
        description="A worker that has a request and for so long neither begins nor ends one is killed and replaced; 0: "
        "never. Its threads share this limit: a request that hangs beside others goes on, and nginx answers it with 504.",
    )
    graceful_timeout: Seconds | None = Field(
        None, description="How long requests in progress may take to finish when a release is stopped."
    )
    buffer_size: Bytes | None = Field(
        None, description="Largest uwsgi packet, that is all request headers together; at most 65535 bytes."
    )
    listen: Positive | None = Field(
        None,
        description="Listen queue (backlog) of the socket; default: 1024 or the kernel's somaxconn if that is less.",
    )
    chmod_socket: Annotated[str, Field(pattern=r"^0?[0-7]{3}$")] | None = Field(
        None, description="Permission bits of the unix socket."
    )
    vacuum: bool | None = Field(None, description="Remove the sockets when uWSGI stops.")
    request_log: Literal["errors", "all", "off"] | None = Field(
        None,
        description="Which requests uWSGI itself logs: 5xx and slow ones, all, or none. nginx logs them all.",
    )
    log: str | None = Field(None, description="Path of the log of uWSGI and of what the application prints.")
    daemonize: str | None = Field(
        None,
        description="Path of a log, as in a hand-written uwsgi.ini: the same as `log` under `portico up`, whose supervisor "
        "needs uWSGI in the foreground; files from `portico render` carry it as written.",
    )
    extra: Lines | None = Field(None, description="Raw lines for uwsgi.ini.")


class ReleaseConfig(Table):
    """How new code goes live, and how the old comes back."""

    hooks: tuple[Hook, ...] | None = Field(
        None,
        description="Commands run once for each release, in this order, before it goes live: `manage.py migrate`, "
        '`manage.py check --deploy`, `npm run build`, or `["a", "list of", "words"]`. No shell reads them. One that fails '
        "stops the release.",
    )
    hook_timeout: Seconds | None = Field(None, description="How long one hook may take.")
    load_timeout: Seconds | None = Field(None, description="How long the application may take to be imported.")
    keep: Positive | None = Field(
        None,
        description="Releases that are kept on disk: their configuration, what their hooks said and their static files, "
        "which pages that an older release made still ask for.",
    )
    warm: Annotated[int, Field(ge=0)] | None = Field(
        None,
        description="Earlier releases whose uWSGI stays in memory, asleep, for an instant `portico rollback`; 0: none.",
    )
    fast: bool | None = Field(
        None,
        description="Replace the workers one by one inside one uWSGI (its chain reload) instead of starting a second one: "
        "for machines without memory for two. It has no way back to the old code.",
    )


class UpstreamConfig(Table):
    """How nginx shares requests among workers, or several uWSGIs (`instances`, `servers`)."""

    balance: (
        Annotated[str, Field(pattern=r"^(round_robin|least_conn|ip_hash|random|hash \$[a-z_]+( consistent)?)$")] | None
    ) = Field(None, description="`round_robin`, `least_conn`, `ip_hash`, `random` or `hash $variable [consistent]`.")
    max_fails: Annotated[int, Field(ge=0)] | None = Field(
        None, description="Failures within `fail_timeout` after which a server is left out for as long; 0: never."
    )
    fail_timeout: Seconds | None = Field(
        None, description="The time in which failures count, and that a server is left out."
    )
    tries: Positive | None = Field(
        None, description="How many servers a request that is safe to repeat is offered to before the answer is 502."
    )


class Config(Table):
    """The whole file. All keys are optional."""

    name: str | None = Field(None, description="Name of the site; default: the folder's name.")
    listen: str | StrictInt | None = Field(
        None,
        description="Public address: `PORT`, `HOST:PORT`, `[IPv6]:PORT`, or `auto` for a free port on 127.0.0.1.",
    )
    server_name: Names | None = Field(None, description="Host names of the site; default: from ALLOWED_HOSTS.")
    front: Literal["nginx", "none"] | None = Field(
        None, description="`none` serves without nginx, by uWSGI's own HTTP router: for development."
    )
    python: str | None = Field(None, description="The project's Python; default: its virtual environment if there is one.")
    settings: str | None = Field(None, description="Django's settings module; default: what manage.py says.")
    env: dict[str, str] | None = Field(None, description="Environment variables of the application.")
    env_files: Names | None = Field(None, description="Files of KEY=VALUE lines added to the application's environment.")
    static: dict[str, str] | None = Field(
        None,
        description='URL prefix to folder, e.g. `"/static/" = "assets"`; replaces what Django says of STATIC_URL.',
    )
    media: dict[str, str] | None = Field(
        None, description="URL prefix to folder of uploaded files; replaces what Django says of MEDIA_URL."
    )
    collect_static: bool | None = Field(
        None, description="Run Django's collectstatic for each release; without it nginx serves STATIC_ROOT as it is."
    )
    health_path: Annotated[str, Field(pattern=r"^/[^\s]*$")] | None = Field(
        None, description="Path requested to prove that the whole way works. Any answer below 500 will do."
    )
    health_host: str | None = Field(None, description="Host header of that request; default: one ALLOWED_HOSTS permits.")
    health_status: Names | None = Field(
        None,
        description="Statuses of a healthy answer: `200`, `2xx`, `200-399`; a release that answers another is refused.",
    )
    health_text: str | None = Field(None, description="Text that a healthy answer contains.")
    health_timeout: Seconds | None = Field(None, description="How long a new release may take for that answer.")
    instances: Positive | None = Field(
        None, description="uWSGI instances on this machine behind one nginx; each has `processes` workers of its own."
    )
    servers: Names | None = Field(
        None,
        description="uWSGIs on other machines, `HOST:PORT`, each with nginx's own words after it: `10.0.0.2:9090 weight=2`, "
        "`10.0.0.3:9090 backup`, `max_fails=1`, `fail_timeout=10s`, `down`. They run `portico up --role app`.",
    )
    role: Literal["all", "app", "front"] | None = Field(
        None, description="`app`: only uWSGI, for an nginx on another machine; `front`: only nginx, for `servers`."
    )
    user: str | None = Field(None, description="Account the application runs as when Portico is root; default: the owner.")
    allow_root_app: bool | None = Field(None, description="Let root run an application that belongs to root.")
    state_dir: str | None = Field(None, description="Where Portico writes; default: `.portico` in the project.")
    nginx: NginxConfig = NginxConfig.model_construct()
    uwsgi: UwsgiConfig = UwsgiConfig.model_construct()
    release: ReleaseConfig = ReleaseConfig.model_construct()
    upstream: UpstreamConfig = UpstreamConfig.model_construct()
