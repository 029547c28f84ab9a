"""The public address: what the user wrote, and whether it can be had."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import shlex
from pathlib import Path

from portico.actions.state import project_of
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Finding, Kind
from portico.model.plan import Listen
from portico.system import sockets
from portico.system.accounts import ourselves
from portico.system.clock import wait_for

#: How long a port may stay taken after its holder has vanished from the kernel's tables.
VANISH_LIMIT_S = 1.0
DEFAULT = Listen("127.0.0.1", 8000)

#: Where a stack keeps its state, as the command lines of nginx's master and of uWSGI show it, or its runtime directory, as
#: that of the process that holds its TCP socket does.
_STACK = re.compile(r"^nginx: .* -c (.+)/conf/nginx\.conf|\S (/.*?)/releases/\d+/uwsgi[_.]|\S (/.*?)/pool/(?:uwsgi_|pool\.)")

NOT_AN_ADDRESS = Kind(
    "config.E006",
    "config",
    "The public address cannot be understood",
    "nginx needs an address of this machine and a port.",
    "https://nginx.org/en/docs/http/ngx_http_core_module.html#listen",
    shows="The command ends with exit status 2. A URL, a host name or an address without a port are the usual reasons.",
    example="portico up --listen http://localhost:8000",
    cure="`--listen 8000` for this machine only, `--listen 0.0.0.0:80` for everybody over IPv4, `--listen '*:80'` for both "
    "families, `--listen '[::1]:8000'`, or `--listen auto` for any free port.",
)
TAKEN = Kind(
    "nginx.E004",
    "nginx",
    "The port is taken",
    "Only one process can listen on an address; nginx would stop with `bind() failed (98)`.",
    "https://man7.org/linux/man-pages/man2/bind.2.html",
    shows="`portico up` ends with exit status 2 and names the process, as far as this account may see it.",
    example="nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
    cure="`sudo ss -ltnp 'sport = :80'` shows who listens. Stop that (another stack with `portico -C ITS-PROJECT down`), "
    "or take another port: `portico up --listen auto`.",
)
FORBIDDEN = Kind(
    "nginx.E005",
    "nginx",
    "This account may not listen on that port",
    "Ports below 1024 are kept for root unless the kernel is told otherwise.",
    "https://man7.org/linux/man-pages/man7/capabilities.7.html",
    shows="`portico up` ends with exit status 2.",
    example="bind 0.0.0.0:80: Permission denied (errno 13)",
    cure="`portico up --listen 8080`; or `sudo portico up`, which still runs the application as the project's owner; or "
    "let everybody listen there: `sudo sysctl net.ipv4.ip_unprivileged_port_start=80`.",
)
NOT_HERE = Kind(
    "nginx.E006",
    "nginx",
    "That address is not one of this machine",
    "A process can only listen on an address that a network interface has.",
    source="https://man7.org/linux/man-pages/man7/ip.7.html",
    shows="`portico up` ends with exit status 2. On a rented machine the public address often belongs to a router in front "
    "of it.",
    example="bind 203.0.113.7:8000: Cannot assign requested address (errno 99)",
    cure="`ip -brief address` lists the addresses of this machine. `--listen 0.0.0.0:8000` takes them all.",
)


def parse(text: str, ours: Listen | None = None, origin: str = "listen") -> Listen:
    """`8000`, `:8000`, `127.0.0.1:8000`, `[::1]:8000`, `localhost:8000`, `*:80`; `auto` is `ours` or a free port.

    `origin` says where the text was given, for the message of the PorticoError that anything else raises.
    """
    if text.strip() == "auto":
        return ours or Listen("127.0.0.1", sockets.free_port())
    try:
        return _parse(text.strip())
    except ValueError as error:
        fix = [
            "portico up --listen 8000",
            "portico up --listen 0.0.0.0:8000   # every interface",
            "portico up --listen auto",
        ]
        finding = NOT_AN_ADDRESS.found(cause=f"{text!r}: {error}", evidence=[f"{origin}: {text!r}"], fix=fix)
        raise PorticoError(finding, Exit.USAGE) from None


def _parse(text: str) -> Listen:
    host, _, port = text.rpartition(":")
    host = {"": "127.0.0.1", "localhost": "127.0.0.1"}.get(host, host)
    if "/" in text:
        raise ValueError("this is a URL or a path; an address is HOST:PORT")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("an IPv6 address needs brackets: [::1]:8000")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        raise ValueError("the port must be a number from 1 to 65535")
    if host != "*":
        _prove_host(host)
    return Listen(host, int(port))


def _prove_host(host: str) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError("the host must be an IP address of this machine, `localhost` or `*`") from None
    if "%" in host:
        raise ValueError("an address of one link (with %INTERFACE) cannot be given to nginx")
    if address.is_multicast or address == ipaddress.IPv4Address("255.255.255.255"):
        raise ValueError("this address stands for many machines, so no server can be reached at it")


def port_findings(listen: Listen, ours: frozenset[int]) -> list[Finding]:
    """What keeps us from listening there; `ours` are pids of this project's own stack, which may hold it."""
    code = _bind_error(listen)
    if code == 0:
        return []
    if code == errno.EADDRINUSE:
        return taken_findings(listen, ours, "", "portico up --listen auto   # any free port")
    if code in (errno.EACCES, errno.EPERM):
        return [
            FORBIDDEN.found(
                cause=f"port {listen.port} is below the kernel's limit for ordinary accounts",
                evidence=[f"bind {listen}: {os.strerror(code)} (errno {code})"],
                fix=[
                    f"portico up --listen {8000 + listen.port % 1000}",
                    f"sudo sysctl net.ipv4.ip_unprivileged_port_start={listen.port}   # let everybody listen there",
                    "or run as root: sudo portico up   # uWSGI still runs as the project's owner",
                ],
            )
        ]
    return [
        NOT_HERE.found(
            cause=f"the kernel refuses to listen on {listen}: {os.strerror(code)}",
            evidence=[f"bind {listen}: {os.strerror(code)} (errno {code})"],
            fix=["ip -brief address   # the addresses this machine has", f"portico up --listen 127.0.0.1:{listen.port}"],
        )
    ]


