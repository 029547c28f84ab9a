"""The new stack, run aside: the files and the processes of `portico up`, in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from portico.actions.adopt.proof.inputs import ProofInputs
from portico.actions.adopt.proof.kinds import NEW_DEAD
from portico.actions.adopt.proof.sides import Side
from portico.actions.aside import stack
from portico.actions.aside.plan import moved, prepared_aside
from portico.actions.aside.processes import Deadline
from portico.actions.aside.raw import Ground
from portico.actions.configure import Loaded
from portico.actions.options import Options
from portico.actions.prepare import Prepared
from portico.model.config import Config
from portico.system.aside import Aside

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def prepared(inputs: ProofInputs, folder: Path, port: int, ground: Ground) -> Prepared:
    """The plan of the new stack on that port of 127.0.0.1, its places in `folder`; `ground` is for its raw lines. Raises
    PorticoError."""
    config = aside(read(inputs.toml), port, ground)
    options = Options(inputs.project, allow_root_app=inputs.allow_root_app)
    return prepared_aside(options, Loaded(config, "portico.toml"), folder)


def read(toml: str) -> Config:
    """The text as a configuration. Raises ValueError."""
    try:
        return Config.model_validate(tomllib.loads(toml))
    except ValidationError as error:
        raise ValueError(str(error)) from None


def aside(config: Config, port: int, ground: Ground) -> Config:
    """The same site on another port, as one instance: what several answer is no other than what one does."""
    return moved(config, port, ground).model_copy(update={"instances": None})


def start(asked: Prepared, processes: Aside, deadline: Deadline) -> None:
    """Start it. Raises PorticoError, NotStarted and TimeIsOver."""
    stack.start(asked, processes, deadline, NEW_DEAD)


def side(asked: Prepared, own: str, declared: str, raw: Mapping[str, bool], raw_ports: Mapping[str, int]) -> Side:
    """Where it answers for the ports of the old deployment; `declared` is the port of portico.toml."""
    ports = {own: asked.plan.listen.port, declared: asked.plan.listen.port, **raw_ports}
    return Side(ports, own, frozenset(raw_ports[name] for name, tls in raw.items() if tls))
