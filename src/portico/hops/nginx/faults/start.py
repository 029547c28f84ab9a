"""nginx does not run, or not where the visitor comes to: judged from processes and sockets as they are."""

from __future__ import annotations

import errno
import ipaddress
import re
import shlex
from collections.abc import Iterator
from urllib.parse import urlsplit

from portico.hops.nginx.faults import start_kinds as kinds
from portico.hops.nginx.faults.refusals import refusal
from portico.hops.nginx.faults.standing import command_line, is_down, is_fragment, of_system, start
from portico.model.evidence import Evidence
from portico.model.finding import Basis, Finding
from portico.model.log import ErrorEntry
from portico.model.seen import Exchange

_UNREACHABLE = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH)
_INHERITS = re.compile(r"NGINX environment variable|of the inherited socket")


def _refused(evidence: Evidence) -> Exchange | None:
    """The connection that was refused, where nobody listens."""
    visit = evidence.visit
    exchange = visit.exchange if visit else None
    return exchange if exchange and exchange.stage == "connect" and exchange.errno == errno.ECONNREFUSED else None


def not_running(evidence: Evidence) -> Iterator[Finding]:
    """No process, and nobody else at the site's port."""
    exchange = _refused(evidence)
    if evidence.listeners or is_fragment(evidence.nginx):
        return
    if evidence.managed and evidence.plan and not evidence.plan.get("nginx"):
        return
    if is_down(evidence) and (exchange or evidence.visit is None):
        yield from _down(evidence, exchange)
    elif not evidence.nginx.conf and (exchange or (evidence.visit is None and not evidence.uwsgi)):
        yield _nothing(evidence, exchange)


def _down(evidence: Evidence, exchange: Exchange | None) -> Iterator[Finding]:
    nginx = evidence.nginx
    fix, remedy = start(evidence)
    rows = [exchange.line] if exchange else []
    rows += [f"no process is an nginx with {nginx.conf}"]
    rows += [f"another nginx: {one.line}" for one in nginx.strangers[:1] if not evidence.managed]
    rows += ["nginx -t accepts the configuration"] if nginx.test and nginx.test.ok else []
    basis: Basis = "request" if exchange else "state"
    if (said := _stale(evidence)) is not None:
        yield kinds.STALE_PID.found(
            cause=f"nginx is not running; {said}, left by one that was killed",
            evidence=rows,
            fix=[*fix, f"not `nginx -s reload`: it reads {nginx.pid_file[0] if nginx.pid_file else 'the pid file'}"],
            basis="state",
            remedy=None if refusal(evidence) else remedy,
        )
    yield kinds.NOT_RUNNING.found(
        cause="the stack's nginx has ended" if evidence.managed else "no nginx runs: nobody listens at the site's address",
        evidence=rows,
        fix=[*fix, "portico logs   # if it ends at once" if evidence.managed else _look_for_why(evidence)],
        basis=basis,
        remedy=None if refusal(evidence) else remedy,
    )


def _look_for_why(evidence: Evidence) -> str:
    return f"{shlex.join(command_line(evidence.nginx, '-t'))}   # and the end of its error log, if it ends at once"


def _stale(evidence: Evidence) -> str | None:
    """What a left-over pid file says; None without one."""
    path, content = evidence.nginx.pid_file or ("", None)
    if content is None:
        return None
    number = content.strip()
    others = [one for one in evidence.nginx.strangers if str(one.pid) == number]
    if others:
        return f"{path} names process {number}, which is another nginx"
    return f"{path} names process {number}, which is no nginx" if number else f"{path} is empty"


