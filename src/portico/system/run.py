"""Run a Command: no shell, its own process group, killed as a whole when its time is up."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from typing import Any

from portico.model.command import Command, Outcome


def run(command: Command) -> Outcome:
    """Execute and wait. Never raises for a program that fails: a missing one is exit code 127, as in a shell."""
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            command.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",
            **surroundings(command),
        )
    except OSError as error:
        return not_started(command, error)
    timed_out = False
    try:
        stdout, stderr = process.communicate(command.stdin, timeout=command.timeout_s)
    except subprocess.TimeoutExpired:
        timed_out = True
        os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
    return Outcome(command, process.returncode, stdout, stderr, time.monotonic() - started, timed_out)


def surroundings(command: Command) -> dict[str, Any]:
    """Popen arguments for where, as whom and with what a Command runs: always in a process group of its own."""
    return {"cwd": command.cwd, "env": _environ(command), "start_new_session": True, **as_user(command.user)}


def not_started(command: Command, error: OSError) -> Outcome:
    """The Outcome of a Command that could not be executed, with the exit codes of a shell and the reason as its error."""
    code = 127 if isinstance(error, FileNotFoundError) else 126
    return Outcome(command, code, "", f"{command.argv[0]}: {error.strerror}", 0.0)


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
