"""What every answer of the doctor has, whatever it met."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.kit import Kit
from support.stack import clean_environ

Envelope = dict[str, Any]


def sound(envelope: Envelope, code: int | None = None) -> Envelope:
    """The same envelope, once it is sure that nothing of the doctor itself failed: no mistake of ours, no look and no rule
    that gave up. `code` is the exit code it must have; without one, nothing or a finding."""
    shown = "\n".join(f"{one['id']} {one['cause']} {one['evidence']}" for one in envelope["findings"])
    assert "system.E000" not in shown, shown
    failed = [one for one in envelope["result"].get("unknown", ()) if "failed: " in one["reason"]]
    assert failed == [], failed
    assert envelope["code"] in ((0, 1) if code is None else (code,)), shown
    assert {"visits", "hops", "unknown", "healthy", "errors"} <= set(envelope["result"])
    assert envelope["ok"] is (envelope["code"] == 0)
    return envelope


@dataclass(frozen=True)
class Apart:
    """What a command did in a process of its own. `most_bytes` is the most memory it, or a program of its, ever had."""

    code: int
    out: str
    err: str
    most_bytes: int

    @property
    def json(self) -> Envelope:
        return json.loads(self.out)


def apart(kit: Kit, *arguments: str, environ: Mapping[str, str] | None = None) -> Apart:
    """Run `portico` on the kit's project, apart from us."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "portico", "-C", str(kit.project), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**clean_environ(), **(environ or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = [(stream.seek(0), stream.read().decode())[1] for stream in (out, err)]
    return Apart(process.returncode, *texts, usage.ru_maxrss << 10)
