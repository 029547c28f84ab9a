"""The sample's JSON view: CPU per request of Portico's default beside a hand-tuned pair, in interleaved rounds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.account import spent_us
from bench.air import wait_until_answers
from bench.commands import down, up
from portico.model.load import Load, Measured, Request
from portico.system import load, usage
from portico.system.sockets import free_port

HERE = Path(__file__).parent
PATH = "/api/hello/"
ROUNDS, REQUESTS, CLIENTS = 9, 3000, 8


@dataclass
class Contender:
    name: str
    port: int
    roots: tuple[int, ...]
    cpu: list[float]
    speed: list[float]
    pss: int = 0


def rows(sample: Path, rounds: int = ROUNDS) -> list[tuple[str, str, str, str, str]]:
    """Name, CPU microseconds per request, ratio to the hand-tuned pair, requests per second, PSS."""
    folder = Path(tempfile.mkdtemp(prefix="portico-bench-"))
    folder.chmod(0o755)
    data, _ = up(sample)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        port = int(data["url"].rsplit(":", 1)[1].strip("/"))
        ours = Contender("portico up, default", port, tuple(hop["pid"] for hop in data["hops"] if hop.get("pid")), [], [])
        tuned = _handtuned(folder, sample, data, processes)
        contenders = [ours, tuned]
        interleaved(contenders, rounds)
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait(20)
        down(sample)
        shutil.rmtree(folder, ignore_errors=True)
    return [row(contender, tuned) for contender in contenders]


def interleaved(contenders: Sequence[Contender], rounds: int) -> None:
    """Load each in turns, so that what else the machine does hits all alike, then take their memory."""
    for contender in contenders:
        # The page first: a worker that has opened its database does a little more for each request.
        _load(contender, "/", 200)
        _load(contender, PATH, 500)
    for number in range(rounds):
        for contender in contenders if number % 2 else contenders[::-1]:
            _round(contender)
    for contender in contenders:
        contender.pss = usage.pss_bytes(usage.tree(*contender.roots))


def _round(contender: Contender) -> None:
    before = spent_us(lambda: contender.roots)
    measured = _load(contender, PATH, REQUESTS)
    if measured.good != REQUESTS:
        raise RuntimeError(f"{contender.name}: only {measured.good} of {REQUESTS} requests were answered well")
    contender.cpu.append((spent_us(lambda: contender.roots) - before) / REQUESTS)
    contender.speed.append(measured.per_s)


def _load(contender: Contender, path: str, count: int) -> Measured:
    return load.run(Load("127.0.0.1", contender.port, (Request(path),), CLIENTS, count=count))


def row(contender: Contender, base: Contender) -> tuple[str, str, str, str, str]:
    ratios = sorted(one / other for one, other in zip(contender.cpu, base.cpu, strict=True))
    quarter = len(ratios) // 4
    spread = f"{statistics.median(ratios):.2f} ({ratios[quarter]:.2f}-{ratios[-1 - quarter]:.2f})"
    cpu, speed = statistics.median(contender.cpu), statistics.median(contender.speed)
    return contender.name, f"{cpu:.0f} us", spread, f"{speed:.0f}/s", f"{contender.pss / 1e6:.0f} MB"


def _handtuned(folder: Path, sample: Path, data: dict, processes: list[subprocess.Popen[bytes]]) -> Contender:
    port = free_port()
    nginx = next(hop for hop in data["hops"] if hop["hop"] == "nginx")
    workers = next(len(hop["workers"]) for hop in data["hops"] if hop["hop"] == "uwsgi")
    params = Path(__file__).parent.parent / "src/portico/hops/nginx/templates/uwsgi_params"
    values = {
        "@DIR@": str(folder),
        "@PORT@": str(port),
        "@PROJECT@": str(sample),
        "@PYTHON@": sys.executable,
        "@PROCESSES@": str(workers),
        "@PARAMS@": str(params),
    }
    for name in ("nginx.conf", "uwsgi.ini", "entry.py"):
        text = (HERE / "handtuned" / name).read_text()
        for mark, value in values.items():
            text = text.replace(mark, value)
        (folder / name).write_text(text)
    environ = {**os.environ, "PYTHONPATH": str(sample)}
    uwsgi = [sys.executable, "-c", "import pyuwsgi; pyuwsgi.run()", "--ini", str(folder / "uwsgi.ini")]
    log = (folder / "out.log").open("wb")
    user = ["-g", "user root;"] if os.geteuid() == 0 else []
    front = [nginx["binary"], "-p", str(folder), "-c", str(folder / "nginx.conf"), *user]
    # Both in one session of their own, as under a supervisor: the kernel schedules by session (sched(7), autogroup).
    pair = subprocess.Popen(
        [sys.executable, "-c", _PAIR, json.dumps([uwsgi, front])],
        env=environ,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    processes.append(pair)
    wait_until_answers(port, PATH)
    return Contender("hand-tuned nginx + uWSGI", port, tuple(usage.tree(pair.pid) - {pair.pid}), [], [])


#: Starts the commands it is given and passes SIGINT on.
_PAIR = """
import json, signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: None)
pair = [subprocess.Popen(argv) for argv in json.loads(sys.argv[1])]
signal.pause()
for process in pair:
    process.send_signal(signal.SIGINT)
for process in pair:
    process.wait()
"""
