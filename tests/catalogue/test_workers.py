"""Workers that die, hang, or are too few."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogue.kit import UWSGI, Kit
from portico.actions.doctor.diagnose import judge
from portico.hops.uwsgi import events
from portico.model.directive import Directive
from portico.model.evidence import (
    BackendSeen,
    Evidence,
    Exchange,
    ListenerSeen,
    MachineSeen,
    ProcessSeen,
    UwsgiSeen,
    Visit,
)
from support.stack import until
from support.traffic import Traffic

Names = Callable[..., dict[str, Any]]
DJANGO = ("--master", "--module", "mysite.wsgi", "--chmod-socket=666", "--socket")


def serve(kit: Kit, *options: str) -> None:
    kit.uwsgi(*DJANGO, kit.socket, *options)
    kit.nginx(f"location / {{ {kit.app} }}")


def app(kit: Kit, name: str, text: str, *options: str) -> None:
    """A plain application of these lines behind nginx."""
    kit.write(f"project/{name}.py", text)
    kit.uwsgi("--master", "--module", name, "--chmod-socket=666", "--socket", kit.socket, *options)
    kit.nginx(f"location / {{ {kit.app} }}")


def test_harakiri_kill(kit: Kit, names: Names) -> None:
    serve(kit, "--harakiri=1")
    found = names(kit.doctor("/slow/?s=3"), "harakiri-kill", "uwsgi.E150")
    assert "/slow/" in found["cause"]


def test_worker_sigkill_oom(kit: Kit, names: Names) -> None:
    serve(kit)
    names(kit.doctor("/oom/"), "worker-sigkill-oom", "uwsgi.E152")


def test_worker_segfault(kit: Kit, names: Names) -> None:
    serve(kit)
    names(kit.doctor("/segv/"), "worker-segfault", "uwsgi.E153")


def test_a_worker_that_ends_itself(kit: Kit, names: Names) -> None:
    app(
        kit,
        "ends",
        "import os\ndef application(e, s):\n    if e['PATH_INFO'] == '/exit': os._exit(3)\n    s('200 OK', []); return "
        "[b'']\n",
    )
    names(kit.doctor("/exit"), "worker-exits", "uwsgi.E154")


def test_limit_as_memoryerror(kit: Kit, names: Names) -> None:
    text = "def application(e, s):\n    x = bytearray(400 << 20)\n    s('200 OK', [])\n    return [b'']\n"
    app(kit, "large", text, "--limit-as=256")
    names(kit.doctor(), "limit-as-memoryerror", "uwsgi.E155")


def test_reload_on_rss_storm(kit: Kit, names: Names) -> None:
    serve(kit, "--processes=2", "--reload-on-rss=10", "--min-worker-lifetime=0")
    kit.get()
    until(lambda: kit.log.read_text().count("Seeya") >= 1, 10)
    names(kit.doctor(), "reload-on-rss-storm", "uwsgi.E156")


def test_max_requests_storm(kit: Kit, names: Names) -> None:
    text = "import time\ndef application(e, s):\n    time.sleep(.01)\n    s('200 OK', [])\n    return [b'ok']\n"
    app(
        kit,
        "even",
        text,
        "--processes=4",
        "--lazy-apps",
        "--max-requests=20",
        "--min-worker-lifetime=0",
        "--disable-logging",
    )
    with Traffic(kit.port, pause_s=0), Traffic(kit.port, pause_s=0), Traffic(kit.port, pause_s=0):
        until(lambda: kit.log.read_text().count("Seeya") >= 4, 20)
    names(kit.doctor(), "max-requests-storm", "uwsgi.W157")


def test_single_worker_blocked(kit: Kit, names: Names) -> None:
    serve(kit)
    assert kit.get("/slow/?s=1.1").status == 200
    names(kit.doctor(), "single-worker-blocked", "uwsgi.W163")


def test_hanging_requests_without_an_error_line(kit: Kit, names: Names) -> None:
    serve(kit, "--processes=2")
    clients = [threading.Thread(target=kit.get, args=("/slow/?s=14",), kwargs={"limit": 20}) for _ in range(4)]
    for client in clients:
        client.start()
    until(
        lambda: (
            int(subprocess.run(["ss", "-Hlx"], capture_output=True, text=True).stdout.split(kit.socket)[0].split()[-2]) >= 1
        )
    )
    envelope = kit.doctor()
    kit.stop()
    for client in clients:
        client.join(20)
    names(envelope, "hanging-requests", "uwsgi.E159")


@pytest.mark.parametrize("reload", [True, False])
def test_a_reload_that_waits_for_a_request(reload: bool) -> None:
    """What would be seen meanwhile is judged: such a request takes long."""
    log = "*** Starting uWSGI 2.0.30 (64bit) on [Fri Nov 27 02:36:03 2026] ***\nspawned uWSGI worker 1 (pid: 8, cores: 1)\n"
    log += "...gracefully killing workers...\nGracefully killing worker 1 (pid: 8)...\n" if reload else ""
    worker = ProcessSeen(8, 7, ("uwsgi",), "ana", "S", 0.0, 0)
    asked = Exchange("http", "127.0.0.1:80", "GET", "/", "site", stage="read", errno=errno.ETIMEDOUT, duration_s=10.0)
    backend = BackendSeen(
        "unix:/run/app.sock",
        "uwsgi",
        Directive("uwsgi_pass", ("unix:/run/app.sock",), "/etc/nginx/nginx.conf", 3),
        listeners=(ListenerSeen("unix:/run/app.sock", (7, 8), "ana", 2, 100),),
        uwsgi=replace(asked, protocol="uwsgi"),
        instance=0,
    )
    seen = UwsgiSeen(master=replace(worker, pid=7), workers=(worker,), events=events.events(log))
    evidence = Evidence("http://site/", False, 100.0, 0.0, MachineSeen("root", True), uwsgi=(seen,), backends=(backend,))
    first = judge(replace(evidence, visits=(Visit("asked", asked),)))[0][0]
    assert first.id == "uwsgi.E159"
    assert ("told to reload" in first.cause, "worker-reload-mercy" in first.fix[0]) == (reload, reload)
    assert any("gracefully killing" in row for row in first.evidence) is reload


def test_stopped_workers(kit: Kit, names: Names) -> None:
    serve(kit)
    pids = [
        int(pid) for pid in Path(f"/proc/{kit.processes[0].pid}/task/{kit.processes[0].pid}/children").read_text().split()
    ]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        names(kit.doctor(), "workers-stopped", "uwsgi.E160")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_uwsgi_too_many_open_files(kit: Kit, names: Names) -> None:
    text = (
        "L = []\ndef application(e, s):\n    for i in range(200): L.append(open('/etc/hostname'))\n"
        "    s('200 OK', [])\n    return [b'']\n"
    )
    kit.write("project/leak.py", text)
    limited = (
        sys.executable,
        "-c",
        "import os, resource, sys\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\nos.execv(sys.argv[1], "
        "sys.argv[1:])",
    )
    kit.uwsgi("--master", "--module", "leak", "--chmod-socket=666", "--socket", kit.socket, binary=(*limited, UWSGI))
    kit.nginx(f"location / {{ {kit.app} }}")
    names(kit.doctor(), "uwsgi-too-many-open-files", "uwsgi.E161")


def test_harakiri_threads_shared_timer(kit: Kit, names: Names) -> None:
    serve(kit, "--threads=4", "--harakiri=30", "--buffer-size=32768")
    names(kit.doctor(), "harakiri-threads-shared-timer", "uwsgi.W162")


@pytest.mark.parametrize("path", ["/", "/items/"])
def test_workers_that_are_well_are_not_blamed(kit: Kit, path: str) -> None:
    serve(kit, "--processes=2", "--threads=2", "--need-app")
    envelope = kit.doctor(path)
    assert [one["id"] for one in envelope["findings"] if one["id"].startswith("uwsgi.E")] == []
