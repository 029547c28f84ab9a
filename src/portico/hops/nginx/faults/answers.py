"""Answers on their way back: held back, handed over to nginx, compressed; and logs that were moved away."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from portico.hops.nginx.faults import server_kinds as kinds
from portico.hops.nginx.faults.standing import command_line
from portico.hops.nginx.route import route
from portico.model.command import Command
from portico.model.evidence import Evidence, Exchange
from portico.model.finding import Finding
from portico.model.remedy import Remedy, ReopenLogs
from portico.model.seen import LogSeen, Route

_CYCLE = re.compile(r'rewrite or internal redirection cycle while internally redirecting to "(.*?)"')
_DUPLICATE = re.compile(r'duplicate MIME type "(.*?)"(?: in (\S+:\d+))?')
_TEXTS = re.compile(r"text/|application/(json|javascript|xml|\w+\+(json|xml))|image/svg")
#: Of a stream: what comes so much later has been held back.
_LATE_S = 0.25
_SMALLEST = 256


def _direct(evidence: Evidence) -> Exchange | None:
    """What the application said when it was asked without nginx."""
    backend = evidence.backend
    return (backend.uwsgi if backend.protocol == "uwsgi" else backend.http) if backend else None


def held_back(evidence: Evidence) -> Iterator[Finding]:
    """Asked directly it begins soon and takes its time; through nginx it begins when it ends."""
    visit, direct = evidence.visit, _direct(evidence)
    way = visit.route if visit else None
    if visit is None or way is None or direct is None or way.action not in ("uwsgi", "proxy") or not direct.status:
        return
    prefix = way.action
    switch = way.setting(f"{prefix}_buffering")
    if direct.path != visit.exchange.path or (switch and switch.args == ("off",)):
        return
    streams = direct.duration_s - direct.first_s > _LATE_S and direct.first_s < direct.duration_s / 2
    seen = visit.exchange
    unending = not seen.status and seen.stage == "read" and seen.duration_s > direct.first_s + _LATE_S
    late = bool(seen.status) and seen.first_s > direct.first_s + _LATE_S and seen.first_s > 0.75 * seen.duration_s
    if not streams or not (unending or late):
        return
    kind = kinds.NEVER_PASSED_ON if unending else kinds.HELD_BACK
    where = f" at {way.location.where}" if way.location else ""
    first = "nothing came" if unending else f"the first byte came after {seen.first_s:.2f} s"
    yield kind.found(
        cause=f"the application begins after {direct.first_s:.2f} s; through nginx {first} of {seen.duration_s:.2f} s",
        evidence=[
            f"directly: first byte after {direct.first_s:.2f} s, {direct.line}",
            f"through nginx: {seen.line}",
            f"{switch.where}: {switch.text}" if switch else f"{prefix}_buffering is not set: on",
        ],
        fix=[
            f"{prefix}_buffering off;   # in the location{where}, then nginx -s reload",
            'or in the view: response["X-Accel-Buffering"] = "no"',
        ],
        basis="request",
    )


def accel(evidence: Evidence) -> Iterator[Finding]:
    """X-Accel-Redirect: where it leads in this configuration."""
    visit, direct, tree = evidence.visit, _direct(evidence), evidence.nginx.tree
    target = direct.header("x-accel-redirect") if direct and visit and direct.path == visit.exchange.path else ""
    cycles = [(match[1], one) for one in evidence.nginx.errors if (match := _CYCLE.match(one.message))]
    now = [one for one in cycles if visit and visit.exchange.status == 500 and one[1].time_s >= int(visit.exchange.began_s)]
    if tree is None or visit is None or not (target or now):
        return
    path = target or now[-1][0]
    host, _, port = visit.exchange.address.rpartition(":")
    way = route(tree, "http", host.strip("[]"), int(port) if port.isdigit() else 80, visit.exchange.host, path)
    rows = [*([f"asked directly: X-Accel-Redirect: {target}"] if target else []), visit.exchange.line]
    if way.action in ("uwsgi", "proxy") or now:
        yield _no_place(way, path, [*rows, *(one.line for _, one in now[-1:])])
    elif way.location and way.action == "file" and not way.location.first("internal"):
        yield kinds.ACCEL_OPEN.found(
            cause=f"{way.location.text} at {way.location.where} is open to everybody: it lacks `internal`",
            evidence=rows,
            fix=[f"internal;   # in the location at {way.location.where}, then nginx -s reload"],
            basis="request",
        )
    if way.location and visit.exchange.maker == "nginx" and visit.exchange.status in (403, 404) and target:
        yield from _no_file(evidence, way, rows)


def _no_place(way: Route, path: str, rows: list[str]) -> Finding:
    first = path.strip("/").partition("/")[0]
    here = f"{way.location.text} ({way.location.where})" if way.location else "the server"
    return kinds.ACCEL_LOOP.found(
        cause=f"X-Accel-Redirect names {path}, which nginx gives to the application again: {here}",
        evidence=rows,
        fix=[f"location /{first}/ {{ internal; alias /PATH/OF/THE/FILES/; }}   # in the server, then nginx -s reload"],
        basis="request",
    )


def _no_file(evidence: Evidence, way: Route, rows: list[str]) -> Iterator[Finding]:
    began = int(evidence.visit.exchange.began_s) if evidence.visit else 0
    for entry in [
        one for one in evidence.nginx.errors if one.time_s >= began and one.errno in (2, 13) and "open()" in one.message
    ][-1:]:
        said = "is not there" if entry.errno == 2 else "may not be read by nginx's workers"
        path = entry.message.partition('"')[2].partition('"')[0]
        setting = way.setting("alias") or way.setting("root")
        yield kinds.ACCEL_FILE.found(
            cause=f"the application hands over {path}, which {said}",
            evidence=[*rows, entry.line, *([f"{setting.where}: {setting.text}"] if setting else [])],
            fix=[
                f"namei -l {path}",
                *([f"correct `{setting.text};` at {setting.where}"] if setting and entry.errno == 2 else []),
            ],
            basis="request",
        )


def gzip(evidence: Evidence) -> Iterator[Finding]:
    """What nginx -t warns of, and what is not compressed."""
    test = evidence.nginx.test
    for name, where in dict.fromkeys(_DUPLICATE.findall(test.stderr + test.stdout) if test else ()):
        yield kinds.GZIP_TYPES.found(
            cause=f"{where or 'the configuration'} names {name} where it is known already",
            evidence=[f'nginx -t: [warn] duplicate MIME type "{name}"' + (f" in {where}" if where else "")],
            fix=[f"remove {name} at {where}" if where else f"remove {name} from the list"],
            basis="state",
        )
    plain, proxied = evidence.more.get("gzip"), evidence.more.get("gzip-via")
    if plain is None or evidence.managed:
        return
    setting = evidence.visit.route.setting("gzip_types") if evidence.visit and evidence.visit.route else None
    kind = plain.header("content-type").partition(";")[0]
    compressed = plain.header("content-encoding") == "gzip"
    if not compressed and not plain.header("content-encoding") and plain.size >= _SMALLEST and _TEXTS.match(kind):
        yield kinds.NOT_COMPRESSED.found(
            cause=f"{kind} is not compressed: "
            + (f"{setting.text} at {setting.where}" if setting else "gzip_types is not set: text/html"),
            evidence=[f"with Accept-Encoding: gzip: {plain.line}"],
            fix=["gzip_types text/css application/javascript application/json image/svg+xml;   # in http; then reload"],
            basis="request",
        )
    elif compressed and proxied and proxied.status and not proxied.header("content-encoding"):
        yield kinds.NOT_COMPRESSED.found(
            cause="what a proxy (a CDN) asks for is not compressed: gzip_proxied is off",
            evidence=[f"with Via: {proxied.line}", f"without: {plain.line}, Content-Encoding: gzip"],
            fix=["gzip_proxied any; gzip_vary on;   # in http, then nginx -s reload"],
            title="Answers for proxies are not compressed",
            basis="request",
        )


def old_logs(evidence: Evidence) -> Iterator[Finding]:
    """A log of that name is not the one that is written."""
    for log in evidence.nginx.logs:
        if log.replaced and evidence.nginx.masters:
            yield _old_log(evidence, log)


def _old_log(evidence: Evidence, log: LogSeen) -> Finding:
    nginx = evidence.nginx
    master = nginx.masters[0].pid
    named = nginx.pid_file is not None and (nginx.pid_file[1] or "").strip() == str(master)
    argv = command_line(nginx, "-s", "reopen")
    steps = (ReopenLogs(Command(argv, why="let nginx open its logs anew"), master, log.path),)
    return kinds.OLD_LOG.found(
        cause=f"nginx writes to {log.replaced}, not to {log.path}",
        evidence=[f"process {master} has {log.replaced} open", f"{log.path}: {log.error or f'{log.size} bytes'}"],
        fix=[shlex.join(argv) if named else f"kill -USR1 {master}", "the same as `postrotate` in /etc/logrotate.d/nginx"],
        basis="state",
        remedy=Remedy("let nginx open its logs anew", steps) if named and nginx.binary else None,
    )


RULES = (held_back, accel, gzip, old_logs)
