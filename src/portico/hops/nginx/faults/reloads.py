"""nginx runs with another configuration than the one on disk: a reload it refused, one that never came, one that missed."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from portico.hops.nginx.faults import start_kinds as kinds
from portico.hops.nginx.faults.standing import is_fragment, reload
from portico.hops.nginx.passes import backends
from portico.model.directive import Directive
from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.log import ErrorEntry
from portico.model.seen import Visit

#: The start of a process is known to a hundredth of a second; the clock of files is a little behind.
_SLACK_S = 0.05
#: What a master that inherits nonsense says when it starts, and goes on.
_OF_THE_START = re.compile(r"NGINX environment variable|close\(\) socket")


def _workers_since(evidence: Evidence) -> float:
    """When the workers that take connections now were started: those of a reload replace all others."""
    return max((one.started_s for one in evidence.nginx.workers), default=0.0)


def _last_refusal(evidence: Evidence) -> ErrorEntry | None:
    """The master's last [emerg] after its workers were started: of a reload that came to nothing."""
    masters = {one.pid for one in evidence.nginx.masters}
    since = int(_workers_since(evidence))
    lines = [
        entry for entry in evidence.nginx.errors if entry.level == "emerg" and entry.pid in masters and entry.time_s >= since
    ]
    told = [entry for entry in lines if "could not bind" not in entry.message]
    # It tries five times: only then it has given up.
    if told and told[-1].errno == errno.EADDRINUSE and len(told) == len(lines):
        return None
    return next(iter(reversed(told)), None)


def refused_reload(evidence: Evidence) -> Iterator[Finding]:
    """The signal came, and the master gave up."""
    entry = _last_refusal(evidence)
    if entry is None or _OF_THE_START.search(entry.message):
        return
    address = entry.message.partition(" to ")[2].partition(" ")[0] if entry.errno == errno.EADDRINUSE else ""
    holder = next((one for name, one in evidence.nginx.taken if name == address), None)
    fix = [f"sudo ss -ltnp 'sport = :{address.rpartition(':')[2]}'   # who holds it"] if address else []
    fix += ["restart instead of reload: a zone cannot change its size"] if "shared memory zone" in entry.message else []
    yield kinds.RELOAD_REFUSED.found(
        cause=f"nginx could not take over the changed configuration ({entry.message}) and goes on with the one before",
        evidence=[
            entry.line,
            *([f"{address} is held by {holder.line}"] if holder else []),
            *([f"{one.where}: {one.text}" for one in _listens(evidence, address)] if address else []),
            *_ages(evidence),
        ],
        fix=[*fix, "mend what the line names, then reload again", reload(evidence)[0]],
        basis="log",
    )


def _listens(evidence: Evidence, address: str) -> list[Directive]:
    tree = evidence.nginx.tree
    port = address.rpartition(":")[2]
    return [one for one in (tree.deep("listen") if tree else ()) if one.args and one.args[0] in (address, port)][:1]


def _newer(evidence: Evidence) -> list[str]:
    """Files of the configuration that were changed after the workers were started."""
    since = _workers_since(evidence)
    return [seen.path for seen in evidence.nginx.files if since and seen.modified_s > since + _SLACK_S]


def _ages(evidence: Evidence) -> list[str]:
    since, now = _workers_since(evidence), evidence.now_s
    return [
        f"{seen.path} was changed {now - seen.modified_s:.0f} s ago, nginx's workers run since {now - since:.0f} s"
        for seen in evidence.nginx.files
        if seen.path in _newer(evidence)
    ][:3]


def not_reloaded(evidence: Evidence) -> Iterator[Finding]:
    """The file is newer than what runs, and where the request shows it, that is why it fails."""
    nginx = evidence.nginx
    if not nginx.masters or not nginx.workers or not _newer(evidence) or _last_refusal(evidence) or is_fragment(nginx):
        return
    if nginx.test is not None and not nginx.test.ok:
        return
    command, remedy = reload(evidence)
    proof = _knocks_elsewhere(evidence) or _listens_not(evidence)
    if proof:
        yield kinds.NOT_RELOADED.found(
            cause=f"nginx was not reloaded since {_newer(evidence)[0]} was changed: {proof[0]}",
            evidence=[*proof[1:], *_ages(evidence)],
            fix=[command],
            basis="request",
            remedy=remedy,
        )
    elif not evidence.managed:
        # Each release of Portico's has files of its own, which nginx need not read where they say the same.
        yield kinds.NEWER_FILE.found(
            cause=f"{_newer(evidence)[0]} was changed after nginx read it",
            evidence=_ages(evidence),
            fix=[command],
            basis="state",
            certainty="likely",
        )


