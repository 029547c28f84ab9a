"""The nginx part of a plan."""

from __future__ import annotations

from pathlib import Path

from portico.actions.layers import Layers
from portico.actions.machine import Machine
from portico.hops.nginx.render import files_for
from portico.model.plan import NginxPlan, Paths
from portico.system import limits


def resolve_nginx(
    layers: Layers, machine: Machine, paths: Paths, base: Path, harakiri_s: int, remote: bool
) -> NginxPlan | None:
    """None with `front = "none"`. `remote`: there are uWSGIs on other machines. Relative paths
    in the configuration are relative to the project folder `base`."""
    if machine.nginx is None:
        return None
    root = machine.us.uid == 0
    pick = layers.pick
    # A dollar sign in this one name would be a variable to nginx; the runtime directory has a link to the folder.
    access = pick("nginx.access_log", f"{f'{paths.run}/log' if '$' in paths.log else paths.log}/nginx-access.log")
    error = pick("nginx.error_log", f"{paths.log}/nginx-error.log")
    params = pick("nginx.uwsgi_params", "", why="written by Portico")
    public = pick("nginx.public", "")
    version = ".".join(map(str, machine.nginx.version))
    layers.pick("nginx.binary", machine.nginx.path, detected=machine.nginx.path, source=f"{machine.nginx.origin}, {version}")
    read_default = harakiri_s + 5 if harakiri_s else 60
    return NginxPlan(
        binary=machine.nginx,
        user=pick("nginx.user", machine.worker.name, why="the distribution's account for web servers") if root else "",
        group=machine.worker.group if root else "",
        worker_processes=pick("nginx.worker_processes", machine.cores, why=f"{machine.cores} cores"),
        worker_connections=pick(
            "nginx.worker_connections", 2048, why="1,000 clients, each with a connection to the application"
        ),
        charset=pick("nginx.charset", "utf-8"),
        access_log=access if access == "off" else str(base / access),
        error_log=str(base / error),
        error_log_level=pick("nginx.error_log_level", "warn"),
        client_max_body_bytes=pick("nginx.client_max_body_size", 25 << 20, why="25m; nginx's own 1m refuses photos"),
        keepalive_timeout_s=pick("nginx.keepalive_timeout", 65),
        connect_timeout_ms=pick(
            "nginx.uwsgi_connect_timeout", 500 if remote else 5000, why="a host may vanish" if remote else ""
        ),
        read_timeout_s=pick("nginx.uwsgi_read_timeout", read_default, why="harakiri + 5 s: uWSGI gives up first"),
        send_timeout_s=pick("nginx.uwsgi_send_timeout", read_default, why="the application reads a body when it likes"),
        gzip=pick("nginx.gzip", True),
        static_max_age_s=pick("nginx.static_max_age", 60, why="short, because the name does not change with the content"),
        uwsgi_params=str(base / params) if params else "",
        trusted_proxies=pick("nginx.trusted_proxies", ()),
        extra_main=pick("nginx.extra_main", ()),
        extra_http=pick("nginx.extra_http", ()),
        extra_server=pick("nginx.extra_server", ()),
        extra_location=pick("nginx.extra_location", ()),
        public=str((base / public).resolve()) if public else "",
    )


def _connections(root: bool) -> int:
    """Enough for 1,000 clients that all came to one worker, where this account may have so many files open."""
    limit = None if root else limits.open_files()
    return 2048 if limit is None or files_for(2048) <= limit else 1024
