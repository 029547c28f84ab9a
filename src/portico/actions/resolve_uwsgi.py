"""The uWSGI part of a plan."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from portico.actions.layers import Layers
from portico.actions.machine import Machine
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.plan import Paths, Plan, UwsgiPlan

#: uWSGI keeps the size of a packet in 16 bits (https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html).
LARGEST_PACKET = 65535

BAD_ADDRESS = Kind(
    "config.E007",
    "config",
    "uWSGI's address cannot be used",
    "nginx and uWSGI must agree on one address.",
    "https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_pass",
    shows="The command ends with exit status 2. A path, a port without an address, or a host name are the usual reasons.",
    example='[uwsgi]\naddress = "/tmp/app.sock"',
    cure="Leave `address` out: Portico makes a unix socket, which is faster and private. For TCP: `address = "
    '"127.0.0.1:9090"`.',
)
TOO_LARGE = Kind(
    "config.E008",
    "config",
    "uWSGI's buffer is larger than its protocol allows",
    "The protocol keeps the size of a packet in 16 bits; uWSGI refuses to start with a larger buffer.",
    "https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html",
    shows="The command ends with exit status 2. A uWSGI without Portico ends at its start instead.",
    example="[uwsgi]\nbuffer_size = 131072",
    cure="`buffer_size = 65535` is the most there can be. Larger cookies or URLs than that have to become smaller.",
)


def resolve_uwsgi(layers: Layers, machine: Machine, paths: Paths, base: Path, release: int, lazy_apps: bool) -> UwsgiPlan:
    """All but the workers, which `resolve_workers` adds when the rest of the plan is known.

    No account is named: supervisord starts uWSGI as the application's account, so it never has root's rights at all.
    """
    pick = layers.pick
    backlog = min(1024, machine.somaxconn)
    daemonize = pick("uwsgi.daemonize", "")
    log = pick("uwsgi.log", daemonize or f"{paths.log}/uwsgi.log", why="")
    pick("uwsgi.master", True)
    return UwsgiPlan(
        address=_address(pick("uwsgi.address", "", why="a unix socket"), paths),
        **_numbered(paths, release),
        user="",
        group="",
        processes=1,
        threads=1,
        max_requests=0,
        harakiri_s=pick("uwsgi.harakiri", 60),
        graceful_s=pick("uwsgi.graceful_timeout", 30),
        buffer_bytes=_packet(pick("uwsgi.buffer_size", 32768)),
        backlog=pick("uwsgi.listen", backlog, why=f"somaxconn is {machine.somaxconn}"),
        chmod_socket=pick("uwsgi.chmod_socket", "660"),
        vacuum=pick("uwsgi.vacuum", True),
        request_log=pick("uwsgi.request_log", "errors", why="nginx logs every request"),
        log=str(base / log),
        daemonize=str(base / daemonize) if daemonize else "",
        extra=pick("uwsgi.extra", ()),
        instances=pick("instances", 1),
        lazy_apps=lazy_apps,
    )


def _numbered(paths: Paths, release: int) -> dict[str, Any]:
    return {
        "instance": release,
        "instance_socket": f"{paths.run}/app/app-{release}.sock",
        "stats_socket": f"{paths.run}/ctl/stats-{release}.sock",
        "fifo": f"{paths.run}/ctl/fifo-{release}",
        "entry": f"{paths.conf}/entry.py",
    }


def as_release(plan: Plan, paths: Paths, release: int) -> Plan:
    """The same plan as release `release`, whose paths are `paths`."""
    numbered = _numbered(paths, release)
    if not plan.uwsgi.instances:
        numbered["entry"] = ""
    return replace(plan, paths=paths, uwsgi=replace(plan.uwsgi, **numbered))


def _address(wanted: str, paths: Paths) -> str:
    """nginx connects to one name; over a unix socket it is a symlink to the live release's own socket."""
    if not wanted:
        return f"unix:{paths.run}/app/app.sock"
    if re.fullmatch(r"(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\]|localhost):\d{1,5}", wanted):
        return wanted.replace("localhost", "127.0.0.1")
    finding = BAD_ADDRESS.found(
        cause=f"{wanted!r} is not an address Portico can give to both sides",
        evidence=[f"[uwsgi] address = {wanted!r}"],
        fix=['address = "127.0.0.1:9090"', "or leave it out: Portico makes a unix socket, which is faster and private"],
    )
    raise PorticoError(finding, Exit.USAGE)


def _packet(value: int) -> int:
    if value <= LARGEST_PACKET:
        return value
    finding = TOO_LARGE.found(
        cause=f"uwsgi.buffer_size is {value}, but a uwsgi packet holds {LARGEST_PACKET} bytes",
        evidence=[f"[uwsgi] buffer_size = {value}"],
        fix=[f"buffer_size = {LARGEST_PACKET}"],
    )
    raise PorticoError(finding, Exit.USAGE)