def taken_findings(listen: Listen, ours: frozenset[int], where: str, other: str) -> list[Finding]:
    """Whether somebody but ourselves listens there. `where` it is asked for, if not as the public address; `other`: how to
    take another one."""
    if _bind_error(listen) != errno.EADDRINUSE:
        return []
    holders = wait_for(lambda: _known_holders(listen), VANISH_LIMIT_S) or []
    if _bind_error(listen) == 0 or (holders and all(holder.pid in ours for holder in holders)):
        return []
    return [_taken(listen, [holder for holder in holders if holder.pid not in ours], where, other)]


def _bind_error(listen: Listen) -> int:
    code = sockets.bind_error(listen.host, listen.port)
    return sockets.bind_error("::", listen.port) if listen.host == "*" and code == 0 else code


def _known_holders(listen: Listen) -> list[sockets.Holder]:
    """Holders that can be named. A process that ends, or an nginx that replaces its workers, is for a moment nobody's."""
    return [holder for holder in sockets.listeners(listen.port) if holder.pid or holder.user != "?"]


def _taken(listen: Listen, holders: list[sockets.Holder], where: str, other: str) -> Finding:
    known = [holder for holder in holders if holder.pid]
    fix = [other, *map(_make_room, known)]
    if not known:
        fix.append(f"sudo ss -ltnp 'sport = :{listen.port}'   # the process belongs to another account: root can see it")
    evidence = [
        f"{holder.address}: pid {holder.pid} of {holder.user}: {holder.command[:160]}"
        if holder.pid
        else f"{holder.address}: a process of {holder.user} (its pid is hidden from this account)"
        for holder in holders
    ]
    evidence = evidence or [f"bind {listen}: {os.strerror(errno.EADDRINUSE)} (errno {errno.EADDRINUSE})"]
    who = f"{_program(known[0])} (pid {known[0].pid}, {known[0].user})" if known else "another process"
    return TAKEN.found(
        cause=f"{who} listens on {(known or holders)[0].address if holders else listen} already",
        evidence=[*([where] if where else []), *evidence],
        fix=list(dict.fromkeys(fix)),
        title=f"Port {listen.port} is taken",
    )


def _program(holder: sockets.Holder) -> str:
    return holder.command.split()[0].rstrip(":")


def _make_room(holder: sockets.Holder) -> str:
    """How to free the port: a stack is stopped as a whole, because its supervisor would start the process again."""
    if match := _STACK.search(holder.command):
        folder = _state_of(Path(match[3])) if match[3] else Path(match[1] or match[2])
        project = project_of(folder) or (str(folder.parent) if folder.name == ".portico" else "PROJECT")
        sudo = "" if holder.user == ourselves().name else f"sudo -u {holder.user} "
        quoted = shlex.quote(project)
        if project.startswith("/") and not Path(project).exists():
            return f"mkdir -p {quoted} && {sudo}portico -C {quoted} down   # its project is gone from there"
        return f"{sudo}portico -C {quoted} down   # it is the stack of that project"
    return f"kill {holder.pid}   # stop {_program(holder)} of {holder.user}, if nobody needs it"


def _state_of(run: Path) -> Path:
    """The state folder of the stack with that runtime directory."""
    try:
        return (run / "log").readlink().parent
    except OSError:
        return run
