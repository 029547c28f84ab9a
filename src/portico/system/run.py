"""Run a Command: no shell, its own process group, killed as a whole when its time is up."""

from __future__ import annotations

import contextlib
import os
import pwd
import selectors
import signal
import subprocess
import time
from typing import IO, Any

from portico.model.command import Command, Outcome
from portico.system.started import kill_group, started

#: Of each of its two outputs, so much is kept; the rest is read and dropped.
KEPT = 8 << 20
#: What a program leaves behind may hold its output open for ever; so long more is waited for.
_LAST_WORDS_S = 0.3
_LOOK_S = 0.1
#: Words without end of what is left are not listened to longer.
_LISTEN_S = 2.0


def run(command: Command, alone: bool = False) -> Outcome:
    """Execute and wait. Never raises for a program that fails: a missing one is exit code 127, as in a shell.

    Returns when the program has ended, whatever it has left running; `alone`: what is left of its process group is ended.
    """
    return Begun(command).outcome(alone)


class Begun:
    """A Command that runs from now on beside what its caller does. What it writes waits in its pipes (64 KiB, pipe(7)) until
    `outcome` is asked for."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._started = time.monotonic()
        self._talk: _Talk | None = None
        self._failed: OSError | ValueError | None = None
        try:
            process = started(
                command.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **surroundings(command),
            )
        except (OSError, ValueError) as error:
            self._failed = error
        else:
            stdin = command.stdin.encode("utf-8", "surrogateescape")
            self._talk = _Talk(process, stdin, self._started + command.timeout_s)

    def outcome(self, alone: bool = False) -> Outcome:
        """Wait for it, as `run` does; once."""
        talk = self._talk
        if talk is None:
            return not_started(self._command, self._failed or ValueError("it was ended"))
        try:
            timed_out = talk.until_it_ends()
        except BaseException:
            # Whoever stops us does not reach it: it is in a group of its own.
            kill_group(talk.process)
            raise
        finally:
            talk.close()
            self._talk = None
        if alone:
            kill_group(talk.process)
        code = talk.process.returncode if talk.process.returncode is not None else -signal.SIGKILL
        return Outcome(self._command, code, *talk.texts(), time.monotonic() - self._started, timed_out)

    def end(self) -> None:
        """Kill its whole process group, if nobody has waited for it."""
        if self._talk is not None:
            kill_group(self._talk.process)
            self._talk.close()
            self._talk = None


class _Talk:
    """What goes into a process and what comes out of it, until it has ended or `deadline` (monotonic) is over."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, deadline: float) -> None:
        self.process = process
        self.stdin = memoryview(stdin)
        self.deadline = deadline
        self.said: dict[IO[bytes], bytearray] = {}
        self.selector = selectors.DefaultSelector()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                self.said[stream] = bytearray()
                self._watch(stream, selectors.EVENT_READ)
        if process.stdin is not None:
            self._watch(process.stdin, selectors.EVENT_WRITE)

    def _watch(self, stream: IO[bytes], event: int) -> None:
        os.set_blocking(stream.fileno(), False)
        self.selector.register(stream, event)

    def until_it_ends(self) -> bool:
        """Whether it had to be killed."""
        ended = None
        while self.selector.get_map():
            now = time.monotonic()
            if now >= self.deadline:
                kill_group(self.process)
                self._hear(0)
                return True
            heard = self._hear(min(_LOOK_S, self.deadline - now))
            if ended is None and self.process.poll() is not None:
                ended = time.monotonic()
            elif ended is not None and time.monotonic() - ended > (_LISTEN_S if heard else _LAST_WORDS_S):
                return False
        try:
            self.process.wait(max(0.0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            kill_group(self.process)
            return True
        return False

    def _hear(self, patience_s: float) -> bool:
        events = self.selector.select(patience_s)
        for key, _ in events:
            stream: IO[bytes] = key.fileobj  # type: ignore[assignment]
            try:
                more = self._hear_one(stream)
            except BlockingIOError:
                continue
            except BrokenPipeError:
                more = False
            if not more:
                self.selector.unregister(stream)
                if stream is self.process.stdin:
                    stream.close()
        return bool(events)

    def _hear_one(self, stream: IO[bytes]) -> bool:
        """Whether there may be more."""
        if stream is self.process.stdin:
            self.stdin = self.stdin[os.write(stream.fileno(), self.stdin[: 1 << 16]) :] if self.stdin else self.stdin
            return bool(self.stdin)
        part = os.read(stream.fileno(), 1 << 16)
        kept = self.said[stream]
        kept += part[: max(0, KEPT - len(kept))]
        return bool(part)

    def texts(self) -> tuple[str, str]:
        """Standard output and standard error."""
        out, err = (bytes(kept).decode("utf-8", "backslashreplace") for kept in self.said.values())
        return out.replace("\r\n", "\n"), err.replace("\r\n", "\n")

    def close(self) -> None:
        """Give everything back."""
        self.selector.close()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def surroundings(command: Command) -> dict[str, Any]:
    """Popen arguments for where, as whom and with what a Command runs: always in a process group of its own."""
    return {"cwd": command.cwd, "env": _environ(command), "start_new_session": True, **as_user(command.user)}


def not_started(command: Command, error: OSError | ValueError) -> Outcome:
    """The Outcome of a Command that could not be executed, with the exit codes of a shell and the reason as its error."""
    code = 127 if isinstance(error, FileNotFoundError) else 126
    why = error.strerror if isinstance(error, OSError) else str(error)
    # It may be the working directory that is not there, and not the program.
    what = getattr(error, "filename", None) or command.argv[0]
    return Outcome(command, code, "", f"{what}: {why}", 0.0)


def _environ(command: Command) -> dict[str, str]:
    """The command's environment, or ours, without NGINX, which nginx takes for a list of inherited sockets
    (https://nginx.org/en/docs/control.html#upgrade)."""
    environ = os.environ if command.environ is None else command.environ
    return {name: value for name, value in environ.items() if name != "NGINX"}


def as_user(name: str | None) -> dict[str, Any]:
    """Popen arguments that make a child run as that account, with its groups and nobody else's."""
    if name is None or os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(name)
    groups = os.getgrouplist(name, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": groups}
