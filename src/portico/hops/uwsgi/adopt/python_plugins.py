"""Plugins: what is built into pyuwsgi needs no file, and there are no files for others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portico.hops.uwsgi.adopt.context import Context, Rule
from portico.hops.uwsgi.adopt.fates import left, same
from portico.model.adoption import Carried
from portico.model.directive import Option

#: What `uwsgi --plugins-list` of pyuwsgi 2.0.30 prints, and the names of Python that distributions use.
_BUILT_IN = frozenset(
    (
        *("python", "0", "spooler", "symcall", "ping", "signal", "cache", "rpc", "gevent", "ugreen", "nagios", "carbon"),
        *("corerouter", "fastrouter", "http", "rawrouter", "sslrouter", "zergpool", "rrdtool", "cheaper_busyness"),
        *("syslog", "rsyslog", "logsocket", "logfile", "redislog", "mongodblog", "stats_pusher_statsd"),
        *("stats_pusher_socket", "router_uwsgi", "router_redirect", "router_basicauth", "router_rewrite", "router_http"),
        *("router_cache", "router_static", "router_memcached", "router_redis", "router_hash", "router_expires"),
        *("router_metrics", "transformation_tofile", "transformation_gzip", "transformation_chunked"),
        *("transformation_offload", "transformation_template"),
    )
)
_PYTHON = re.compile(r"python\d?\d*(\.\d+)?(_plugin\.so)?")


def _plugins(option: Option, context: Context) -> Sequence[Carried]:
    names = [name.strip() for name in option.value.split(",") if name.strip()]
    absent = [name for name in names if name not in _BUILT_IN and not _PYTHON.fullmatch(name)]
    if not absent:
        return (same(option, "built into the uWSGI of the project's Python (pyuwsgi)"),)
    why = f"pyuwsgi has no plugin {', '.join(absent)} and loads none from a file: a uWSGI that was built with it is needed"
    return (left(option, why),)


def _folder(option: Option, context: Context) -> Sequence[Carried]:
    return (left(option, "pyuwsgi loads no plugin from a file: what it has is built in"),)


RULES: dict[str, Rule] = {"plugins": _plugins, "need-plugins": _plugins, "plugins-dir": _folder}
