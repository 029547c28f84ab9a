"""A complete plan for tests: `make_plan()` is a default Django site, and every field can be overridden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portico.model.plan import (
    HealthPlan,
    Interpreter,
    Listen,
    NginxBinary,
    NginxPlan,
    Paths,
    Plan,
    ReleasePlan,
    UpstreamPlan,
    Uwsgi,
    UwsgiPlan,
)
from portico.model.site import Site, StaticMap

MODULES = frozenset(
    {
        "http",
        "http_charset",
        "http_fastcgi",
        "http_geo",
        "http_gzip",
        "http_gzip_static",
        "http_map",
        "http_proxy",
        "http_realip",
        "http_rewrite",
        "http_scgi",
        "http_ssl",
        "http_uwsgi",
    }
)


def make_plan(
    base: str = "/srv/destiny",
    *,
    site: Mapping[str, Any] | None = None,
    listen: Listen = Listen("127.0.0.1", 8000),  # noqa: B008 - frozen
    paths: Mapping[str, Any] | None = None,
    binary: Mapping[str, Any] | None = None,
    nginx: Mapping[str, Any] | None = None,
    uwsgi: Mapping[str, Any] | None = None,
    **overrides: Any,
) -> Plan:
    """A Django project in `base` with its state in `base/.portico`; nothing of it need exist.

    `site`, `paths`, `nginx` and `uwsgi` override single fields of those parts, `binary` those of `nginx.binary`;
    any other keyword is a field of Plan (`front`, `environ`, `origins`, `interpreter`). With `front="none"` there is no
    nginx part.
    """
    places = replace(_paths(base), **(paths or {}))
    front = replace(_nginx(places, binary or {}), **(nginx or {}))
    fields: dict[str, Any] = {
        "site": replace(_site(base, places), **(site or {})),
        "listen": listen,
        "front": "nginx",
        "interpreter": Interpreter(
            f"{base}/.venv/bin/python",
            "/usr/bin/python3.11",
            "3.11",
            Uwsgi("pyuwsgi", f"{base}/.venv/lib/python3.11/site-packages/pyuwsgi.so", "2.0.30"),
        ),
        "nginx": front if overrides.get("front", "nginx") == "nginx" else None,
        "uwsgi": replace(_uwsgi(places), **(uwsgi or {})),
        "upstream": UpstreamPlan(balance="", servers=(), max_fails=0, fail_timeout_s=30, tries=2),
        "health": HealthPlan(statuses=((100, 499),), text="", timeout_s=60, strict=False),
        "release": ReleasePlan(hooks=(), hook_timeout_s=900, load_timeout_s=120, keep=5, warm=1, fast=False),
        "paths": places,
        "environ": ("DJANGO_SETTINGS_MODULE", "SECRET_KEY"),
    }
    return Plan(**{**fields, **overrides})


def _paths(base: str) -> Paths:
    state = f"{base}/.portico"
    return Paths(
        project=base,
        state=state,
        conf=f"{state}/conf",
        log=f"{state}/log",
        static=f"{state}/static",
        tmp=f"{state}/tmp",
        run="/run/portico/destiny",
    )


def _site(base: str, paths: Paths) -> Site:
    return Site(
        name="destiny",
        directory=base,
        python_path=(base,),
        framework="django",
        module="destiny.wsgi",
        file="",
        callable="application",
        settings="destiny.settings",
        server_names=(),
        maps=(
            StaticMap("/static/", paths.static, "static"),
            StaticMap("/media/", f"{base}/media", "media"),
        ),
        health_path="/",
        health_host="localhost",
    )


def _nginx(paths: Paths, binary: Mapping[str, Any]) -> NginxPlan:
    return NginxPlan(
        binary=replace(NginxBinary("/usr/sbin/nginx", (1, 22, 1), MODULES, "system"), **binary),
        user="",
        group="",
        worker_processes=2,
        worker_connections=1024,
        charset="utf-8",
        access_log=f"{paths.log}/access.log",
        error_log=f"{paths.log}/nginx.log",
        error_log_level="warn",
        client_max_body_bytes=75 << 20,
        keepalive_timeout_s=65,
        connect_timeout_ms=5000,
        read_timeout_s=65,
        send_timeout_s=30,
        gzip=True,
        static_max_age_s=3600,
        uwsgi_params="",
        trusted_proxies=(),
        extra_main=(),
        extra_http=(),
        extra_server=(),
        extra_location=(),
        public="",
    )


def _uwsgi(paths: Paths) -> UwsgiPlan:
    return UwsgiPlan(
        address=f"unix:{paths.run}/app.sock",
        instance=1,
        instance_socket=f"{paths.run}/app-1.sock",
        stats_socket=f"{paths.run}/stats-1.sock",
        fifo=f"{paths.run}/fifo-1",
        entry="portico_entry",
        user="",
        group="",
        processes=2,
        threads=2,
        max_requests=5000,
        harakiri_s=60,
        graceful_s=30,
        buffer_bytes=32768,
        backlog=100,
        chmod_socket="660",
        vacuum=True,
        request_log="errors",
        log="",
        daemonize="",
        extra=(),
    )
