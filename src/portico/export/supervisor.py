"""supervisord's side of a stack: one parent, one program for nginx, one for each uWSGI instance.

supervisord strips comments, expands `%` and splits words in its files (http://supervisord.org/configuration.html), so
nothing of the user's ever goes into them: a program is `PYTHON guard.py SPEC.json` with names Portico chose, and the
specification carries the real argument vector, folder and environment as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from portico.model.file import File

GUARD = "guard.py"
CONFIGURATION = "supervisord.conf"


@dataclass(frozen=True)
class Daemon:
    """One process to keep alive. `name` is `nginx` or `uwsgi-N`; `argv` runs it in the foreground.

    `python` runs the guard and is executable by `user` (empty: as ourselves). `stop_signal` lets requests finish;
    after `stop_wait_s` supervisord kills. `comms` are the process names it may have. `log` is opened by the guard.
    `group_file` is where the guard records the process group. `restart`: it is started again whenever it ends.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    cwd: str
    python: str
    user: str
    stop_signal: str
    stop_wait_s: int
    comms: tuple[str, ...]
    log: str
    group_file: str
    restart: bool = True


def main_file(run: str, user: str) -> File:
    """supervisord.conf for the runtime directory `run`; `user` is who runs it, named so that root is no accident."""
    text = f"""[unix_http_server]
file={run}/supervisor.sock
chmod=0600

[supervisord]
nodaemon=true
pidfile={run}/supervisord.pid
logfile={run}/supervisord.log
user={user}
logfile_maxbytes=1MB
logfile_backups=1
loglevel=info
minfds=1024
umask=027

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[include]
files = {run}/programs/*.conf
"""
    return File(CONFIGURATION, text, 0o600)


def daemon_files(daemon: Daemon, run: str) -> tuple[File, File]:
    """The program section and the guard's specification, both relative to the runtime directory."""
    user = f"user={daemon.user}\n" if daemon.user else ""
    # A program that dies within startsecs is retried with a pause that grows by a second each time, for ever: a site
    # whose database was away for an hour comes back by itself. The guard's own last words go to NAME.out.
    # Told to end, supervisord stops the highest priority first: nginx takes no new requests while uWSGI finishes the last.
    section = f"""[program:{daemon.name}]
command={run}/{daemon.name}.python -IS {run}/{GUARD} {run}/{daemon.name}.json
{user}directory=/
priority={2 if daemon.name == "nginx" else 1}
autostart=true
autorestart={"true" if daemon.restart else "false"}
startsecs=1
startretries=1000000
stopsignal={daemon.stop_signal}
stopwaitsecs={daemon.stop_wait_s}
killasgroup=true
redirect_stderr=true
stdout_logfile={run}/{daemon.name}.out
stdout_logfile_maxbytes=64KB
stdout_logfile_backups=0
"""
    spec = {
        "argv": list(daemon.argv),
        "environ": dict(daemon.environ),
        "cwd": daemon.cwd,
        "group_file": daemon.group_file,
        "stop_signal": daemon.stop_signal,
        "names": list(daemon.comms),
        "log": daemon.log,
        "lock_dir": run,
        "wait_s": 12,
    }
    return (
        File(f"programs/{daemon.name}.conf", section, 0o600),
        File(f"{daemon.name}.json", json.dumps(spec, indent=1), 0o640),
    )
