"""Directives that a key of portico.toml says: which key, and how its value reads there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portico.hops.nginx.adopt import values
from portico.model.adoption import Value


@dataclass(frozen=True)
class Word:
    """`read` makes the key's value of the first argument, None where the key cannot say it. `why` for an entry of a key."""

    key: str
    read: Callable[[str], Value | None]
    why: str = ""


def _text(text: str) -> str | None:
    return None if "$" in text else text


_ABOUT_PROXY = "Portico passes requests on in the uwsgi protocol, with the same patience"
#: By directive, in http, a server or the location of the application.
HTTP = {
    "client_max_body_size": Word("nginx.client_max_body_size", values.size),
    "keepalive_timeout": Word("nginx.keepalive_timeout", values.seconds),
    "charset": Word("nginx.charset", _text),
    "gzip": Word("nginx.gzip", values.switch),
    "uwsgi_connect_timeout": Word("nginx.uwsgi_connect_timeout", values.duration),
    "uwsgi_read_timeout": Word("nginx.uwsgi_read_timeout", values.seconds),
    "uwsgi_send_timeout": Word("nginx.uwsgi_send_timeout", values.seconds),
    "uwsgi_next_upstream_tries": Word("upstream.tries", values.whole),
}
#: The same of a pass over HTTP.
PROXY = {
    "proxy_connect_timeout": Word("nginx.uwsgi_connect_timeout", values.duration, _ABOUT_PROXY),
    "proxy_read_timeout": Word("nginx.uwsgi_read_timeout", values.seconds, _ABOUT_PROXY),
    "proxy_send_timeout": Word("nginx.uwsgi_send_timeout", values.seconds, _ABOUT_PROXY),
    "proxy_next_upstream_tries": Word("upstream.tries", values.whole, _ABOUT_PROXY),
}
MAIN = {
    "worker_processes": Word("nginx.worker_processes", values.whole),
    "user": Word("nginx.user", _text),
}
EVENTS = {"worker_connections": Word("nginx.worker_connections", values.whole)}
#: Portico keeps its own; where one goes, a key or nothing says.
OWN_PLACES = {
    "pid": "Portico keeps it in its runtime folder",
    "lock_file": "Portico's nginx has one of its own",
    "client_body_temp_path": "Portico keeps it below state_dir",
    "uwsgi_temp_path": "Portico keeps it below state_dir",
    "proxy_temp_path": "Portico keeps it below state_dir",
    "fastcgi_temp_path": "Portico keeps it below state_dir",
    "scgi_temp_path": "Portico keeps it below state_dir",
    "daemon": "Portico's supervisor starts nginx, in the foreground",
    "master_process": "Portico's nginx always has a master",
    "working_directory": "Portico starts nginx in a folder of its own",
    "pcre_jit": "Portico turns it on wherever nginx can",
}
#: What nginx does where nothing is said (https://nginx.org/en/docs/http/ngx_http_core_module.html and its neighbours).
DEFAULTS = frozenset(
    {
        *("tcp_nodelay on", "etag on", "merge_slashes on", "log_not_found on", "port_in_redirect on", "autoindex off"),
        *("server_name_in_redirect off", "uwsgi_buffering on", "uwsgi_request_buffering on", "proxy_buffering on"),
        *("satisfy all", "ssi off", "if_modified_since exact", "ignore_invalid_headers on", "uwsgi_intercept_errors off"),
        *("uwsgi_ignore_client_abort off", "uwsgi_pass_request_headers on", "uwsgi_pass_request_body on"),
        *("recursive_error_pages off", "client_body_in_file_only off", "auth_basic off", "limit_rate 0"),
    }
)
#: Of no consequence for what visitors get: Portico's own choice stays.
TUNING = frozenset(
    {
        *("types_hash_max_size", "types_hash_bucket_size", "server_names_hash_bucket_size", "server_names_hash_max_size"),
        *("variables_hash_max_size", "variables_hash_bucket_size", "map_hash_bucket_size", "map_hash_max_size"),
        *("sendfile", "sendfile_max_chunk", "tcp_nopush", "open_file_cache", "open_file_cache_valid"),
        *("worker_rlimit_nofile", "worker_shutdown_timeout", "absolute_redirect"),
    }
)
