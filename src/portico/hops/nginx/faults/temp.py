"""Folders that nginx's workers must be able to write to, looked at as they are now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from portico.hops.nginx.faults import limit_kinds as kinds
from portico.hops.nginx.faults.standing import absolute
from portico.model.evidence import Evidence, PathSeen
from portico.model.finding import Finding
from portico.model.remedy import Chmod, Chown, MakeFolder, Remedy, Step

_NAMES = ("client_body", "uwsgi", "proxy")
_NUMBERED = r"\S*\d{10}"


def unwritable(evidence: Evidence) -> Iterator[Finding]:
    """Missing folders, or closed ones: that of uploads, and those of answers in a protocol that is spoken."""
    nginx = evidence.nginx
    spoken = {"uwsgi": "uwsgi", "http": "proxy", "https": "proxy"}
    used = {spoken[backend.protocol] for backend in evidence.backends if backend.protocol in spoken}
    for seen in nginx.paths if nginx.masters and nginx.workers else ():
        what = _what(evidence, seen)
        if not _shut(seen):
            continue
        if what == "client_body":
            yield _uploads(evidence, seen)
        elif what in used and not _unbuffered(evidence, what):
            yield _answers(evidence, seen)


def _what(evidence: Evidence, seen: PathSeen) -> str:
    """`client_body`, `uwsgi`, `proxy`: by the directive that names it, else by the names that are compiled in."""
    tree = evidence.nginx.tree
    named = [one for one in (tree.deep(*(f"{name}_temp_path" for name in _NAMES)) if tree else ()) if one.args]
    found = next((one.name for one in named if absolute(evidence.nginx, one.args[0]) == seen.path), "")
    last = PurePosixPath(seen.path).name
    return found.removesuffix("_temp_path") or next((name for name in _NAMES if name.removeprefix("client_") in last), "")


def _shut(seen: PathSeen) -> bool:
    return bool(seen.missing or seen.closed)


def _unbuffered(evidence: Evidence, prefix: str) -> bool:
    """Where nothing goes through files."""
    tree = evidence.nginx.tree
    http = tree.first("http") if tree else None
    sizes = [entry.args for entry in (http.all(f"{prefix}_max_temp_file_size") if http else ())]
    return sizes == [("0",)]


def _lines(evidence: Evidence, folder: str) -> list[str]:
    """Failures below that folder, lately."""
    found = re.compile(rf'\w+\(\) "{re.escape(folder)}/{_NUMBERED}" failed')
    return [one.line for one in evidence.nginx.errors if found.search(one.message)][-1:]


def _state(seen: PathSeen) -> str:
    if seen.missing:
        return f"{seen.missing} does not exist"
    return f"{seen.closed_mode} {seen.closed}, and nginx's workers are {seen.account}"


def _remedy(evidence: Evidence, seen: PathSeen) -> Remedy | None:
    """Only for the folder itself: those above it are not nginx's."""
    if evidence.machine.root and seen.missing == seen.path:
        return Remedy(f"make {seen.path} for {seen.account}", (MakeFolder(seen.path, seen.account, 0o700),))
    if not evidence.machine.root or seen.closed != seen.path:
        return None
    steps: tuple[Step, ...] = (Chown(seen.path, seen.account, ""), Chmod(seen.path, 0o700))
    return Remedy(f"give {seen.path} to {seen.account}, with mode 700", steps)


def _fix(seen: PathSeen) -> list[str]:
    if seen.closed and seen.closed != seen.path:
        return [f"sudo chmod o+x {seen.closed}   # or move the folder out of it", "sudo nginx -s reload"]
    made = [f"sudo mkdir -p {seen.path}"] if seen.missing else []
    return [*made, f"sudo chown -R {seen.account} {seen.path} && sudo chmod 700 {seen.path}"]


def _uploads(evidence: Evidence, seen: PathSeen) -> Finding:
    return kinds.UPLOADS_FAIL.found(
        cause=f"nginx's workers ({seen.account}) cannot write {seen.path}: {_state(seen)}",
        evidence=[_state(seen), *_lines(evidence, seen.path)],
        fix=_fix(seen),
        basis="state",
        remedy=_remedy(evidence, seen),
    )


def _answers(evidence: Evidence, seen: PathSeen) -> Finding:
    cut = [
        one.exchange for one in evidence.visits if one.exchange.status == 200 and "was closed after" in one.exchange.error
    ]
    return kinds.ANSWERS_CUT.found(
        cause=f"nginx's workers ({seen.account}) cannot write {seen.path}, and break large answers off: {_state(seen)}",
        evidence=[
            *(f"{one.line}: {one.error}" for one in cut[:1]),
            _state(seen),
            *_lines(evidence, seen.path),
            *(event.text.splitlines()[0] for one in evidence.uwsgi for event in one.saw("sigpipe", "write-error")[-1:]),
        ],
        fix=_fix(seen),
        basis="request" if cut else "state",
        remedy=_remedy(evidence, seen),
    )


RULES = (unwritable,)
