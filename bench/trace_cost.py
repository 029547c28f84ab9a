"""What the possibility of `portico trace` costs requests that are not traced: the same stack with and without it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.air import wait_until_answers
from bench.commands import down, up
from bench.sides import PATH, Row, compared, of_portico, port_of


def rows(sample: Path, rounds: int) -> list[Row]:
    """As `sides.compared`; the ratio is to the stack without."""
    base = Path(tempfile.mkdtemp(prefix="portico-bench-"))
    base.chmod(0o755)
    folders = [base / name for name in ("with", "without")]
    ignore = shutil.ignore_patterns(".portico", "__pycache__")
    try:
        sides = []
        for folder in folders:
            shutil.copytree(sample, folder, ignore=ignore)
            data, _ = up(folder)
            if folder.name == "without":
                data = _without(folder, data)
            sides.append(of_portico(f"{folder.name} the possibility to trace", data))
        return compared(sides, sides[1], rounds)
    finally:
        for folder in folders:
            down(folder)
        shutil.rmtree(base, ignore_errors=True)


def _without(folder: Path, data: dict[str, Any]) -> dict[str, Any]:
    """Take it out of the files of the release, and let uWSGI and nginx read them."""
    conf = (folder / ".portico" / "conf").resolve()
    entry = json.loads((conf / "entry.json").read_text())
    (conf / "entry.json").write_text(json.dumps({**entry, "trace_dir": ""}))
    text = (conf / "nginx.conf").read_text()
    lines = [line for line in text.splitlines() if "trace.conf" not in line and "TRACE_TOKEN" not in line]
    (conf / "nginx.conf").write_text("\n".join(lines).replace("$portico_backend", "portico_app") + "\n")
    hops = {hop["hop"]: hop for hop in data["hops"]}
    os.kill(hops["nginx"]["pid"], signal.SIGHUP)
    os.kill(hops["uwsgi"]["pid"], signal.SIGKILL)
    while Path(f"/proc/{hops['uwsgi']['pid']}").exists():
        time.sleep(0.05)
    wait_until_answers(port_of(data), PATH)
    return up(folder)[0]
