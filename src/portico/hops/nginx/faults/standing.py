"""Whether nginx stands, and how it is made to: what several rules about it have in common."""

from __future__ import annotations

import os.path
import shlex

from portico.model.command import Command
from portico.model.directive import Directive
from portico.model.evidence import Evidence, NginxSeen
from portico.model.log import ErrorEntry
from portico.model.remedy import PorticoUp, ReloadNginx, Remedy, Run

#: systemd stops waiting for a service after 90 s.
_START_S = 90.0
_FOREGROUND = (("daemon", ("off",)), ("master_process", ("off",)))


def is_down(evidence: Evidence) -> bool:
    """There is a configuration, and no nginx runs with it."""
    return bool(evidence.nginx.conf) and not evidence.nginx.masters


def is_fragment(nginx: NginxSeen) -> bool:
    """The file is a part of a configuration: it has a server, but neither `http` nor `events`."""
    tree = nginx.tree
    return (
        tree is not None and tree.first("http", "events", "stream") is None and tree.first("server", "upstream") is not None
    )


def of_system(nginx: NginxSeen) -> bool:
    """It is the configuration of the distribution's service."""
    return nginx.conf == "/etc/nginx/nginx.conf"


def command_line(nginx: NginxSeen, *further: str) -> tuple[str, ...]:
    """nginx with this configuration, where that is not what it takes by itself."""
    prefix = ("-p", nginx.prefix) if nginx.prefix and nginx.prefix != nginx.built_prefix else ()
    return (nginx.binary or "nginx", *prefix, "-c", nginx.conf, *further)


def start(evidence: Evidence) -> tuple[list[str], Remedy | None]:
    """The command that starts it, and the remedy where the start can be left to it."""
    nginx = evidence.nginx
    if evidence.managed:
        return ["portico up"], Remedy("start what is missing: portico up", (PorticoUp(),))
    if of_system(nginx) and evidence.machine.systemd:
        argv: tuple[str, ...] = ("systemctl", "start", "nginx")
    else:
        argv = command_line(nginx)
    if any(_says(nginx, name, args) for name, args in _FOREGROUND):
        return [f"{shlex.join(argv)} &   # it stays in the foreground: daemon off"], None
    text = shlex.join(argv) if evidence.machine.root else f"sudo {shlex.join(argv)}"
    allowed = evidence.machine.root or not of_system(nginx)
    possible = allowed and nginx.binary and nginx.test is not None and nginx.test.ok and not nginx.taken
    steps = (Run(Command(argv, why="start nginx", timeout_s=_START_S)),)
    return [text if of_system(nginx) else shlex.join(argv)], Remedy(
        f"start nginx: {shlex.join(argv)}", steps
    ) if possible else None


def _says(nginx: NginxSeen, name: str, args: tuple[str, ...]) -> bool:
    return nginx.tree is not None and any(entry.args == args for entry in nginx.tree.all(name))


def reload(evidence: Evidence) -> tuple[str, Remedy | None]:
    """The command that lets it read its configuration, and the remedy where the real nginx accepts that."""
    nginx = evidence.nginx
    if evidence.managed:
        return "portico up", Remedy("bring nginx and its configuration together: portico up", (PorticoUp(),))
    argv = shlex.join(command_line(nginx, "-s", "reload")) if not of_system(nginx) else "nginx -s reload"
    accepted = nginx.test is not None and nginx.test.ok and bool(nginx.masters)
    step = ReloadNginx(nginx.binary, nginx.conf, nginx.prefix, nginx.masters[0].pid if nginx.masters else 0)
    return argv, Remedy(f"let nginx read {nginx.conf} again", (step,)) if accepted else None


def absolute(nginx: NginxSeen, path: str) -> str:
    """A path of the configuration, which starts at the prefix."""
    return os.path.normpath(os.path.join(nginx.prefix, path))  # noqa: PTH118


def last_start(evidence: Evidence) -> tuple[ErrorEntry, ...]:
    """Lines of the error log by processes that are no more: of starts that failed, where nginx does not run."""
    alive = {one.pid for one in (*evidence.nginx.masters, *evidence.nginx.workers)}
    return tuple(entry for entry in evidence.nginx.errors if entry.pid not in alive)


def by_the_living(evidence: Evidence) -> tuple[ErrorEntry, ...]:
    """Lines of the error log by the processes that run now: what others wrote may be healed since."""
    alive = {one.pid for one in (*evidence.nginx.masters, *evidence.nginx.workers)}
    return tuple(entry for entry in evidence.nginx.errors if entry.pid in alive)


def at_line(tree: Directive | None, file: str, line: int | None) -> Directive | None:
    """The directive at that place, the innermost and last that begins there."""
    found = None
    for entry in _walk(tree) if tree and line else ():
        if entry.file == file and entry.line == line:
            found = entry
    return found


def _walk(block: Directive) -> list[Directive]:
    return [one for entry in block.block or () for one in (entry, *_walk(entry))]
