"""The old pair, run aside from its own files."""

from __future__ import annotations

import grp
import os
import pwd
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portico.actions import environment, stage
from portico.actions.adopt.proof.inputs import ProofInputs
from portico.actions.adopt.proof.kinds import OLD_DEAD
from portico.actions.adopt.proof.sides import Side
from portico.actions.aside.processes import NO_TRACES, Deadline, start_nginx, start_uwsgi
from portico.actions.prepare import Prepared
from portico.hops.nginx import moved as moved_nginx
from portico.hops.nginx import moved_servers
from portico.hops.nginx.listens import ServerListen
from portico.hops.nginx.render import MIME_TYPES, UWSGI_PARAMS, packaged
from portico.hops.nginx.tree import tree
from portico.hops.nginx.written import written
from portico.hops.uwsgi import moved as moved_uwsgi
from portico.hops.uwsgi.ini import file_of
from portico.model.command import Command
from portico.model.directive import Directive
from portico.model.file import File
from portico.system import files, nginx_conf, sockets
from portico.system.accounts import ourselves, to_become
from portico.system.aside import Aside

#: The nginx that can be told at its start where its errors go: https://nginx.org/en/docs/switches.html
_ERROR_LOG_SWITCH = (1, 19, 5)


@dataclass(frozen=True)
class Old:
    """The old pair before it is started. `ports` maps the ports of its servers to those it has here, `own` is the site's;
    `silent` are the locations that are not to be asked for."""

    folder: Path
    ports: Mapping[str, int]
    own: str
    nginx: moved_nginx.Moved
    uwsgi: moved_uwsgi.Moved

    @property
    def adjusted(self) -> tuple[str, ...]:
        return self.nginx.adjusted + self.uwsgi.adjusted

    def side(self, tls: frozenset[str]) -> Side:
        """Where it answers; `tls` are the ports that speak TLS."""
        return Side(self.ports, self.own, frozenset(self.ports[name] for name in tls))


def rewritten(inputs: ProofInputs, folder: Path) -> Old:
    """Both files as they run in `folder`."""
    root = ourselves().uid == 0
    http = moved_uwsgi.speaks_http(inputs.options)
    http_port = sockets.free_port() if http else 0
    uwsgi = moved_uwsgi.moved(
        inputs.options,
        moved_uwsgi.Aside(str(folder), _socket(folder), http_port, inputs.paths, root, _is_account, sockets.somaxconn()),
    )
    wanted = moved_servers.wanted(inputs.root, inputs.server, root)
    ports = {name: sockets.free_port() for name in wanted}
    named = moved_servers.named_files(inputs.root, inputs.server, inputs.paths)
    nginx = moved_nginx.moved(
        inputs.root,
        inputs.server,
        moved_nginx.Aside(
            folder=str(folder),
            ports=ports,
            uwsgi=f"unix:{_socket(folder)}",
            http=dict.fromkeys(http, http_port),
            paths=inputs.paths,
            unreadable=frozenset(path for path in named if not os.access(path, os.R_OK)),
            keep_user=root and all(map(_is_account, _users(inputs.root))),
            types=_packaged(folder, MIME_TYPES)[0].block or (),
            params=_packaged(folder, UWSGI_PARAMS),
        ),
    )
    return Old(folder, ports, _own(wanted, inputs.server), nginx, uwsgi)


def _socket(folder: Path) -> str:
    """In a folder that the account of the application may write to."""
    return f"{folder}/app/uwsgi.sock"


def _own(wanted: Mapping[str, ServerListen], server: Directive) -> str:
    """The port that the site is asked on: its TLS port where it has one, since the plain one may only send there."""
    mine = [name for name, entry in wanted.items() if entry.server is server]
    return next((name for name in mine if wanted[name].ssl), mine[0] if mine else next(iter(wanted)))


def _packaged(folder: Path, name: str) -> tuple[Directive, ...]:
    """What nginx brings along for everybody, as directives."""
    path = files.write(folder, File(f"packaged-{name}", packaged(name), 0o644))
    root, _ = tree(nginx_conf.read(path), str(path))
    return (root.block or ()) if root else ()


