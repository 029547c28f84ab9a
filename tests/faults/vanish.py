"""One of two application hosts vanishes: `ip link down` in a network of namespaces, while nginx stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from faults.application import Application
from faults.load import Client
from faults.rows import Row, Seen, under_load
from faults.stacks import nginx_version, temporary_folder
from support.crew import port_of, traces
from support.stack import ROOT, Project, clean_environ

FAULT = "one of two hosts vanishes (ip link down)"
PROMISE = "no GET lost; of the POSTs at most those in flight"
_NET = "10.213.77"
_FRONT = """
servers = ["{net}.2:9090", "{net}.3:9090"]
role = "front"
[nginx]
uwsgi_connect_timeout = "500ms"
uwsgi_read_timeout = "2s"
[upstream]
max_fails = 2
fail_timeout = "30s"
"""


def _ip(*words: str, check: bool = True) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def network() -> Iterator[tuple[str, str]]:
    """Two hosts at .2 and .3, on a bridge at .1 of ours: the names of their namespaces. OSError tells why there is none."""
    if not ROOT or not shutil.which("ip"):
        raise OSError("network namespaces need root and iproute2")
    hosts = (f"pfault{os.getpid()}a", f"pfault{os.getpid()}b")
    bridge = f"pfb{os.getpid()}"
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("addr", "add", f"{_NET}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for number, host in enumerate(hosts, 2):
            outer = outer_end(host)
            _ip("netns", "add", host)
            _ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", host)
            _ip("link", "set", outer, "master", bridge, "up")
            _ip("-n", host, "addr", "add", f"{_NET}.{number}/24", "dev", "eth0")
            _ip("-n", host, "link", "set", "eth0", "up")
            _ip("-n", host, "link", "set", "lo", "up")
        yield hosts
    finally:
        for host in hosts:
            _ip("netns", "del", host, check=False)
            _ip("link", "del", outer_end(host), check=False)
        _ip("link", "del", bridge, check=False)


def outer_end(host: str) -> str:
    """Our end of a host's cable; names of interfaces are limited to 15 bytes."""
    return f"v{host[-8:]}"


@contextmanager
def _host(namespace: str, address: str, folder: Path) -> Iterator[Application]:
    """`portico up --role app` on a host of its own."""
    project = Project(folder)
    application = Application(folder)
    command = [sys.executable, "-m", "portico", "-C", str(folder)]
    flags = ["--role", "app", "--listen", address, "--allow-root-app", "--json"]
    inside = ["ip", "netns", "exec", namespace, *command]
    try:
        done = subprocess.run(
            [*inside, "up", "-d", *application.target, *flags],
            capture_output=True, text=True, env=clean_environ(), check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        yield application
    finally:
        subprocess.run([*inside, "down", "--json"], capture_output=True, env=clean_environ(), check=False, timeout=120)
        for line in traces(project):
            with suppress(ProcessLookupError):
                os.kill(int(line.partition(":")[0]), 9)


def vanished_host(nginx: str, requests: int = 5000) -> Row:
    """100 GETs and 10 POSTs a second; a fifth of the way in, the cable of one host is cut, and stays so."""
    base = temporary_folder()
    try:
        with (
            network() as names,
            _host(names[0], f"{_NET}.2:9090", base / "a") as one,
            _host(names[1], f"{_NET}.3:9090", base / "b") as other,
        ):
            return _measured(nginx, base / "front", outer_end(names[0]), requests, (one, other))
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _measured(nginx: str, folder: Path, cable: str, requests: int, hosts: tuple[Application, Application]) -> Row:
    project = Project(folder)
    project.write("portico.toml", _FRONT.format(net=_NET))
    try:
        ran = project.up("--nginx", nginx)
        assert ran.code in (0, 1), ran.out + ran.err
        binary = next(hop for hop in project.status().result["hops"] if hop["hop"] == "nginx")["binary"]

        def act() -> str:
            time.sleep(requests / 100 / 5)
            _ip("link", "set", cable, "down")
            cut.append(time.monotonic())
            before = [_begun(host) for host in hosts]
            time.sleep(requests / 100 * 4 / 5)
            after = [_begun(host) - so_far for host, so_far in zip(hosts, before, strict=True)]
            assert min(before) > 50, f"both hosts answered before the cut: {before}"
            assert after[0] < 5 < after[1], f"after the cut only the other did: {after}"
            return f"the hosts began {before[0]} and {before[1]} requests before the cut, {after[0]} and {after[1]} after it"

        cut: list[float] = []
        mix = (Client("short GET, 100/s", rate=100), Client("short POST, 10/s", method="POST", body_bytes=8192, rate=10))
        seen = under_load(port_of(project), act, mix)
        return _row(seen, cut[0], f"Portico, nginx {nginx_version(binary)}, 2 hosts")
    finally:
        project.portico("down", "--json")


def _begun(host: Application) -> int:
    """Requests that host has begun to execute."""
    return len(host.journal.read_text().splitlines())


def _row(seen: Seen, cut: float, server: str) -> Row:
    gets = [o for o in seen.lost if o.method == "GET"]
    posts = [o for o in seen.lost if o.method != "GET"]
    late = [o for o in posts if o.began > cut + 2.5]
    found = seen.load.good_since(cut)
    next_s = found.ended - cut if found else None
    kept = not gets and not late
    return Row(FAULT, server, seen.load.summary, next_s, PROMISE, kept, seen.remark, tuple(seen.load.outcomes))