def _nothing(evidence: Evidence, exchange: Exchange | None) -> Finding:
    """There is nothing to look at but the refusal itself."""
    target = exchange.address if exchange else evidence.directory
    rows = [exchange.line] if exchange else []
    rows += [f"another nginx: {one.line}" for one in evidence.nginx.strangers[:2]]
    rows += [f"uWSGI runs: {seen.master.line}" for seen in (*evidence.uwsgi, *evidence.others)[:2] if seen.master]
    where = "nobody listens there, and " if exchange else ""
    return kinds.NOT_RUNNING.found(
        cause=f"{where}no configuration of nginx was found in {evidence.directory} or /etc/nginx that is about {target}",
        evidence=rows or [f"{evidence.directory}: no nginx configuration, no uwsgi.ini, no stack of Portico's"],
        fix=[
            "portico up   # puts the project here behind nginx and uWSGI",
            "or name the files: portico doctor --nginx FILE --uwsgi FILE",
        ],
        basis="request" if exchange else "state",
        # Without nginx uWSGI itself may have been the front.
        certainty="certain" if exchange and not evidence.uwsgi else "likely",
    )


def elsewhere(evidence: Evidence) -> Iterator[Finding]:
    """nginx runs and listens, but not at the address that was asked."""
    exchange, nginx = _refused(evidence), evidence.nginx
    if exchange is None or not nginx.masters or evidence.listeners:
        return
    host, _, port = exchange.address.rpartition(":")
    same_port = [one for one in nginx.listens if one.rpartition(":")[2] == port]
    if _is_six(host) and same_port and not any(one.startswith("[") for one in same_port):
        yield _no_six(evidence, exchange, same_port, port)
    elif not any(_covers(one, host, port) for one in nginx.listens):
        yield kinds.ELSEWHERE.found(
            cause=f"nothing listens at {exchange.address}; nginx listens at {', '.join(nginx.listens) or 'no address'}",
            evidence=[exchange.line, nginx.masters[0].line, *_listen_rows(evidence)],
            fix=[
                f"ask http://{nginx.listens[0]}/" if nginx.listens else "add a server with a listen",
                f"or listen {_as_listen(host, port)};   # in the server, then nginx -s reload",
            ],
            basis="request",
        )


def _no_six(evidence: Evidence, exchange: Exchange, listens: list[str], port: str) -> Finding:
    return kinds.NO_IPV6.found(
        cause=f"nginx listens on {', '.join(listens)} only, and the request came to {exchange.address}",
        evidence=[exchange.line, *_listen_rows(evidence)],
        fix=[f"listen [::]:{port};   # a further line beside the other listen, then nginx -s reload"],
        basis="request",
    )


def other_family(evidence: Evidence) -> Iterator[Finding]:
    """The name has an IPv6 address too, and only the other one works."""
    tried = evidence.more.get("ipv6")
    if (
        tried is None
        or tried.status
        or tried.stage != "connect"
        or tried.errno != errno.ECONNREFUSED
        or not evidence.nginx.masters
    ):
        return
    port = tried.address.rpartition(":")[2]
    yield _no_six(evidence, tried, [one for one in evidence.nginx.listens if one.endswith(f":{port}")], port)


def unreachable(evidence: Evidence) -> Iterator[Finding]:
    """A connection that neither succeeds nor is refused."""
    visit = evidence.visit
    if visit is None or visit.exchange.stage != "connect" or visit.exchange.errno not in _UNREACHABLE:
        return
    exchange = visit.exchange
    yield kinds.UNREACHABLE.found(
        cause=f"no connection to {exchange.address} comes about: {exchange.error}",
        evidence=[exchange.line, *(f"nginx runs here: {one.line}" for one in evidence.nginx.masters[:1])],
        fix=[
            "on the server: curl -v http://127.0.0.1/",
            "open the port in the firewall: sudo ufw status, the security group",
            "getent ahosts NAME   # is it this machine?",
        ],
        basis="request",
        certainty="likely",
    )


def _is_six(host: str) -> bool:
    return ":" in host.strip("[]") or host == "ip6-localhost"


