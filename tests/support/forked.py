"""`portico` without the start of an interpreter: a process that has imported all of it forks for each command.

Each command still has a process of its own, with its own arguments, environment, folder, standard output and standard error;
nothing of what it does is seen by the next one. A file that runs as the server, and the client's side for tests."""

from __future__ import annotations

import array
import atexit
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
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

#: What Python reads when it starts: a command with one of these needs a Python of its own.
_AT_START = ("PYTHON", "LC_", "LANG")
_MOST_BYTES = 1 << 20
_FDS = 3
Done = subprocess.CompletedProcess[str]


class Started:
    """A command that runs, with what a `subprocess.Popen` of it would have: `returncode` is None until its end was seen."""

    def __init__(self, arguments: Sequence[str], readers: Sequence[int]) -> None:
        self.returncode: int | None = None
        self._command = ["portico", *arguments]
        self._out, self._err, self._told = readers
        self._texts = dict.fromkeys(readers, b"")
        self._open = selectors.DefaultSelector()
        for reader in readers:
            self._open.register(reader, selectors.EVENT_READ)
        while b"\n" not in self._texts[self._told]:
            self._read(None)
            assert self._told in self._open.get_map(), "the server of commands is gone"
        self.pid = int(self._texts[self._told].split()[0])

    def poll(self) -> int | None:
        self._read(0)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait until it has ended and nobody holds its output open. Raises TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._open.get_map():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired(self._command, timeout or 0, self._texts[self._out], self._texts[self._err])
            self._read(left)
        self._open.close()
        assert self.returncode is not None, f"nobody told how {self._command} ended"
        return self._texts[self._out].decode(), self._texts[self._err].decode()

    def _read(self, wait_s: float | None) -> None:
        for key, _ in self._open.select(wait_s):
            part = os.read(key.fd, 65536)
            self._texts[key.fd] += part
            if not part:
                self._open.unregister(key.fd)
                os.close(key.fd)
        told = self._texts[self._told].split()
        if len(told) > 1:
            self.returncode = int(told[1])


class Commands:
    """The client's side; its server starts with the first command, and ends with this process. With `uid` all of it runs
    as that account, in the root folder, by a `python` that it may run with what is `added` to its environment."""

    def __init__(self, python: str = sys.executable, added: Mapping[str, str] | None = None, uid: int | None = None) -> None:
        self._python = python
        self._own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | dict(added or {})
        self._account: dict[str, Any] = {}
        if uid is not None:
            self._account = {"user": uid, "group": uid, "extra_groups": [], "cwd": "/"}
        self._server: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def run(self, arguments: Sequence[str], environ: Mapping[str, str], timeout_s: float) -> Done:
        """As `subprocess.run([python, "-m", "portico", *arguments], capture_output=True, text=True, env=environ)`. Raises
        TimeoutExpired, after it has killed it."""
        if _at_start(environ) != _at_start(self._own):
            streams: dict[str, Any] = {"capture_output": True, "text": True, "env": dict(environ), "check": False}
            command = [self._python, "-m", "portico", *arguments]
            return subprocess.run(command, timeout=timeout_s, **streams, **self._account)
        started = self.start(arguments, environ)
        try:
            out, err = started.communicate(timeout_s)
        except subprocess.TimeoutExpired:
            started.kill()
            raise
        assert started.returncode is not None
        return Done(["portico", *arguments], started.returncode, out, err)

    def start(self, arguments: Sequence[str], environ: Mapping[str, str]) -> Started:
        """As `subprocess.Popen` of the same, with pipes for its output."""
        folder = self._account.get("cwd") or str(Path.cwd())
        readers, writers = zip(*(os.pipe() for _ in range(_FDS)), strict=True)
        try:
            request = json.dumps({"arguments": list(arguments), "environ": dict(environ), "folder": folder})
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", writers))
            self._connected().sendmsg([request.encode()], [rights])
        finally:
            for writer in writers:
                os.close(writer)
        return Started(arguments, readers)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST_BYTES)
            with theirs:
                self._server = subprocess.Popen(
                    [self._python, __file__, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    env=self._own,
                    **self._account,
                )
        return self._socket


def _at_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(_AT_START)}


def _import_all() -> None:
    import portico

    for module in pkgutil.walk_packages(portico.__path__, "portico."):
        if not module.name.startswith("portico.inside") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("portico.actions.stage").compile_templates()


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
    try:
        entry.main()
    except SystemExit as done:
        # The rest of an interpreter's end, which takes what it has imported to pieces, is longer than most commands.
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(done.code if isinstance(done.code, int) else bool(done.code))


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parent)
    _import_all()
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