def _knocks_elsewhere(evidence: Evidence) -> list[str]:
    """The request just made went to another address than the file says."""
    visit = evidence.visit
    if visit is None or not visit.failing:
        return []
    expected = _expected(evidence, visit)
    for entry in reversed(evidence.nginx.errors):
        if entry.time_s < int(visit.exchange.began_s) or not entry.upstream:
            continue
        used = entry.upstream.partition("://")[2].removesuffix("/")
        used = used if used.startswith("unix:") else used.partition("/")[0]
        if expected and used not in expected:
            return [f"it still connects to {used}, the file says {', '.join(expected)}", entry.line]
        return []
    return []


def _expected(evidence: Evidence, visit: Visit) -> list[str]:
    tree, route = evidence.nginx.tree, visit.route
    if tree is None or route is None or route.directive is None or route.action not in ("uwsgi", "proxy"):
        return []
    found = backends(tree, route.directive, route.action)
    # A name may be any of its addresses, and an upstream with none left is told by its own name.
    literal = all(
        one.address.startswith("unix:") or one.address[0].isdigit() or one.address.startswith("[") for one in found
    )
    return [one.address for one in found] + [one.upstream for one in found if one.upstream] if literal else []


def _listens_not(evidence: Evidence) -> list[str]:
    """The address asked is one of the file, and nobody listens there."""
    visit = evidence.visit
    exchange = visit.exchange if visit else None
    if exchange is None or exchange.stage != "connect" or evidence.listeners:
        return []
    port = exchange.address.rpartition(":")[2]
    named = [one for one in evidence.nginx.listens if one.rpartition(":")[2] == port]
    return [f"it does not listen at {named[0]} yet, as the file says", exchange.line] if named else []


def pid_astray(evidence: Evidence) -> Iterator[Finding]:
    """Signals go to the process that the pid file names."""
    nginx = evidence.nginx
    if not nginx.masters or nginx.pid_file is None or evidence.managed:
        return
    path, content = nginx.pid_file
    number = (content or "").strip()
    if number in {str(one.pid) for one in nginx.masters}:
        return
    other = next((one for one in nginx.strangers if str(one.pid) == number), None)
    said = "does not exist" if content is None else f"says {number}" if number else "is empty"
    who = f", which is another nginx ({other.line})" if other else ""
    yield kinds.PID_ASTRAY.found(
        cause=f"{path} {said}{who}, and the nginx that runs is process {nginx.masters[0].pid}",
        evidence=[nginx.masters[0].line, *([other.line] if other else [])],
        fix=[
            f"kill -HUP {nginx.masters[0].pid}   # reloads the nginx that runs",
            "give each nginx a `pid` file of its own" if other else f"echo {nginx.masters[0].pid} > {path}",
        ],
        basis="state",
    )


def unused(evidence: Evidence) -> Iterator[Finding]:
    """A site's file that no nginx reads."""
    nginx, visit = evidence.nginx, evidence.visit
    if not is_fragment(nginx) or (visit is not None and visit.exchange.status and not visit.failing):
        return
    yield kinds.UNUSED_FILE.found(
        cause=f"{nginx.conf} is only a part of a configuration, and no nginx.conf of this machine includes it",
        evidence=[*([visit.exchange.line] if visit else []), *(f"runs: {one.line}" for one in nginx.strangers[:2])],
        fix=[f"sudo ln -s {nginx.conf} /etc/nginx/sites-enabled/", "sudo nginx -t && sudo systemctl reload nginx"],
        basis="state",
        certainty="likely",
    )


def edited_copy(evidence: Evidence) -> Iterator[Finding]:
    """A file that nothing includes is newer than the one of the same name that is."""
    nginx = evidence.nginx
    names = {PurePosixPath(seen.path).name: seen for seen in nginx.files}
    for seen in nginx.unread if nginx.masters else ():
        copy = names.get(PurePosixPath(seen.path).name)
        if copy is None or seen.modified_s <= copy.modified_s or seen.path == copy.path:
            continue
        yield kinds.EDITED_COPY.found(
            cause=f"{seen.path} was changed last, and nginx reads {copy.path}, which is no link to it",
            evidence=[
                f"{seen.path} was changed {evidence.now_s - seen.modified_s:.0f} s ago and is not included",
                f"{copy.path} was changed {evidence.now_s - copy.modified_s:.0f} s ago",
            ],
            fix=[f"diff {copy.path} {seen.path}", f"ln -sf {seen.path} {copy.path}", reload(evidence)[0]],
            basis="state",
            certainty="likely",
        )


RULES = (refused_reload, not_reloaded, pid_astray, unused, edited_copy)
