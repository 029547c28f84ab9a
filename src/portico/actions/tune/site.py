"""The site that is tuned, as it is before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portico.actions import state
from portico.actions.aside.plan import believing
from portico.actions.configure import Loaded, load
from portico.actions.options import Options, find_places
from portico.actions.resolve_role import role_of
from portico.actions.tune import told
from portico.actions.tune.asked import Asked
from portico.actions.tune.kinds import NOTHING_TO_TUNE
from portico.model.errors import Exit, PorticoError
from portico.model.plan import Plan


@dataclass(frozen=True)
class Site:
    """`lives`: its own stack runs, with the flags of its `up`, which count here, too. `forwarded`: the requests come as from
    a load balancer."""

    options: Options
    loaded: Loaded
    role: str
    lives: bool
    forwarded: bool = False

    @property
    def values(self) -> Mapping[str, Any]:
        """What has to be otherwise aside. A chain reload (release.fast) needs an application in each worker, and a stack
        aside, which has no reloads, would load one for all."""
        config = self.loaded.config
        values: dict[str, Any] = {}
        if config.release.fast or self.options.fast:
            values["uwsgi.extra"] = [*(config.uwsgi.extra or ()), "lazy-apps = true"]
        if self.forwarded:
            values |= believing(config)
        return values


def site_of(asked: Asked) -> Site:
    """Raises PorticoError for a machine without an application."""
    project = asked.options.project
    known = state.read(find_places(project))
    options = asked.options.over(known.flags) if known else asked.options
    loaded = load(project)
    role = role_of(options, loaded.config.role)
    if role == "front":
        finding = NOTHING_TO_TUNE.found(
            cause="only nginx runs on this machine",
            evidence=["role = front"],
            fix=["portico tune   # on each machine that runs the application: portico up --role app"],
        )
        raise PorticoError(finding, Exit.USAGE)
    return Site(options, loaded, role, known is not None, asked.forwarded)


def prove_tunable(plan: Plan) -> None:
    """Raises PorticoError where raw lines decide what would be measured."""
    raw = told.decides(plan)
    if raw:
        finding = NOTHING_TO_TUNE.found(
            cause="raw lines of uwsgi.ini decide how many requests are answered at a time",
            evidence=[f"[uwsgi] extra: {line}" for line in raw],
            fix=["take them out of `extra` in portico.toml, and run portico tune again"],
        )
        raise PorticoError(finding, Exit.USAGE)
