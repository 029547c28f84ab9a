"""`portico adopt --prove`: the old pair and the new stack side by side, asked the same."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from portico.actions import environment
from portico.actions.adopt.proof import new_side, old_side
from portico.actions.adopt.proof.compare import Ports, compared
from portico.actions.adopt.proof.inputs import ProofInputs
from portico.actions.adopt.proof.kinds import NEW_DEAD
from portico.actions.adopt.proof.meant import About
from portico.actions.adopt.proof.requests import NOWHERE, Site, asks, limit_bytes, names
from portico.actions.adopt.proof.served import served
from portico.actions.adopt.proof.sides import ANSWER_S, Side
from portico.actions.adopt.proof.told import different, hardly_asked, not_ready, not_started
from portico.actions.aside import stack
from portico.actions.aside.folder import private_folder
from portico.actions.aside.plan import raw_listens
from portico.actions.aside.processes import Deadline, NotStarted, TimeIsOver, stopped_after
from portico.actions.aside.raw import Ground
from portico.actions.doctor.discretion import Discretion
from portico.actions.prepare import Prepared
from portico.hops.nginx.listens import listens
from portico.hops.nginx.moved_servers import wanted
from portico.hops.uwsgi import moved as moved_uwsgi
from portico.hops.uwsgi.raised import raised
from portico.model.errors import PorticoError
from portico.model.finding import Finding
from portico.model.plan import Plan
from portico.model.proof import Answer, Ask, Compared, Proof
from portico.model.units import size_bytes
from portico.system import files, sockets
from portico.system.accounts import ourselves
from portico.system.aside import Aside, orderly

_CHECK = ("portico check   # in the project's folder",)
#: How often a side is asked again to learn what differs by itself.
_AGAIN = 3
#: After so many requests without an answer there is no point in more.
_SILENT = 2
#: A larger body is not sent again.
_LARGE = 4 << 20
_SAFE = (
    "both ran against the same database and the same files, so they were asked with GET, HEAD and OPTIONS only, and with "
    f"POST to {NOWHERE}/, which no site has; migrations and hooks were not run"
)


@dataclass(frozen=True)
class _Pair:
    """Both sides, while they run."""

    old: Side
    new: Side
    about: About
    old_ports: Ports
    new_ports: Ports
    scheme: str


def prove(inputs: ProofInputs) -> Proof:
    """Run both, ask both, stop both; nothing of either is left, however it ends. Raises nothing but what ends the command
    itself: a side that does not start, or time that is over, is told in the Proof."""
    deadline = Deadline(inputs.timeout_s)
    with orderly(), private_folder("prove") as folder, stopped_after() as processes:
        return _Proving(inputs, folder, processes, deadline).all()


class _Proving:
    def __init__(self, inputs: ProofInputs, folder: Path, processes: Aside, deadline: Deadline) -> None:
        self._inputs = inputs
        self._folder = folder
        self._processes = processes
        self._deadline = deadline
        self._adjusted: tuple[str, ...] = ()
        self._notes: list[str] = [_SAFE]
        self._done: list[Compared] = []
        self._clean = environment.masker({**os.environ, **_variables(inputs)})
        self._discretion = Discretion()

    def all(self) -> Proof:
        try:
            self._run()
        except NotStarted as why:
            self._notes.append(f"the {why.hop} of the {'new stack' if why.kind is NEW_DEAD else 'old pair'} did not start")
            said = [self._clean(line.replace(str(self._folder), "…")) for line in why.said]
            return self._failed(not_started(why, said, str(self._inputs.project)))
        except ValueError as error:
            return self._failed(NEW_DEAD.found(cause=f"portico.toml: {error}", evidence=[str(error)], fix=_CHECK))
        except PorticoError as error:
            return self._failed(*not_ready(error.findings))
        except TimeIsOver:
            self._notes.append(f"{len(self._done)} requests were made in the time there was")
            return self._failed()
        return self._proof(*different(self._done))

    def _proof(self, *findings: Finding) -> Proof:
        return Proof(self._adjusted, tuple(self._done), tuple(self._notes), findings)

    def _failed(self, *findings: Finding) -> Proof:
        return replace(self._proof(*findings, *different(self._done)), failed=True)

    def _run(self) -> None:
        folder = files.make_dir(self._folder / "old", 0o711 if ourselves().uid == 0 else 0o700)
        old = old_side.rewritten(self._inputs, folder)
        self._adjusted = old.adjusted
        config = new_side.read(self._inputs.toml)
        raw = raw_listens(config)
        port, declared = sockets.free_port(), stack.declared_port(config)
        raw_ports = {name: port if name == declared else sockets.free_port() for name in raw}
        ground = Ground(str(folder), raw_ports, old.nginx.plain)
        asked = new_side.prepared(self._inputs, self._folder, port, ground)
        self._clean = environment.masker({**asked.environ, **_variables(self._inputs)})
        would = config.static is None and config.collect_static is not False
        if would and asked.django and asked.django.static_root and not asked.collects:
            self._notes.append("collectstatic was not run: the new stack served what is in STATIC_ROOT now")
        old_side.start(self._inputs, old, asked, self._processes, self._deadline)
        self._inputs.say("the old pair runs aside")
        new_side.start(asked, self._processes, self._deadline)
        self._inputs.say("the new stack runs aside")
        listening = wanted(self._inputs.root, self._inputs.server, ourselves().uid == 0)
        tls = frozenset(name for name, entry in listening.items() if entry.ssl) if not old.nginx.plain else frozenset()
        self._notes += [f"location {name} goes to another application, and was not asked for" for name in old.nginx.silent]
        after = new_side.side(asked, old.own, declared, {} if old.nginx.plain else raw, raw_ports)
        pair = self._pair(old, asked, old.side(tls), after)
        try:
            self._ask(pair, self._site(old, pair))
        finally:
            self._tell_raised(old, asked)

    def _pair(self, old: old_side.Old, asked: Prepared, before: Side, after: Side) -> _Pair:
        usual = {"80": "", "443": ""}
        shown = {name: usual.get(name, f":{name}" if name.isdigit() else "") for name in old.ports}
        old_ports = Ports({port: shown[name] for name, port in old.ports.items()}, shown[old.own])
        new_ports = Ports({port: shown.get(name, f":{name}") for name, port in after.ports.items()}, shown[old.own])
        scheme = "https" if old.ports[old.own] in before.tls else "http"
        return _Pair(before, after, self._about(asked.plan), old_ports, new_ports, scheme)

    def _about(self, plan: Plan) -> About:
        packet = next((option.value for option in reversed(self._inputs.options) if option.name == "buffer-size"), "")
        nginx = plan.nginx
        return About(
            static=tuple(entry.url for entry in plan.site.maps if entry.kind == "static"),
            media=tuple(entry.url for entry in plan.site.maps if entry.kind == "media"),
            public=bool(nginx and nginx.public),
            gzip=bool(nginx and nginx.gzip),
            charset=nginx.charset if nginx else "",
            old_limit=limit_bytes(Site(self._inputs.root, self._inputs.server, ())),
            new_limit=nginx.client_max_body_bytes if nginx else 0,
            old_packet=size_bytes(packet) if packet.isdigit() else 4096,
            new_packet=plan.uwsgi.buffer_bytes,
        )

    def _site(self, old: old_side.Old, pair: _Pair) -> Site:
        inputs = self._inputs
        others = [int(name) for name in old.ports if name != old.own and name.isdigit()]
        kept = [port for port in others if str(port) in pair.new.ports]
        self._notes += [
            f"the old pair listens on port {port} too, the new stack does not: it was not asked there"
            for port in others
            if port not in kept
        ]
        found = served(inputs.root, inputs.server, inputs.paths)
        friends = [
            (name, entry.port)
            for entry in listens(inputs.root, ourselves().uid == 0)
            if entry.server is not inputs.server and entry.server in old.nginx.servers
            for name in names(entry.server)[:2]
            if str(entry.port) == old.own or entry.port in kept
        ]
        return Site(inputs.root, inputs.server, found, kept, old.nginx.silent, inputs.requests, friends)

    def _ask(self, pair: _Pair, site: Site) -> None:
        every = asks(site)
        dates: dict[tuple[str, str], str] = {}
        silent = 0
        for ask in every:
            self._done.append(self._one(pair, ask, dates))
            silent = silent + 1 if self._done[-1].is_silent else 0
            if silent == _SILENT or self._done[-1].verdict == "could not tell":
                self._notes.append(f"{ask.path} got no answer within {ANSWER_S:g} s: no more was asked")
                raise TimeIsOver
        self._notes += hardly_asked(self._done)
        self._inputs.say(f"{len(every)} requests to each")

    def _tell_raised(self, old: old_side.Old, asked: Prepared) -> None:
        """What the applications raised, where pages failed."""
        logs = {"old": old.folder / "uwsgi.out", "new": stack.log(asked)}
        for name, log in logs.items():
            failed = any(getattr(one, name).status >= 500 for one in self._done)
            found = dict.fromkeys(raised(files.tail(log).splitlines())) if failed else {}
            self._notes += [f"in the {name} application: {self._clean(line)[:300]}" for line in list(found)[:3]]

    def _one(self, pair: _Pair, ask: Ask, dates: dict[tuple[str, str], str]) -> Compared:
        old: list[Answer] = []
        new: list[Answer] = []
        while True:
            old.append(self._answer(pair.old, "old", ask, dates))
            new.append(self._answer(pair.new, "new", ask, dates))
            found = compared(ask, old, new, pair.about, pair.old_ports, pair.new_ports, pair.scheme, self._shown)
            if found.verdict != "different" or found.is_silent or ask.body_bytes > _LARGE or len(old) > _AGAIN:
                return found

    def _shown(self, text: str) -> str:
        return self._discretion.text(self._clean(text))

    def _answer(self, side: Side, name: str, ask: Ask, dates: dict[tuple[str, str], str]) -> Answer:
        answer = side.answer(ask, dates.get((name, ask.path), ""), self._deadline.left(ANSWER_S))
        if ask.aim == "file" and answer.header("last-modified"):
            dates[name, ask.path] = answer.header("last-modified")
        return answer


def _variables(inputs: ProofInputs) -> dict[str, str]:
    """The environment that the old uWSGI gives to its application: it may hold secrets."""
    return dict(moved_uwsgi.variables(inputs.options))
