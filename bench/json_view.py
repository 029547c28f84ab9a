"""The sample's JSON view: CPU per request of Portico's default beside a hand-tuned pair, in interleaved rounds."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.air import wait_until_answers
from bench.commands import down, up
from bench.sides import PATH, Row, Side, compared, of_portico
from bench.stacks import nginx, processes
from bench.stacks.base import Ground, Running
from bench.stacks.processes import Server
from portico.system.sockets import free_port

_TEMPLATES = Path(__file__).parent / "handtuned"


def rows(sample: Path, rounds: int) -> list[Row]:
    """As `sides.compared`; the ratio is to the hand-tuned pair."""
    folder = Path(tempfile.mkdtemp(prefix="portico-bench-"))
    folder.chmod(0o755)
    data, _ = up(sample)
    running: Running | None = None
    try:
        ground = _ground(folder, sample, data)
        running = _handtuned(ground)
        wait_until_answers(ground.port, PATH)
        tuned = Side("hand-tuned nginx + uWSGI", ground.port, running.roots())
        return compared([of_portico("portico up, default", data), tuned], tuned, rounds)
    finally:
        if running:
            running.stop()
        down(sample)
        shutil.rmtree(folder, ignore_errors=True)


def _ground(folder: Path, sample: Path, data: Mapping[str, Any]) -> Ground:
    """With what Portico took: the same nginx, as many workers."""
    hops = {hop["hop"]: hop for hop in data["hops"]}
    return Ground(
        folder=folder,
        site=sample,
        collected=sample / ".portico" / "static-live",
        python=Path(sys.executable),
        environ={**os.environ, "PYTHONPATH": str(sample)},
        port=free_port(),
        spare=0,
        cores=len(hops["uwsgi"]["workers"]),
        nginx=Path(hops["nginx"]["binary"]),
    )


def _handtuned(ground: Ground) -> Running:
    """Both in one session, as under a supervisor (bench.stacks.processes)."""
    folder = ground.folder
    _write_files(ground)
    uwsgi = (str(ground.python), "-c", "import pyuwsgi; pyuwsgi.run()", "--ini", str(folder / "uwsgi.ini"))
    user = ("-g", "user root;") if os.geteuid() == 0 else ()
    front = (str(ground.nginx), "-p", str(folder), "-c", str(folder / "nginx.conf"), *user)
    return processes.start(
        ground,
        Server("uwsgi", uwsgi, folder / "app.sock", ground.environ, stop=signal.SIGINT),
        Server("nginx", front, ground.port, ground.environ, stop=signal.SIGINT),
    )


def _write_files(ground: Ground) -> None:
    values = {
        "@DIR@": str(ground.folder),
        "@PORT@": str(ground.port),
        "@PROJECT@": str(ground.site),
        "@PYTHON@": str(ground.python),
        "@PROCESSES@": str(ground.cores),
        "@PARAMS@": str(nginx.UWSGI_PARAMS),
    }
    for name in ("nginx.conf", "uwsgi.ini", "entry.py"):
        text = (_TEMPLATES / name).read_text()
        for mark, value in values.items():
            text = text.replace(mark, value)
        (ground.folder / name).write_text(text)
