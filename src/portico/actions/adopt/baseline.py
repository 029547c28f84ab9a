"""What Portico itself writes for a configuration: nginx's tree and uWSGI's options, to hold the hand-written ones against.

Nothing of the project is asked and nothing of it need be here: the application, the machine and its nginx are made up, so
that the same files are taken over in the same way everywhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico.actions import stage
from portico.actions.configure import Loaded
from portico.actions.inspect import Inspection, no_application
from portico.actions.machine import Machine
from portico.actions.options import Options
from portico.actions.places import places
from portico.actions.resolve import resolve
from portico.hops.nginx.render import CONF
from portico.hops.nginx.tree import tree
from portico.hops.uwsgi import ini
from portico.hops.wsgi.project import parse_target
from portico.model.config import Config
from portico.model.directive import Directive, Option
from portico.model.plan import Interpreter, NginxBinary, Uwsgi
from portico.system import files, nginx_conf
from portico.system.accounts import Account

#: Every module that the templates ask for and a distribution's nginx has.
_MODULES = frozenset(
    f"http{name}"
    for name in (
        *("", "_charset", "_fastcgi", "_geo", "_gzip", "_gzip_static", "_map", "_proxy", "_realip", "_rewrite", "_scgi"),
        *("_ssl", "_upstream_zone", "_uwsgi"),
    )
)
_NOBODY = Account("nobody", 65534, 65534, "/nonexistent", frozenset((65534,)))


@dataclass(frozen=True)
class Baseline:
    """nginx's main context and uWSGI's options as Portico would write them."""

    nginx: Directive
    uwsgi: tuple[Option, ...]


def baseline(config: Mapping[str, Any], project: Path) -> Baseline:
    """Raises PorticoError or pydantic's ValidationError when Portico could not run with that configuration."""
    loaded = Loaded(Config.model_validate(config))
    binary = NginxBinary("nginx", (1, 26, 0), _MODULES, "system")
    machine = Machine(_NOBODY, _NOBODY, _NOBODY, 1, 4096, None if loaded.config.front == "none" else binary)
    where = places(project, loaded.config.state_dir)
    seen = _inspection(loaded.config, project)
    plan = resolve(Options(project), loaded, seen, machine, where, 1, None).plan
    with tempfile.TemporaryDirectory(prefix="portico-adopt-") as name:
        folder = Path(name)
        alone = stage.stand_alone(plan, folder, _NOBODY)
        files.write_all(folder, stage.render(alone))
        root, _ = tree(nginx_conf.read(folder / CONF), str(folder / CONF))
        path = folder / alone.uwsgi.ini
        # With role = "front" there is no uWSGI.
        options = ini.parse(path.read_text(encoding="utf-8"), str(path))[0] if path.exists() else ()
    return Baseline(root or Directive("", (), "", 0, ()), options)


def _inspection(config: Config, project: Path) -> Inspection:
    """The project as the configuration describes it."""
    seen = no_application(project)
    target = parse_target(config.uwsgi.module or "application", str(project))
    python = config.python or "/usr/bin/python3"
    return Inspection(
        **{
            **vars(seen),
            "module": target.module,
            "file": target.file,
            "callable": target.callable or "application",
            "interpreter": Interpreter(python, python, "3", Uwsgi("pyuwsgi", "", "2.0.30")),
            "python_path": tuple(str((project / folder).resolve()) for folder in config.uwsgi.pythonpath or ()),
        }
    )
