"""What part of a site runs on this machine: all of it, only the application, or only the front."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from portico.actions.layers import Layers
from portico.actions.listen import FORBIDDEN
from portico.actions.machine import Machine
from portico.actions.options import Options
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.plan import Listen, UwsgiPlan
from portico.system import files

Role = Literal["all", "app", "front"]
#: Where the application listens for an nginx on another machine, unless somebody says otherwise: for nobody else yet.
APP_LISTEN = "127.0.0.1:9090"
_FIRST_FREE_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")

BAD_ROLE = Kind(
    "config.E014",
    "config",
    "The role of this machine does not fit the rest of the configuration",
    "A machine with role `app` runs the application for an nginx elsewhere, one with role `front` runs nginx for uWSGIs "
    "elsewhere.",
    source="docs/howto-several.md",
    shows="The command ends with exit status 2 and names the key that contradicts the role.",
    example='role = "front"                # and no `servers`',
    cure='`role = "front"` needs `servers = ["10.0.0.2:9090"]` and knows no `instances`. With `front = "none"` there is '
    "one instance: give it more `processes`.",
)


def role_of(options: Options, configured: str | None) -> Role:
    """The flag, else the file, else `all`."""
    role = options.role or configured
    return "app" if role == "app" else "front" if role == "front" else "all"


def prove_role(layers: Layers, role: Role, listen: Listen, machine: Machine, front: str) -> None:
    """Raises PorticoError for what contradicts the role."""
    if role == "app":
        _prove_port(listen, machine)
    if front == "none" and (layers.configured("instances") or 1) > 1:
        raise _refused(
            '`instances` with front = "none": without nginx nobody shares requests among them',
            "more `processes` in [uwsgi]",
            'front = "nginx"',
        )
    if role == "front" and front == "none":
        raise _refused('role = "front" with front = "none": nothing would run here', 'leave `front = "none"` out')
    if role == "front" and layers.configured("instances") is not None:
        raise _refused(
            '`instances` with role = "front": no uWSGI runs here', "leave `instances` out", "portico up --role all"
        )
    if role == "front" and not layers.configured("servers"):
        raise _refused(
            'role = "front" without `servers`: nginx has nobody to ask',
            'servers = ["10.0.0.2:9090"]   # each runs: portico up --role app --listen 10.0.0.2:9090',
        )


def as_role(uwsgi: UwsgiPlan, role: Role, listen: Listen, layers: Layers) -> UwsgiPlan:
    """The uWSGI part for that role: on the address the front connects to, or none at all."""
    if role == "app":
        layers.values["uwsgi.address"] = address = tcp_address(listen)
        return replace(uwsgi, address=address)
    if role == "front":
        layers.values["instances"] = 0
        return replace(uwsgi, instances=0, entry="")
    return uwsgi


def tcp_address(listen: Listen) -> str:
    """As uWSGI and the prober take it; every address is IPv4's, for uWSGI has no socket of both families."""
    return f"0.0.0.0:{listen.port}" if listen.host == "*" else str(listen)


def _prove_port(listen: Listen, machine: Machine) -> None:
    """Root's stack binds the application's port as the application's account."""
    text = (files.read_text(_FIRST_FREE_PORT) or "").strip()
    first = int(text) if text.isdigit() else 1024
    if machine.us.uid == 0 and machine.app.uid != 0 and listen.port < first:
        finding = FORBIDDEN.found(
            cause=f'with role = "app" account {machine.app.name} listens there, and ports below {first} are root\'s',
            evidence=[f"listen = {listen}", f"{_FIRST_FREE_PORT}: {first}"],
            fix=[f"portico up --role app --listen {replace(listen, port=9090)}"],
        )
        raise PorticoError(finding, Exit.USAGE)


def _refused(cause: str, *fix: str) -> PorticoError:
    return PorticoError(BAD_ROLE.found(cause=cause, evidence=[cause], fix=list(fix)), Exit.USAGE)