def _users(root: Directive) -> tuple[str, ...]:
    return tuple(name for entry in root.all("user") for name in entry.args)


def _is_account(name: str) -> bool:
    """Whether that is an account or a group of this machine, by name or number."""
    if name.isdigit():
        return True
    for look in (pwd.getpwnam, grp.getgrnam):
        try:
            look(name)
        except KeyError:
            continue
        return True
    return False


def start(inputs: ProofInputs, old: Old, asked: Prepared, processes: Aside, deadline: Deadline) -> None:
    """Write the files and start both. `asked` tells of the machine: its nginx, the project's Python. Raises NotStarted."""
    app, root = asked.machine.app, ourselves().uid == 0
    files.make_dir(old.folder / "app", 0o711 if root else 0o700, app.uid if root else -1, app.gid if root else -1)
    group = app.gid if root else -1
    ini = files.write(old.folder, File("uwsgi.ini", old.uwsgi.text, 0o640), group)
    conf = files.write(old.folder, File("nginx.conf", "\n".join((*written(old.nginx.tree), "")), 0o600))
    start_uwsgi(processes, _uwsgi(inputs, old, asked, ini), old.folder / "uwsgi.out", OLD_DEAD, deadline)
    start_nginx(
        processes, _nginx(inputs, old, asked, conf), old.folder / "nginx.out", OLD_DEAD, old.ports[old.own], deadline
    )


def _uwsgi(inputs: ProofInputs, old: Old, asked: Prepared, ini: Path) -> Command:
    """As somebody would start it by hand: in the folder of its file, with the shell's environment."""
    python = asked.plan.interpreter
    executable = f"{old.uwsgi.home}/bin/python" if old.uwsgi.home else python.executable
    launcher = files.write(old.folder, File("uwsgi_launcher.py", _launcher(), 0o644))
    program = (executable, str(launcher)) if python.uwsgi.kind == "pyuwsgi" else ()
    environ = {**environment.base_environment(os.environ, asked.machine.us, asked.machine.us), **NO_TRACES}
    for folder in moved_uwsgi.folders_of_variables(inputs.options, inputs.paths):
        environ.update(_of_folder(Path(folder)))
    environ.update((name, _filled_in(value)) for name, value in moved_uwsgi.variables(inputs.options))
    argv = (*program, python.uwsgi.path, "--ini", str(ini))
    return Command(argv, "run the old uWSGI", cwd=_home(inputs), environ=environ, user=_user(old, asked) or None)


def _of_folder(folder: Path) -> dict[str, str]:
    """Variables by the names of the files in it, each with its first line."""
    if not folder.is_dir():
        return {}
    texts = {path.name: files.read_text(path) or "" for path in folder.iterdir() if "=" not in path.name}
    return {name: text.partition("\n")[0].strip() for name, text in texts.items() if "\0" not in text}


def _filled_in(value: str) -> str:
    """With the variables of our own environment, which uWSGI would put in."""
    return re.sub(r"\$\((\w+)\)", lambda found: os.environ.get(found[1], found[0]), value)


def _user(old: Old, asked: Prepared) -> str:
    """Started by root it becomes what its own file says; where that says nothing, it is not root here."""
    return "" if old.uwsgi.becomes else to_become(asked.machine.app)


def _launcher() -> str:
    return next(file.text for file in stage.scripts() if file.path == "uwsgi_launcher.py")


def _home(inputs: ProofInputs) -> str:
    """The folder of the file that the options come from, where it is here."""
    named = (file_of(option.where.rpartition(":")[0]) for option in inputs.options)
    return next((folder for file in named if file and Path(folder := os.path.dirname(file)).is_dir()), str(inputs.project))  # noqa: PTH120


def _nginx(inputs: ProofInputs, old: Old, asked: Prepared, conf: Path) -> Command:
    binary = asked.machine.nginx
    path, version = (binary.path, binary.version) if binary else ("nginx", (0, 0, 0))
    prefix = f"{Path(inputs.root.file).parent}/" if inputs.root.file else f"{old.folder}/"
    argv = (path, "-p", prefix, *(("-e", "stderr") if version >= _ERROR_LOG_SWITCH else ()), "-c", str(conf))
    return Command(argv, "run the old nginx", cwd="/")
