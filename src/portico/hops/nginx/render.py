"""The hop's files: a plan in, nginx.conf with what it includes out. Pure; nothing is read but the packaged templates."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined

from portico.hops.nginx import escape, static_maps
from portico.hops.nginx.compressible import LEAST_BYTES, TYPES
from portico.hops.nginx.escape import Escaped, quoted
from portico.hops.nginx.front import front
from portico.model.file import File
from portico.model.plan import Listen, NginxPlan, Plan, Server, UpstreamPlan, UwsgiPlan, each_worker
from portico.model.site import CODINGS
from portico.model.units import nginx_size, nginx_time

CONF = "nginx.conf"
MIME_TYPES = "mime.types"
UWSGI_PARAMS = "uwsgi_params"
TRACE_MAP = "trace.conf"

#: Files a worker keeps open besides connections: logs, the shared libraries' and those in open_file_cache (max=2000).
_OTHER_FILES = 2048
#: What the uwsgi packet carries besides the client's headers and URI: our variables and each variable's frame.
_PACKET_OVERHEAD_BYTES = 4096
_KIB = 1024
_ALONE = Escaped("Never set aside after a failure: there is no other application to try. [uwsgi.address, servers]")
_AGAIN = Escaped("The same one once more: a request whose worker died before it answered gets one free retry. [servers]")
_WORKER = Escaped(
    "A worker's own socket. Never set aside: one that dies is there again at once. [uwsgi.processes, uwsgi.address]"
)
_LOCAL = Escaped("An instance on this machine. [uwsgi.address, instances, upstream.max_fails, upstream.fail_timeout]")
_REMOTE = Escaped("A uWSGI elsewhere; left out for a while when it fails again and again. [servers, upstream.fail_timeout]")
_RESERVE = Escaped("Asked when all are left out at once, as after a crash of all: no request is refused unasked. [servers]")


def files(plan: Plan) -> tuple[File, ...]:
    """nginx.conf, mime.types and, unless the plan names a file of the user's, uwsgi_params.

    They belong in one folder: `plan.paths.conf`. The first runs on its own (`nginx -c`). Raises ValueError with the
    value and the reason when a value of the plan cannot be said in nginx's configuration.
    """
    nginx = front(plan)
    rendered = [
        File(CONF, _template(CONF + ".j2", _view(plan, nginx)), 0o640),
        File(MIME_TYPES, _template(MIME_TYPES), 0o644),
    ]
    if not nginx.uwsgi_params:
        rendered.append(File(UWSGI_PARAMS, _template(UWSGI_PARAMS), 0o644))
    return tuple(rendered)


def _only_escaped(value: object) -> object:
    """Holds the template to printing whole numbers and what `escape` has passed."""
    if isinstance(value, (Escaped, Undefined)) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError(f"the template prints {value!r}, which nothing has escaped")


_TEMPLATES = Environment(  # noqa: S701 - not HTML; _only_escaped does for nginx what autoescape does for HTML
    loader=PackageLoader("portico.hops.nginx"),
    undefined=StrictUndefined,
    finalize=_only_escaped,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def packaged(name: str) -> str:
    """The text of `mime.types` or `uwsgi_params`, as every nginx brings them along."""
    return _template(name)


def compile_templates() -> None:
    """Now, and not when the first file is rendered."""
    for name in _TEMPLATES.list_templates(extensions=["j2"]):
        _TEMPLATES.get_template(name)


def _template(name: str, view: Mapping[str, Any] | None = None) -> str:
    return _TEMPLATES.get_template(name).render(view or {})


def _view(plan: Plan, nginx: NginxPlan) -> dict[str, Any]:
    """Every name the template uses, escaped."""
    modules = nginx.binary.modules
    maps = [static_maps.view(entry, plan, nginx) for entry in plan.site.maps if entry.served_by == "nginx"]
    public = nginx.public and escape.quoted_path(nginx.public.rstrip("/") or "/")
    return {
        "site_name": quoted(plan.site.name),
        "modules": modules,
        "dollar": any(escape.DOLLAR in text for text in (public, *static_maps.with_variables(maps))),
        "gzip_static": static_maps.has_gzip_static(nginx),
        "maps": maps,
        "hashed_maps": any(entry["hashed"] for entry in maps),
        "encoded_maps": [entry for entry in maps if entry["encoded"]],
        "codings": [Escaped(coding) for coding in CODINGS],
        "static_max_age_s": nginx.static_max_age_s,
        "listen": _listen(plan.listen),
        "server_names": _server_names(plan.site.server_names),
        "inline": escape.hides_relative_includes(plan.paths.conf),
        **_processes(plan, nginx),
        **_logs_and_folders(plan, nginx),
        **_clients(plan, nginx),
        **_application(plan, nginx),
        "gzip": nginx.gzip and "http_gzip" in modules,
        "brotli": "http_brotli_filter" in modules,
        "compressible": Escaped(TYPES),
        "least_bytes": LEAST_BYTES,
        "extra_main": [Escaped(line) for line in nginx.extra_main],
        "extra_http": [Escaped(line) for line in nginx.extra_http],
        "extra_server": [Escaped(line) for line in nginx.extra_server],
        "extra_location": [Escaped(line) for line in nginx.extra_location],
        "replaced": _names(nginx.extra_location),
        "public": public,
    }


def open_files(nginx: NginxPlan) -> int:
    """Open files a worker needs."""
    return files_for(nginx.worker_connections)


def files_for(connections: int) -> int:
    """Open files of a worker with so many connections: a file for each, and what it keeps open besides."""
    return 2 * connections + _OTHER_FILES


def _names(lines: tuple[str, ...]) -> set[str]:
    return {line.split()[0] for line in lines if line.split()}


def _processes(plan: Plan, nginx: NginxPlan) -> dict[str, Any]:
    return {
        "user": nginx.user and quoted(nginx.user),
        "group": nginx.group and quoted(nginx.group),
        "worker_processes": nginx.worker_processes,
        "worker_connections": nginx.worker_connections,
        "open_files": open_files(nginx),
        "graceful_s": plan.uwsgi.graceful_s,
        "pid": escape.plain_path(f"{plan.paths.run}/nginx.pid"),
        # A second one would be an error, and without the support a warning:
        # https://nginx.org/en/docs/ngx_core_module.html#pcre_jit
        "pcre_jit": "pcre_jit" in nginx.binary.modules and "pcre_jit" not in _names(nginx.extra_main),
    }


def _logs_and_folders(plan: Plan, nginx: NginxPlan) -> dict[str, Any]:
    folders = ("client_body", "uwsgi", "proxy", "fastcgi", "scgi")
    return {
        "access_log": None if nginx.access_log == "off" else escape.log_path(nginx.access_log),
        "error_log": escape.plain_path(nginx.error_log),
        "error_log_level": escape.log_level(nginx.error_log_level),
        "temp": {name: escape.plain_path(f"{plan.paths.tmp}/{name}") for name in folders},
    }


def _clients(plan: Plan, nginx: NginxPlan) -> dict[str, Any]:
    return {
        "charset": nginx.charset and escape.charset(nginx.charset),
        "keepalive_timeout_s": nginx.keepalive_timeout_s,
        # https://nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_time
        "keepalive_time": nginx.binary.version >= (1, 19, 10),
        "client_max_body": Escaped(nginx_size(nginx.client_max_body_bytes)),
        "header_buffers": _header_buffers(plan.uwsgi.buffer_bytes),
        "trusted_proxies": _trusted_proxies(nginx),
    }


def _application(plan: Plan, nginx: NginxPlan) -> dict[str, Any]:
    behind = {
        "proto": "$portico_scheme",
        "host": "$portico_forwarded_host",
        "port": "$portico_forwarded_port",
        "prefix": "$portico_forwarded_prefix",
    }
    edge = {"proto": "$scheme", "host": '""', "port": '""', "prefix": '""'}
    forwarded = behind if nginx.trusted_proxies else edge
    return {
        "forwarded": {name: Escaped(value) for name, value in forwarded.items()},
        **_upstream(plan),
        "trace": not plan.stands_alone and escape.plain_path(f"{plan.paths.run}/{TRACE_MAP}"),
        "own_params": nginx.uwsgi_params and escape.include_path(nginx.uwsgi_params),
        "connect_timeout": Escaped(nginx_time(nginx.connect_timeout_ms)),
        "read_timeout_s": nginx.read_timeout_s,
        "send_timeout_s": nginx.send_timeout_s,
        "retry_within_ms": plan.uwsgi.harakiri_s * 900,
        "retry_several_ms": nginx.read_timeout_s * 1000 + nginx.connect_timeout_ms + 1000,
    }


def _upstream(plan: Plan) -> dict[str, Any]:
    """The servers behind nginx: each instance's links or the one TCP address of all of them, then those on other machines.
    `several` is whether there is more than one uWSGI, not only more than one worker of it."""
    upstream = plan.upstream
    here = [Server(address) for address in local_addresses(plan.uwsgi)]
    servers = [*here, *upstream.servers]
    choice = len(servers) > 1
    several = choice and (plan.uwsgi.instances > 1 or bool(upstream.servers))
    local = _LOCAL if several else _WORKER
    rows = [_row(server, upstream, local if server in here else _REMOTE) for server in servers]
    if not choice:
        rows = [{**row, "why": why} for row in rows for why in (_ALONE, _AGAIN)]
    elif several and upstream.max_fails and takes_backup(upstream.balance) and not any(server.backup for server in servers):
        rows += [
            _row(replace(server, backup=True, max_fails=0), upstream, _RESERVE) for server in servers if not server.down
        ]
    return {
        "upstream": rows,
        "several": several,
        "zone": choice and plan.nginx is not None and "http_upstream_zone" in plan.nginx.binary.modules,
        "balance": upstream.balance and choice and Escaped(upstream.balance),
        "tries": upstream.tries,
    }


def takes_backup(balance: str) -> bool:
    """Whether that way of sharing knows servers in reserve: those that choose a server by the request do not
    (https://nginx.org/en/docs/http/ngx_http_upstream_module.html#backup)."""
    return balance.split()[:1] not in (["ip_hash"], ["random"], ["hash"])


def _row(server: Server, upstream: UpstreamPlan, why: Escaped) -> dict[str, Any]:
    return {"address": quoted(server.address), "words": _words(server, upstream), "why": why}


def local_addresses(uwsgi: UwsgiPlan) -> list[str]:
    """What nginx connects to on this machine: the links of each instance, or the one TCP address of all."""
    if not uwsgi.address.startswith("unix:"):
        return [uwsgi.address] if uwsgi.instances else []
    base = uwsgi.address.removesuffix(".sock")
    return [path for one in uwsgi.each() for path in each_worker(f"{base}{one.suffix}.sock", len(one.sockets))]


def _words(server: Server, upstream: UpstreamPlan) -> Escaped:
    """What nginx's `server` takes after the address (https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server)."""
    fails = upstream.max_fails if server.max_fails is None else server.max_fails
    timeout_s = upstream.fail_timeout_s if server.fail_timeout_s is None else server.fail_timeout_s
    words = [f"weight={server.weight}"] if server.weight != 1 else []
    words += [f"max_fails={fails}"] + ([f"fail_timeout={timeout_s}s"] if fails else [])
    words += ["backup"] if server.backup else []
    words += ["down"] if server.down else []
    return Escaped("".join(f" {word}" for word in words))


def _trusted_proxies(nginx: NginxPlan) -> tuple[Escaped, ...]:
    if nginx.trusted_proxies and "http_realip" not in nginx.binary.modules:
        raise ValueError(f"{nginx.binary.path} is built without http_realip, which trusted_proxies needs")
    return escape.networks(nginx.trusted_proxies)


def _listen(listen: Listen) -> tuple[Escaped, ...]:
    """`*` is every address of both families; IPv4 and IPv6 need a line each, because an IPv6 socket of nginx takes
    IPv6 only (https://nginx.org/en/docs/http/ngx_http_core_module.html#listen)."""
    if listen.host == "*":
        return (Escaped(f"*:{listen.port:d}"), Escaped(f"[::]:{listen.port:d}"))
    address = ipaddress.ip_address("" if "%" in listen.host else listen.host)
    return (Escaped(Listen(str(address), int(listen.port))),)


def _server_names(names: tuple[str, ...]) -> tuple[Escaped, ...]:
    """Each once, because nginx warns of a repeated one; `_` is never a Host, and stands for no name at all."""
    unique = {name.lower(): name for name in map(escape.server_name, names)}
    return tuple(unique.values()) or (Escaped("_"),)


def _header_buffers(packet_bytes: int) -> dict[str, Any]:
    """Number and size (KiB) of the buffers for long headers, such that what fits them fits uWSGI's `buffer-size`.

    The URI takes one buffer and counts twice in the packet (REQUEST_URI, and PATH_INFO with QUERY_STRING); another KiB is
    nginx's first buffer (https://nginx.org/en/docs/http/ngx_http_core_module.html#large_client_header_buffers).
    """
    room = packet_bytes - _PACKET_OVERHEAD_BYTES - _KIB
    size = min(8, max(1, room // 3 // _KIB))
    number = min(4, max(2, room // (size * _KIB) - 1))
    return {"number": number, "size": Escaped(f"{size}k")}
