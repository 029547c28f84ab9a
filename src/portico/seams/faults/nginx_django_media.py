"""Folders that the application writes uploads to, and may not."""

from __future__ import annotations

import errno
import posixpath
import re
from collections.abc import Iterator

from portico.hops.wsgi.examination import Failure
from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.seams.faults import nginx_django_kinds as kinds
from portico.seams.faults.static_seen import examined

_DENIED = re.compile(r"PermissionError: \[Errno 13\] .*: '([^']+)'")


def media(evidence: Evidence) -> Iterator[Finding]:
    """MEDIA_ROOT as the account of uWSGI meets it, and what the application was refused lately."""
    said = examined(evidence)
    folder, project = said.media.media, evidence.project
    as_itself = project is not None and (evidence.machine.root or evidence.machine.user == project.account)
    failed = _failures(evidence)
    if folder is not None and as_itself and not folder.writable and not folder.creatable:
        inside = [line for path, line in failed if _is_in(path, folder.path)]
        who = project.account if project else ""
        what = "write into" if folder.exists else "make"
        yield kinds.MEDIA_CLOSED.found(
            cause=f"account {who or 'of uWSGI'} may not {what} MEDIA_ROOT {folder.path}",
            evidence=[f"MEDIA_ROOT = {folder.path}", f"uWSGI runs as {who or 'an account that is not known'}", *inside[-1:]],
            fix=[
                *([] if folder.exists else [f"sudo mkdir -p {folder.path}"]),
                f"sudo chown -R {who or 'www-data'}: {folder.path}",
                f"sudo -u {who or 'www-data'} test -w {folder.path} && echo well",
            ],
            basis="log" if inside else "state",
        )
        failed = [(path, line) for path, line in failed if not _is_in(path, folder.path)]
    for path, line in [(path, line) for path, line in failed if not _is_code(path)][-1:]:
        yield _closed_path(evidence, path, line)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _failures(evidence: Evidence) -> list[tuple[str, str]]:
    """Paths the application may not open, with the line that says so: of requests in the log, and of the call just made."""
    tracebacks = [event for seen in evidence.uwsgi for event in seen.saw("traceback") if event.data.get("bare") != "true"]
    matches = [(_DENIED.search(event.text), event.text) for event in tracebacks]
    found = [(match[1], text.splitlines()[-1]) for match, text in matches if match]
    call = examined(evidence).call
    raised: list[Failure] = [*call.exceptions, *(one.failure for one in call.problems if one.failure)]
    return found + [(one.path, one.says) for one in raised if one.errno == errno.EACCES and one.path]


def _is_code(path: str) -> bool:
    """What is read while the application is loaded: that is another fault."""
    return path.endswith((".py", ".pyc", ".so", ".env"))


def _closed_path(evidence: Evidence, path: str, line: str) -> Finding:
    project = evidence.project
    running = evidence.instance.workers[0].user if evidence.instance and evidence.instance.workers else ""
    who = running or (project.account if project else "")
    return kinds.MEDIA_PATH.found(
        cause=f"account {who or 'of uWSGI'} may not open {path}",
        evidence=[line, f"uWSGI runs as {who or 'an account that is not known'}"],
        fix=[
            f"namei -l {path}",
            f"sudo chown -R {who or 'www-data'}: {posixpath.dirname(path)}   # if the application is to write there",
        ],
        certainty="likely",
        basis="log",
    )


RULES = (media,)
