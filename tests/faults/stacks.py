"""Running stacks to break: Portico, driven only through its command line, over the application under load."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from faults.application import Application
from support.crew import Crew, port_of, traces, whole
from support.stack import Project, Ran, until

#: Room for the mix in load.py: 2 s requests and uploads hold threads for long.
CONFIG = '[nginx]\nclient_max_body_size = "20m"\n[uwsgi]\nprocesses = 2\nthreads = 6\n'
SYSTEM_NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/sbin")


def nginxes() -> tuple[str, ...]:
    """The nginx versions to measure with, as `--nginx` names them."""
    return ("system", "wheel") if SYSTEM_NGINX else ("wheel",)


@dataclass
class Stack:
    """A running Portico stack. `server` names it in the table."""

    project: Project
    application: Application
    server: str

    @property
    def port(self) -> int:
        return port_of(self.project)

    def portico(self, *words: str, code: int | None = None) -> Ran:
        """One call; `code` is the exit code it must have."""
        ran = self.project.portico(*words, "--json")
        assert code is None or ran.code == code, f"portico {' '.join(words)} answered {ran.code}: {ran.out}{ran.err}"
        return ran

    def version(self) -> str:
        return self.project.get("/short").body.decode().split()[2]

    def crew(self) -> Crew:
        """Who runs now, once the stack is whole."""
        return whole(self.project)

    def group(self, instance: int) -> tuple[int, ...]:
        """The processes of one uWSGI instance, master first."""
        hops = [hop for hop in self.project.status().result["hops"] if hop["hop"] == "uwsgi"]
        return tuple(hops[instance]["pids"])


def temporary_folder() -> Path:
    """A short folder that every account may enter: the length of a socket's path is limited."""
    folder = Path(tempfile.mkdtemp(prefix="pfault-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


@contextmanager
def running(nginx: str, *, django: bool = False, config: str = CONFIG) -> Iterator[Stack]:
    """A stack on that nginx, in a folder of its own; whatever happened to it, nothing of it is left afterwards."""
    base = temporary_folder()
    project = Project(base / "site")
    try:
        application = Application(project.folder, django=django)
        project.write("portico.toml", config)
        ran = project.up(*application.target, "--nginx", nginx)
        assert ran.code == 0, ran.out + ran.err
        binary = next(hop for hop in ran.result["hops"] if hop["hop"] == "nginx")["binary"]
        kind = "Django" if django else "WSGI"
        yield Stack(project, application, f"Portico, nginx {nginx_version(binary)}, {kind}")
    finally:
        project.portico("down", "--json")
        for line in traces(project):
            with suppress(ProcessLookupError):
                os.kill(int(line.partition(":")[0]), signal.SIGKILL)
        shutil.rmtree(base, ignore_errors=True)


def nginx_version(binary: str) -> str:
    """`1.22.1`, from `nginx -v`."""
    said = subprocess.run([binary, "-v"], capture_output=True, text=True, check=True).stderr
    return said.rpartition("/")[2].split()[0]


def stopped(*pids: int) -> None:
    """SIGSTOP, and wait until each is stopped."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    until(lambda: all(_state(pid) == "T" for pid in pids), what=f"{pids} are stopped")


def continued(*pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
