"""`portico tune` on a page that waits, broken off: what was measured speaks for more threads, and nothing is left behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from support.stack import ROOT, Project, clean_environ, processes_of, until

SLEEPS = """
import time


def application(environ, start_response):
    time.sleep(0.05)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
CONFIG = "[uwsgi]\nprocesses = 2\nthreads = 1   # one is enough\n"


def test_a_page_that_waits_gets_more_threads_and_ctrl_c_keeps_what_was_measured(folder: Path) -> None:
    project = Project(folder / "waits")
    project.write("waits.py", SLEEPS)
    config = project.write("portico.toml", CONFIG)
    said = folder / "said"
    flags = ["--app", "waits.py", "--clients", "16", "--processes", "2", "--threads", "8", "--rounds", "100"]
    flags += ["--seconds", "0.2", "--write", *(["--allow-root-app"] if ROOT else [])]
    with said.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "portico", "-C", str(project.folder), "tune", *flags],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=clean_environ(),
        )
        try:
            until(lambda: "round 2 of 100" in said.read_text() or process.poll() is not None, 60, "two rounds")
            process.send_signal(signal.SIGINT)
            shown, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert "Stopped before the end" in shown
    assert "Recommended: 2 processes x 8 threads" in shown
    assert re.search(r"portico\.toml:\n +\[uwsgi\]\n +processes = 2\n +threads = 8\n", shown)
    assert config.read_text() == CONFIG, "what was broken off is not written"
    assert process.returncode == 1
    assert "<svg " in (project.folder / ".portico" / "tune.svg").read_text()
    assert not processes_of(project.folder)
    assert not list(Path(tempfile.gettempdir()).glob(f"portico-tune-{process.pid}-*"))
