"""The beginning of a plan: what the project's own Python is to be asked, and the question put.

It answers while the rest of what `up` needs is imported and the machine is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from portico.actions import state
from portico.actions.configure import Loaded, load, prove_paths
from portico.actions.inspect import Asked, asking_project
from portico.actions.locate import Located, locate
from portico.actions.machine import Accounts, accounts_for
from portico.actions.options import Options
from portico.actions.places import Places, places, prove_private
from portico.actions.resolve_role import Role, role_of
from portico.model.errors import PorticoError


@dataclass(frozen=True)
class Begun:
    """`options` are those of the command and of the stack that runs; `located` and `asked` are None where there is no
    application on this machine."""

    options: Options
    loaded: Loaded
    where: Places
    role: Role
    accounts: Accounts
    located: Located | None
    asked: Asked | None


@contextmanager
def begun(options: Options, loaded: Loaded | None = None, where: Places | None = None) -> Iterator[Begun]:
    """Changes nothing. Raises PorticoError when the project cannot be asked. `loaded` stands for its own configuration,
    `where` for the places of its stack. A question that nobody waits for ends with this."""
    loaded = loaded or load(options.project)
    prove_paths(loaded, options.project)
    config = loaded.config
    where = where or places(options.project, config.state_dir)
    prove_private(where.run)
    if known := state.read(where):
        options = options.over(known.flags)
    role = role_of(options, config.role)
    located = locate(options, loaded, options.project, needed=role != "front")
    consent = options.allow_root_app or bool(config.allow_root_app) or located is None
    accounts = accounts_for(options.project, config.user or "", config.nginx.user or "", consent)
    with ExitStack() as stack:
        asked = stack.enter_context(asking_project(options, loaded, located, accounts, where)) if located else None
        yield Begun(options, loaded, where, role, accounts, located, asked)


@contextmanager
def early(options: Options) -> Iterator[Begun | None]:
    """As `begun`; None where it fails: whoever needs it begins anew, and tells why."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(begun(options))
        except PorticoError:
            found = None
        yield found
