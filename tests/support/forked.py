"""`portico` without the start of an interpreter: a process that has imported all of it forks for each command.

Each command still has a process of its own, with its own arguments, environment, folder, standard output and standard error;
nothing of what it does is seen by the next one. A file that runs as the server, and the client's side for tests."""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

#: What Python reads when it starts: a command with one of these needs a Python of its own.
_AT_START = ("PYTHON", "LC_", "LANG")
_MOST_BYTES = 1 << 20
_FDS = 3
Done: TypeAlias = subprocess.CompletedProcess[str]


class Commands:
    """The client's side; starts its server when the first command is run."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def run(
        self, arguments: Sequence[str], environ: Mapping[str, str], timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """As `subprocess.run([python, "-m", "portico", *arguments], capture_output=True, text=True, env=environ)`: it waits
        until the command has ended and nobody holds its output open. Raises TimeoutExpired, after it has killed it."""
        if {k: v for k, v in environ.items() if k.startswith(_AT_START)} != _own():
            command = [sys.executable, "-m", "portico", *arguments]
            return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, env=dict(environ), check=False)
        readers, writers = zip(*(os.pipe() for _ in range(_FDS)), strict=True)
        try:
            request = json.dumps({"arguments": list(arguments), "environ": dict(environ), "folder": str(Path.cwd())})
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", writers))
            self._connected().sendmsg([request.encode()], [rights])
        finally:
            for writer in writers:
                os.close(writer)
        return _ended(arguments, readers, timeout_s)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST_BYTES)
            with theirs:
                self._server = subprocess.Popen(
                    [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
                )
        return self._socket


def _own() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_AT_START) and name != "PYTHONPATH"}


def _ended(arguments: Sequence[str], readers: Sequence[int], timeout_s: float) -> Done:
    """Read output, errors and what the server tells (the process id, then the exit status) until all three have ended."""
    deadline = time.monotonic() + timeout_s
    texts = dict.fromkeys(readers, b"")
    told = readers[2]
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader, selectors.EVENT_READ)
        try:
            while selector.get_map():
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    os.kill(int(texts[told].split()[0]), signal.SIGKILL)
                    raise subprocess.TimeoutExpired(["portico", *arguments], timeout_s, texts[readers[0]], texts[readers[1]])
                for key, _ in ready:
                    part = os.read(key.fd, 65536)
                    texts[key.fd] += part
                    if not part:
                        selector.unregister(key.fd)
        finally:
            for reader in readers:
                os.close(reader)
    out, err, said = (texts[reader].decode() for reader in readers)
    assert len(said.split()) == 2, f"the server of commands is gone: {said!r} {err}"
    return subprocess.CompletedProcess(["portico", *arguments], int(said.split()[1]), out, err)


def _import_all() -> None:
    import portico

    for module in pkgutil.walk_packages(portico.__path__, "portico."):
        if not module.name.startswith("portico.inside") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for hop in ("nginx", "uwsgi"):
        templates = importlib.import_module(f"portico.hops.{hop}.render")._TEMPLATES
        for name in templates.list_templates():
            templates.get_template(name)


def _serve(server: socket.socket) -> None:
    """Fork for each request, until the client is gone. Returns in the process of a command as well, when that has ended."""
    while True:
        text, rights, _, _ = server.recvmsg(_MOST_BYTES, socket.CMSG_SPACE(_FDS * array.array("i").itemsize))
        if not text:
            return
        fds = array.array("i")
        for _, _, data in rights:
            fds.frombytes(data)
        if os.fork() == 0:
            server.close()
            _attend(json.loads(text), fds)
        for fd in fds:
            os.close(fd)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _attend(request: dict[str, Any], fds: Sequence[int]) -> None:
    """Fork once more and wait: `server` goes on meanwhile. Ends this process; the one of the command with SystemExit."""
    out, err, told = fds
    command = os.fork()
    if command == 0:
        os.close(told)
        _become(request, out, err)
    os.close(out)
    os.close(err)
    os.write(told, f"{command}\n".encode())
    status = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    os.write(told, f"{status}\n".encode())
    os._exit(0)


def _become(request: dict[str, Any], out: int, err: int) -> None:
    """Be what `python -m portico` would be."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    # What the server wrote to may have been a file, and these are pipes.
    sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding=sys.stderr.encoding, errors="backslashreplace", closefd=False)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    tempfile.tempdir = None
    sys.path[0] = str(Path.cwd())
    entry = importlib.import_module("portico.__main__")
    sys.argv = [str(entry.__file__), *request["arguments"]]
    entry.main()


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parent)
    _import_all()
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
