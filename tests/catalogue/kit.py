"""A deployment as people write it by hand: real nginx and real uWSGI, started with whatever mistake a test is about."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from portico.cli.main import run
from portico.system.sockets import free_port
from support.stack import clean_environ, until

HERE = Path(__file__).parent
UWSGI = str(Path(sys.executable).parent / "uwsgi")
ROOT = os.geteuid() == 0
#: Prints the errors of requests, as Django itself does not with DEBUG off.
LOGGING = (
    "LOGGING={'version':1,'disable_existing_loggers':False,'handlers':{'c':{'class':'logging.StreamHandler'}},"
    "'root':{'handlers':['c'],'level':'WARNING'}}"
)
_READY = re.compile(r"spawned uWSGI worker 1|spawned \d+ offload")


def uwsgi_params() -> str:
    """The file every tutorial includes, as Portico writes it."""
    import portico

    return str(Path(portico.__file__).parent / "hops" / "nginx" / "templates" / "uwsgi_params")


@dataclass(frozen=True)
class Answer:
    """What `get` brought: `status` 0 and `error` when there was no answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    error: str = ""


@dataclass
class Kit:
    """One deployment in `folder`. `nginx_binary` is what runs; `port` is the front's, `spare` another free one."""

    folder: Path
    nginx_binary: str
    port: int = field(default_factory=free_port)
    spare: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def socket(self) -> str:
        return str(self.folder / "app.sock")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "uwsgi.log"

    @property
    def app(self) -> str:
        """What a location needs to pass to the application."""
        return f"include {uwsgi_params()}; uwsgi_pass unix:{self.socket};"

    @property
    def site(self) -> str:
        """The body of an ordinary server."""
        return f"location /static/ {{ alias {self.project}/staticroot/; }} location / {{ {self.app} }}"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def uwsgi(
        self,
        *arguments: str,
        cwd: Path | None = None,
        environ: dict[str, str] | None = None,
        binary: Sequence[str] = (UWSGI,),
        log: str = "uwsgi.log",
        ready: str | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start uWSGI in the project and wait until it serves, has ended, or wrote `ready` (a regular expression)."""
        path = self.folder / log
        start = path.stat().st_size if path.exists() else 0
        with path.open("ab") as output:
            process = subprocess.Popen(
                [*binary, *arguments],
                cwd=cwd or self.project,
                env={**clean_environ(), "PYTHONDONTWRITEBYTECODE": "1", **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        wanted = re.compile(ready) if ready else _READY

        def settled() -> bool:
            text = path.read_bytes()[start:].decode(errors="replace")
            return process.poll() is not None or wanted.search(text) is not None

        until(settled, 60, "uWSGI is ready")
        return process

    def nginx(
        self,
        server: str,
        http: str = "",
        main: str = "",
        *,
        level: str = "error",
        connections: int = 64,
        mime: str = "include /etc/nginx/mime.types;",
        conf: str = "nginx.conf",
        binary: str = "",
        environ: dict[str, str] | None = None,
        args: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        """Write nginx's configuration, start it, and wait until it listens or has ended."""
        user = "user www-data;" if ROOT else ""
        temp = " ".join(f"{n}_temp_path {self.folder}/t-{n};" for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        text = (
            f"{user}\ndaemon off;\npid {self.folder}/nginx.pid;\nerror_log {self.folder}/error.log {level};\n{main}\n"
            f"events {{ worker_connections {connections}; }}\n"
            f"http {{\n{mime}\ndefault_type application/octet-stream;\naccess_log "
            f"{self.folder}/access.log;\n{temp}\n{http}\n"
            f"server {{\nlisten 127.0.0.1:{self.port};\n{server}\n}}\n}}\n"
        )
        path = self.write(conf, text)
        return self.start_nginx(path, binary=binary, environ=environ, args=args)

    def start_nginx(
        self, conf: Path, *, binary: str = "", environ: dict[str, str] | None = None, args: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Start nginx with that file."""
        with (self.folder / "nginx.out").open("ab") as output:
            process = subprocess.Popen(
                [binary or self.nginx_binary, "-p", str(self.folder), "-c", str(conf), *args],
                env={**clean_environ(), **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        until(lambda: process.poll() is not None or self._serves(process), 60, "nginx serves")
        return process

    def _serves(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it listens and has a worker: one that has only just been started still looks like its master."""
        socket.create_connection(("127.0.0.1", self.port), 5).close()
        with contextlib.suppress(psutil.Error):
            return any("worker process" in " ".join(one.cmdline()) for one in psutil.Process(process.pid).children())
        return False

    def get(self, path: str = "/", *arguments: str, url: str = "", data: bytes | None = None, limit: float = 15) -> Answer:
        """One request with curl; further arguments are curl's."""
        command = ["curl", "-s", "-i", "-m", str(limit), *arguments]
        if data is not None:
            command += ["--data-binary", "@-"]
        done = subprocess.run([*command, (url or self.url) + path], input=data, capture_output=True, timeout=limit + 10)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 100"):
            head, _, body = body.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        return Answer(status, headers, body, f"curl exit {done.returncode}" if done.returncode else "")

    def doctor(self, path: str = "/", *arguments: str, conf: str = "nginx.conf") -> dict[str, Any]:
        """`portico doctor URL --json` on these files."""
        files = ["--nginx", str(self.folder / conf)] if (self.folder / conf).exists() else []
        files += ["--log", str(self.log)] if self.log.exists() and "--log" not in arguments else []
        url = [self.url + path] if path else []
        return self.portico("doctor", *url, *files, *arguments)

    def portico(self, *arguments: str) -> dict[str, Any]:
        """One command in this process; its envelope."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            run(["-C", str(self.project), *arguments, "--json"])
        envelope: dict[str, Any] = json.loads(printed.getvalue())
        return envelope

    def first(self, envelope: dict[str, Any]) -> str:
        """The id of the finding that comes first; empty without one."""
        return envelope["findings"][0]["id"] if envelope["findings"] else ""

    def stop(self) -> None:
        """End everything this kit started, and what those started."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self.processes:
            process.wait(60)


def kits(folder: Path, template: Path, nginx_binary: str) -> Iterator[Kit]:
    """One kit with a project of its own, cleaned up at the end."""
    folder.chmod(0o755)
    shutil.copytree(template, folder / "project", symlinks=True)
    kit = Kit(folder, nginx_binary)
    try:
        yield kit
    finally:
        kit.stop()
        shutil.rmtree(folder, ignore_errors=True)
