"""Holds the servers of one stack: started in one session, stopped when standard input ends, nothing left behind.

Run as a program, standard library only. It reads one line of JSON, a list of {"argv", "environ", "cwd", "log", "stop"}, and
answers one line: the process ids. That the harness is killed ends standard input too.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

#: Seconds that the servers get to stop by themselves.
PATIENCE_S = 10.0
#: Files that a server may open: the 1024 of a login shell would limit some and not others.
OPEN_FILES = 8192


def main() -> None:
    wanted = json.loads(sys.stdin.readline())
    _allow_files()
    servers = [_start(one) for one in wanted]
    print(json.dumps([server.pid for server in servers]), flush=True)
    sys.stdin.read()
    for server, one in zip(servers, wanted, strict=True):
        if server.poll() is None:
            server.send_signal(one["stop"])
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and any(server.poll() is None for server in servers):
        time.sleep(0.02)
    _kill_what_is_left()
    for server in servers:
        server.wait()


def _start(one: dict) -> subprocess.Popen:
    with Path(one["log"]).open("ab") as log:
        return subprocess.Popen(
            one["argv"], env=one["environ"], cwd=one["cwd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def _allow_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _kill_what_is_left() -> None:
    """Children of servers that have ended are nobody's child any more, but still of this session."""
    while left := _session():
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _session() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            row = (entry / "stat").read_text()
        except OSError:
            continue
        state, _, _, session = row.rsplit(")", 1)[1].split()[:4]
        if int(session) == os.getpid() and state != "Z":
            found.append(int(entry.name))
    return found


if __name__ == "__main__":
    main()