def _covers(listen: str, host: str, port: str) -> bool:
    """Whether a listen takes connections to that address. A name may be any of this machine's addresses."""
    name, _, number = listen.rpartition(":")
    if number != port:
        return False
    try:
        literal = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return True
    six = name.startswith("[")
    return six == (literal.version == 6) and (name in ("0.0.0.0", "[::]") or name.strip("[]") == str(literal))  # noqa: S104


def _as_listen(host: str, port: str) -> str:
    return f"[::]:{port}" if _is_six(host) else port


def _listen_rows(evidence: Evidence) -> list[str]:
    tree = evidence.nginx.tree
    return [f"{one.where}: {one.text}" for one in (tree.deep("listen") if tree else ())][:3]


def inherited(evidence: Evidence) -> Iterator[Finding]:
    """NGINX in the environment."""
    lines: list[ErrorEntry] = [entry for entry in evidence.nginx.errors if _INHERITS.search(entry.message)]
    named = [one for one in evidence.nginx.masters if one.environ and one.environ.get("NGINX")]
    living = {one.pid for one in evidence.nginx.masters}
    now = [entry for entry in lines if entry.pid in living]
    if not (named or now or (lines and not evidence.nginx.masters)):
        return
    start_line = "env -u NGINX nginx ..." if not of_system(evidence.nginx) else "sudo systemctl unset-environment NGINX"
    down = not evidence.nginx.masters
    yield kinds.INHERITED.found(
        cause="nginx was started with NGINX in its environment, which it keeps for the sockets of a binary upgrade"
        + ("; it neither went into the background nor stayed" if down else ""),
        evidence=[entry.line for entry in (now or lines)[-2:]],
        fix=["take `export NGINX=...` out of the script or unit that starts nginx", start_line],
        certainty="likely" if down else "certain",
        basis="log",
    )


def frozen(evidence: Evidence) -> Iterator[Finding]:
    """Stopped by a signal."""
    seen = evidence.nginx.workers or evidence.nginx.masters
    still = [one for one in seen if one.state in "Tt"]
    if still and len(still) == len(seen):
        yield kinds.STOPPED.found(
            cause=f"all {len(still)} processes of nginx that serve are stopped by a signal",
            evidence=[f"state {one.state}: {one.line}" for one in still[:3]],
            fix=[f"kill -CONT {' '.join(str(one.pid) for one in (*evidence.nginx.masters, *still))}"],
            basis="state",
        )


def in_cwd(evidence: Evidence) -> Iterator[Finding]:
    """A build whose relative paths start where it was started."""
    nginx = evidence.nginx
    if nginx.built_prefix not in (".", "./") or not nginx.conf or evidence.managed:
        return
    command = " ".join(nginx.masters[0].command) if nginx.masters else ""
    if nginx.masters and " -p" in command:
        return
    tree = nginx.tree
    unset = [
        name for name in ("client_body_temp_path", "uwsgi_temp_path", "pid") if tree and next(tree.deep(name), None) is None
    ]
    if not unset or (not nginx.masters and not is_down(evidence)):
        return
    strays = [seen.path for seen in nginx.paths if seen.path.startswith(f"{nginx.prefix}/") and seen.kind == "folder"]
    yield kinds.TEMP_IN_CWD.found(
        cause=f"this nginx was built with the prefix `.` and {'runs' if nginx.masters else 'is to run'} without -p: "
        f"{', '.join(unset)} and other relative paths lie in {nginx.prefix}",
        evidence=[f"{nginx.binary} -V: --prefix=.", *([nginx.masters[0].line] if nginx.masters else []), *strays[:3]],
        fix=[
            f"{nginx.binary} -p {urlsplit(nginx.conf).path.rpartition('/')[0]}/ -c {nginx.conf}",
            "and set pid, error_log and the five *_temp_path in it",
        ],
        basis="state" if nginx.masters else "configuration",
    )


RULES = (not_running, elsewhere, other_family, unreachable, inherited, frozen, in_cwd)
