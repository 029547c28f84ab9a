"""What the possibility of `portico trace` costs requests that are not traced: the same stack with and without it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

from bench.air import wait_until_answers
from bench.commands import down, up
from bench.json_view import PATH, Contender, interleaved, row

ROUNDS = 15


def rows(sample: Path, rounds: int = ROUNDS) -> list[tuple[str, str, str, str, str]]:
    """As `json_view.rows`; the ratio is to the stack without."""
    base = Path(tempfile.mkdtemp(prefix="portico-bench-"))
    base.chmod(0o755)
    folders = [base / name for name in ("with", "without")]
    ignore = shutil.ignore_patterns(".portico", "__pycache__")
    try:
        contenders = []
        for folder in folders:
            shutil.copytree(sample, folder, ignore=ignore)
            data, _ = up(folder)
            if folder.name == "without":
                data = _without(folder, data)
            roots = tuple(hop["pid"] for hop in data["hops"] if hop.get("pid"))
            port = int(data["url"].rsplit(":", 1)[1].strip("/"))
            contenders.append(Contender(f"{folder.name} the possibility to trace", port, roots, [], []))
        interleaved(contenders, rounds)
    finally:
        for folder in folders:
            down(folder)
        shutil.rmtree(base, ignore_errors=True)
    return [row(one, contenders[1]) for one in contenders]


def _without(folder: Path, data: dict) -> dict:
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
    port = int(data["url"].rsplit(":", 1)[1].strip("/"))
    while Path(f"/proc/{hops['uwsgi']['pid']}").exists():
        time.sleep(0.05)
    wait_until_answers(port, PATH)
    return up(folder)[0]
