"""`portico render`: the configuration files, ejectable: they run without Portico."""

from __future__ import annotations

import shlex
from pathlib import Path

from portico.actions import stage
from portico.actions.configure import Loaded, load
from portico.actions.env_files import env_files
from portico.actions.options import Options
from portico.actions.prepare import prepare
from portico.hops.uwsgi.checks import socket_paths
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Finding
from portico.model.plan import Plan
from portico.model.result import Result
from portico.system import files


def render(options: Options, out: Path | None) -> Result:
    """Write the files into `out`, or return their text in `result.files` when no folder is given. `result.environ` are the
    names of the variables that the site has and no file holds: whoever starts uWSGI has to give them. `result.install` is a
    command for a uWSGI of the project's own, where Portico's is the only one."""
    loaded = load(options.project)
    prepared = prepare(options, loaded)
    folder = (out or Path()).resolve() if out else prepared.where.state / "conf"
    plan = stage.stand_alone(prepared.plan, folder, prepared.machine.app)
    too_long = [finding for finding in socket_paths(plan) if isinstance(finding, Finding)]
    if out and too_long:
        raise PorticoError(too_long[0], Exit.USAGE)
    rendered = stage.render(plan)
    if out is None:
        texts = {file.path: file.text for file in rendered}
        return Result("render", {"files": texts, "out": None, "environ": _environ(loaded, options.project)})
    app = prepared.machine.app
    files.make_dir(folder, 0o755)
    if (control := stage.control_dir(folder, app)) != folder:
        files.make_dir(control, 0o700, app.uid, app.gid)
    files.write_all(folder, rendered)
    stage.prove_nginx(plan, folder)
    environ = [f"{name}={prepared.environ[name]}" for name in ("DJANGO_SETTINGS_MODULE",) if name in prepared.environ]
    data = {
        "out": str(folder),
        "files": {file.path: str(folder / file.path) for file in rendered},
        "install": _install(plan),
        "run": _commands(plan, folder, environ),
        "environ": _environ(loaded, options.project),
    }
    return Result("render", data)


def _environ(loaded: Loaded, project: Path) -> list[str]:
    """Names only: values may be secrets. The settings module is in the commands."""
    names = {*env_files(loaded, project), *(loaded.config.env or ())}
    return sorted(names - {"DJANGO_SETTINGS_MODULE"})


def _install(plan: Plan) -> str:
    """Empty where the uWSGI of `_commands` is there."""
    python = plan.interpreter
    if python.uwsgi.kind == "binary" or not plan.uwsgi.instances or Path(_uwsgi(plan)).is_file():
        return ""
    return shlex.join([python.executable, "-m", "pip", "install", "pyuwsgi"])


def _uwsgi(plan: Plan) -> str:
    python = plan.interpreter
    return python.uwsgi.path if python.uwsgi.kind == "binary" else str(Path(python.executable).parent / "uwsgi")


def _commands(plan: Plan, folder: Path, environ: list[str]) -> list[str]:
    prefix = ["env", *environ] if environ else []
    lines = [[*prefix, _uwsgi(plan), "--ini", f"{folder}/{instance.ini}"] for instance in plan.uwsgi.each()]
    if plan.nginx:
        lines.append([plan.nginx.binary.path, "-p", f"{folder}/", "-c", f"{folder}/nginx.conf"])
    return [shlex.join(line) for line in lines]
