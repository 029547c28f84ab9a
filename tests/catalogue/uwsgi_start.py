"""What the tests of uWSGI's start have in common: a deployment that is only a file or a log, and signals that arrive."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from catalogue.kit import ROOT, Kit, uwsgi_params
from portico.actions.doctor.diagnose import ordered
from portico.actions.doctor.rules import KINDS, RULES
from portico.hops.uwsgi import events
from portico.model.evidence import Evidence, MachineSeen, UwsgiSeen
from portico.model.finding import Finding
from support.stack import until

SERVE = ("--master", "--module", "hello", "--chmod-socket=666", "--socket")
as_root = pytest.mark.skipif(not ROOT, reason="only root may become another account")


def by_log(kit: Kit) -> dict[str, Any]:
    """Of a deployment that is only a log."""
    return kit.portico("doctor", "--log", str(kit.log))


def pass_to(kit: Kit, address: str) -> str:
    return f"location / {{ include {uwsgi_params()}; uwsgi_pass {address}; }}"


def ini(kit: Kit, text: str, name: str = "uwsgi.ini") -> str:
    return str(kit.write(name, text))


def told(kit: Kit, process: subprocess.Popen[bytes], number: int, text: str) -> None:
    """Send a signal once master and worker listen to it, and wait until the log shows that it arrived."""
    until(lambda: _catches(process.pid, number) and all(_catches(pid, signal.SIGHUP) for pid in _children(process.pid)), 20)
    process.send_signal(number)
    until(lambda: text in kit.log.read_text(), 20)


def _catches(pid: int, number: int) -> bool:
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    mask = next(int(row.split()[1], 16) for row in rows if row.startswith("SigCgt"))
    return bool(mask >> (number - 1) & 1)


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def end(pid: int) -> None:
    """Kill a uWSGI that has left us, with its workers."""
    with suppress(FileNotFoundError, ProcessLookupError):
        # The master first, which would start others in their place.
        for one in (pid, *_children(pid)):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)


def ids(envelope: dict[str, Any]) -> set[str]:
    return {finding["id"] for finding in envelope["findings"]}


def judged(log: str, **facts: Any) -> tuple[Finding, ...]:
    """What the doctor says of a uWSGI of which this is the log."""
    earlier, now = events.last_start(events.events(log))
    seen = UwsgiSeen(events=now, history=earlier, **facts)
    evidence = Evidence("", False, 0.0, 0.0, MachineSeen("root", True, somaxconn=4096), uwsgi=(seen,))
    return ordered([finding for rule in RULES for finding in rule(evidence)], KINDS)
