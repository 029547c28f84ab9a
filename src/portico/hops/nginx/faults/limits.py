"""nginx's own limits: bodies, heads, connections, files."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from portico.hops.nginx.faults import limit_kinds as kinds
from portico.hops.nginx.faults.pages import HEADER_TOO_LARGE, sizes
from portico.hops.nginx.faults.standing import by_the_living
from portico.hops.nginx.listens import listens
from portico.hops.nginx.route import route
from portico.model.directive import Directive
from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.log import ErrorEntry

_TOO_LARGE = re.compile(r"client intended to send too large (?:chunked )?body: (\d+) bytes")
_TOO_LONG = re.compile(r'client sent too (?:long|large) (?:(URI|request line)|header line(?:: "([^":]*))?|(request))')
_NOT_ENOUGH = re.compile(r"(\d+) worker_connections are not enough")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_DEFAULT_BODY = 1 << 20


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+)([kmg]?)", text.lower())
    return int(found[1]) * _UNITS[found[2]] if found else 0


def _setting(evidence: Evidence, entry: ErrorEntry, name: str) -> Directive | None:
    """The directive in force for the request of that line."""
    tree, words = evidence.nginx.tree, entry.request.split(" ")
    first = next(iter(listens(tree)), None) if tree else None
    if tree is None or first is None or len(words) < 2:
        return None
    visit = evidence.visit
    host, _, port = visit.exchange.address.rpartition(":") if visit else ("", "", "")
    literal = "127.0.0.1" if first.host in ("*", "::") else first.host
    way = route(
        tree, "http", host or literal, int(port) if port.isdigit() else first.port, entry.host, words[1], method=words[0]
    )
    return way.setting(name)


def body(evidence: Evidence) -> Iterator[Finding]:
    """The last body that was too large, unless the limit has been raised since."""
    found = [(match, one) for one in evidence.nginx.errors if (match := _TOO_LARGE.match(one.message))]
    if not found:
        return
    match, entry = found[-1]
    size, setting = int(match[1]), _setting(evidence, entry, "client_max_body_size")
    limit = _bytes(setting.args[0]) if setting and setting.args else _DEFAULT_BODY
    if limit == 0 or size <= limit:
        return
    wanted = max(10, -(-2 * size // (1 << 20)))
    yield kinds.BODY_TOO_LARGE.found(
        cause=f"a body of {size} bytes met {setting.text if setting else 'the default client_max_body_size of 1m'}",
        evidence=[f"{setting.where}: {setting.text}" if setting else "client_max_body_size is not set: 1m", entry.line],
        fix=[f"client_max_body_size {wanted}m;   # {f'at {setting.where}' if setting else 'in the server'}; then reload"],
        basis="log",
    )


def head(evidence: Evidence) -> Iterator[Finding]:
    """A URL or a header line that does not fit. Cookies are not shown."""
    visit, route_ = evidence.visit, evidence.visit.route if evidence.visit else None
    rows, what, basis = [], "", "log"
    if (
        visit
        and (visit.exchange.status == 414 or HEADER_TOO_LARGE in visit.exchange.text)
        and visit.exchange.maker == "nginx"
    ):
        rows, what, basis = [visit.exchange.line[:200]], "the request", "request"
    told = [match for one in evidence.nginx.errors if (match := _TOO_LONG.match(one.message))]
    if told:
        what = what or ("a URL" if told[-1][1] else f"the header {told[-1][2] or ''}".strip())
        rows.append(f"error log: {told[-1][0].replace(': ' + chr(34), ' ')}")
    logged = [one for one in evidence.nginx.accesses if one.status == 414 or _is_page(evidence, one.status, one.bytes)]
    if logged:
        what = what or ("a URL" if logged[-1].status == 414 else "a header line, a cookie most often,")
        rows.append(f"access log: {len(logged)} requests with {logged[-1].status} and nginx's page of {logged[-1].bytes} B")
    if not rows:
        return
    setting = route_.setting("large_client_header_buffers") if route_ else None
    yield kinds.HEAD_TOO_LARGE.found(
        cause=f"{what} is larger than one of large_client_header_buffers: {setting.args[-1] if setting else '8k'}",
        evidence=[f"{setting.where}: {setting.text}" if setting else "large_client_header_buffers is not set: 4 8k", *rows],
        fix=[
            "large_client_header_buffers 4 32k;   # in the default server of that address, then nginx -s reload",
            "buffer-size = 65535   # in uwsgi.ini, which has to take what nginx lets through",
            "find what sets such large cookies; a form with much in it belongs into a POST",
        ],
        basis="request" if basis == "request" else "log",
        certainty="certain" if told or basis == "request" or logged[-1].status == 414 else "likely",
    )


def _is_page(evidence: Evidence, status: int, size: int) -> bool:
    return status == 400 and size in sizes(HEADER_TOO_LARGE, evidence.nginx.version)


def connections(evidence: Evidence) -> Iterator[Finding]:
    """Told by a worker that lives still: with its limit."""
    found = [(match, one) for one in by_the_living(evidence) if (match := _NOT_ENOUGH.search(one.message))]
    if not found:
        return
    match, entry = found[-1]
    tree = evidence.nginx.tree
    setting = next(tree.deep("worker_connections"), None) if tree else None
    wanted = max(1024, 4 * int(match[1]))
    yield kinds.CONNECTIONS.found(
        cause=f"more than {match[1]} connections at a time in one worker, clients and application counted together",
        evidence=[f"{setting.where}: {setting.text}" if setting else "worker_connections is not set: 512", entry.line],
        fix=[
            f"worker_connections {wanted};   # {f'at {setting.where}' if setting else 'in events'}",
            f"worker_rlimit_nofile {2 * wanted};   # in the main context",
        ],
        basis="log",
    )


def files(evidence: Evidence) -> Iterator[Finding]:
    """Told by a worker that lives still: with its limit."""
    lines = [one for one in by_the_living(evidence) if one.errno == errno.EMFILE]
    if not lines:
        return
    tree = evidence.nginx.tree
    setting = tree.first("worker_rlimit_nofile") if tree else None
    worker = next((one for one in evidence.nginx.workers if one.pid == lines[-1].pid), None)
    limit = f"{worker.nofile}" if worker and worker.nofile else setting.args[0] if setting and setting.args else "its limit"
    yield kinds.FILES.found(
        cause=f"a worker of nginx has {limit} files open, and may not open more",
        evidence=[
            f"{setting.where}: {setting.text}" if setting else "worker_rlimit_nofile is not set",
            lines[-1].line,
            *([f"now {worker.open_files} of {worker.nofile}: {worker.line}"] if worker and worker.open_files else []),
        ],
        fix=[
            f"worker_rlimit_nofile 8192;   # {f'at {setting.where}' if setting else 'in the main context'}; then reload",
            "LimitNOFILE=8192   # in the unit of systemd, where the start may not raise it",
        ],
        basis="log",
    )


RULES = (body, head, connections, files)
