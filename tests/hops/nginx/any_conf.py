"""A real nginx with a configuration of the test's own, to compare what it does with what was read from the configuration."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nginx_lab import wait_for

from portico.hops.nginx.route import candidates, route
from portico.hops.nginx.tree import tree
from portico.model.directive import Directive
from portico.model.plan import NginxBinary
from portico.model.seen import Route
from portico.system.nginx_conf import read
from portico.system.sockets import free_port

MAIN = """
worker_processes 1; daemon off; error_log {base}/error.log notice; pid {base}/nginx.pid;
events {{ worker_connections 64; }}
http {{
  access_log off; absolute_redirect off;
  server_names_hash_bucket_size 128; map_hash_bucket_size 128; keepalive_requests 100000;
  client_body_temp_path {base}/t1; proxy_temp_path {base}/t2; fastcgi_temp_path {base}/t3; uwsgi_temp_path {base}/t4;
  scgi_temp_path {base}/t5;
  server {{ listen unix:{base}/a.sock; location / {{ return 200 "http://unix:{base}/a.sock"; }} }}
  server {{ listen unix:{base}/b.sock; location / {{ return 200 "http://unix:{base}/b.sock"; }} }}
"""


@dataclass(frozen=True)
class Said:
    """What came back, as far as the configuration decides it: the body of a 200, the place of a redirect, the status."""

    status: int
    text: str = ""


class Nginx:
    """A running nginx, its configuration as a tree, and connections to it."""

    def __init__(self, base: Path, parsed: Directive, port: int, other: int) -> None:
        self.base, self.tree, self.port, self.other = base, parsed, port, other
        self._open: dict[tuple[str, int], http.client.HTTPConnection] = {}

    def says(self, host: str, path: str, address: str = "127.0.0.1", port: int | None = None) -> Said:
        key = (address, port or self.port)
        connection = self._open.setdefault(key, http.client.HTTPConnection(*key, timeout=10))
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read().decode()
        if answer.status == 200:
            return Said(200, body)
        # A folder is 403 when it is there and 404 when it is not; neither is a file.
        return Said(404 if answer.status == 403 else answer.status, answer.getheader("Location") or "")

    def route(self, host: str, path: str, address: str = "127.0.0.1", port: int | None = None) -> Route:
        return route(self.tree, "http", address, port or self.port, host, path, prefix=str(self.base), headers={})

    def predicted(self, host: str, path: str, address: str = "127.0.0.1", port: int | None = None) -> Said:
        """What the route says that nginx will say."""
        found = self.route(host, path, address, port)
        if found.action == "return":
            status, _, text = found.target.partition(" ")
            return Said(int(status), text)
        if found.action == "file":
            return _file(self.looked_at(found, path), found.target, path)
        assert found.action == "proxy", found
        return Said(200, found.target)

    def looked_at(self, found: Route, path: str) -> tuple[str, ...]:
        return candidates(found, path, str(self.base), headers={})

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()


def _file(looked_at: tuple[str, ...], target: str, asked: str) -> Said:
    """The first of the files that is there; without one, a folder is named with a slash."""
    for path in map(Path, looked_at):
        if path.is_file():
            return Said(200, path.read_text(encoding="utf-8"))
    folder = looked_at == (target,) and Path(target).is_dir()
    return Said(301, asked.partition("?")[0] + "/") if folder else Said(404)


def parse(base: Path, http_body: str, port: int = 1, other: int = 2) -> Directive:
    """Writes it to `base/nginx.conf` and reads it back."""
    values = {"$P": str(port), "$Q": str(other), "$B": str(base)}
    text = MAIN.format(base=base) + re.sub(r"\$[PQB]\b", lambda match: values[match[0]], http_body) + "\n}\n"
    conf = base / "nginx.conf"
    conf.write_text(text, encoding="utf-8")
    parsed, problems = tree(read(conf, str(base)), str(conf))
    assert parsed and not problems, problems
    return parsed


@contextmanager
def running(binary: NginxBinary, base: Path, http_body: str) -> Iterator[Nginx]:
    """nginx with these lines in its http block. `$P` and `$Q` in them are two ports, `$B` is the folder, and two servers
    that answer with their own address listen on `$B/a.sock` and `$B/b.sock`."""
    port, other = free_port(), free_port()
    parsed = parse(base, http_body, port, other)
    conf, log = base / "nginx.conf", base / "stderr"
    argv = [binary.path, "-p", f"{base}/", "-c", str(conf), *(["-e", "stderr"] if binary.version >= (1, 19, 5) else [])]
    environ = {name: value for name, value in os.environ.items() if name != "NGINX"}
    with log.open("wb") as said:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environ)
    server = Nginx(base, parsed, port, other)
    try:
        wait_for(lambda: process.poll() is not None or _answers(base / "nginx.pid"), bool)
        assert process.poll() is None, log.read_text()
        yield server
    finally:
        server.close()
        process.terminate()
        process.wait(10)


def _answers(pid_file: Path) -> bool:
    """The pid file is written once all addresses are bound."""
    return pid_file.exists() and bool(pid_file.read_text().strip())
