"""What is explained: the live stack with its files as they are, or what `portico up` would start."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from portico.actions import history, stage, state
from portico.actions.doctor.discretion import Discretion
from portico.actions.doctor.secrets import is_secret
from portico.actions.options import Options, find_places
from portico.actions.places import Places
from portico.actions.prepare import prepare
from portico.actions.status import status
from portico.hops.nginx import explained as nginx
from portico.hops.uwsgi import explained as uwsgi
from portico.hops.uwsgi.render import pool_files
from portico.inside.masking import MASK
from portico.model.explained import Line
from portico.model.plan import Plan
from portico.system import accounts, files

NGINX_FILES = ("nginx.conf", "uwsgi_params", "mime.types")
#: Why a stack may be without one of the files.
FILES = {
    "nginx.conf": 'no nginx runs here (front = "none", or role = "app")',
    "uwsgi_params": 'no nginx runs here (front = "none", or role = "app")',
    "mime.types": 'no nginx runs here (front = "none", or role = "app")',
    "uwsgi.ini": 'no uWSGI runs here (role = "front")',
    "pool.ini": "only with a TCP address of uWSGI does one process hold the socket for all releases",
    "uwsgi-mime.types": "uWSGI answers no files",
}
EXTRA = ("nginx.extra_main", "nginx.extra_http", "nginx.extra_server", "nginx.extra_location", "uwsgi.extra")


@dataclass(frozen=True)
class Text:
    """One rendered file: its name, where it lies or would lie, its text."""

    name: str
    path: Path
    text: str


@dataclass(frozen=True)
class Subject:
    """`release` is the live one, 0 before anything runs; `values` are the plan's by their names in portico.toml; `running`
    is `status`'s result. `application` is the account it runs as; `changed`: portico.toml was
    written to after the live release was made of it."""

    where: Places
    plan: Plan
    values: Mapping[str, Any]
    release: int
    running: Mapping[str, Any]
    texts: Mapping[str, Text]
    mask: Discretion
    application: str
    changed: bool = False

    @property
    def is_live(self) -> bool:
        return self.release > 0

    @cached_property
    def lines(self) -> dict[str, tuple[Line, ...]]:
        """Every line of every file, by the file's name; without secrets."""
        return {name: tuple(self._shown(line) for line in self._read(text)) for name, text in self.texts.items()}

    def _read(self, text: Text) -> tuple[Line, ...]:
        raw = {key: _count(self.values.get(key) or ()) for key in EXTRA}
        if text.name == "uwsgi-mime.types":
            return uwsgi.explained_types(text.text)
        return (
            nginx.explained(text.text, raw) if text.name in NGINX_FILES else uwsgi.explained(text.text, raw["uwsgi.extra"])
        )

    def _shown(self, line: Line) -> Line:
        """Only a line of the user's can hold a secret."""
        if line.kind != "own":
            return line
        return Line(**{**vars(line), "text": self.discreet(line.text), "value": self.discreet(f"{line.name} {line.value}")})

    def discreet(self, text: str) -> str:
        """The text without secrets: those of the environment, and what follows a name that says so (`add_header
        Authorization ...`)."""
        words = re.split(r"(\s+)", self.mask.text(text))
        for number, word in enumerate(words):
            if is_secret(word) and "=" not in word and any(part.strip() for part in words[number + 1 :]):
                return "".join(words[: number + 1]) + f" {MASK}" + (";" if text.rstrip().endswith(";") else "")
        return "".join(words)


def subject(options: Options) -> Subject:
    """The stack of that project. Raises PorticoError when nothing runs and there is no plan to be made."""
    where = find_places(options.project)
    running = status(where).data
    known = state.read(where) if running["running"] else None
    if known and (live := _live(where, known, running)):
        return _with_own_params(live)
    prepared = prepare(options)
    mask = Discretion()
    mask.add(prepared.environ)
    texts = {file.path: _text(prepared.plan, file.path, file.text) for file in _rendered(prepared.plan)}
    return _with_own_params(
        Subject(prepared.where, prepared.plan, prepared.values, 0, running, texts, mask, prepared.machine.app.name)
    )


def _live(where: Places, known: state.State, running: Mapping[str, Any]) -> Subject | None:
    """None when another version of Portico wrote down the plan."""
    try:
        plan = known.load_plan()
    except ValueError:
        return None
    record = history.read(where, known.release)
    texts = {}
    for file in _rendered(plan):
        made = _text(plan, file.path, file.text)
        on_disk = files.read_text(made.path)
        texts[file.path] = made if on_disk is None else Text(made.name, made.path, on_disk)
    mask = Discretion()
    mask.add(_environ(where, known))
    written_ns = files.modified_ns(where.project / "portico.toml")
    changed = bool(record and written_ns > record.created * 1e9)
    return Subject(
        where, plan, record.values if record else {}, known.release, running, texts, mask, _account(where, running), changed
    )


def _account(where: Places, running: Mapping[str, Any]) -> str:
    """Who runs the application: as seen, else whoever owns the project."""
    seen = [str(hop["user"]) for hop in running["hops"] if hop["hop"] == "uwsgi" and hop["user"]]
    us = accounts.ourselves()
    return seen[0] if seen else us.name if us.uid else accounts.owner(where.project).name


def _environ(where: Places, known: state.State) -> dict[str, str]:
    """What the live application was given, to keep it from being shown."""
    found: dict[str, str] = {}
    for name in known.names:
        try:
            found.update(json.loads(files.read_text(where.run / f"{name}.json") or "{}").get("environ", {}))
        except (ValueError, AttributeError):
            continue
    return found


def _rendered(plan: Plan) -> list[Any]:
    rendered = [file for file in stage.render(plan) if not file.path.endswith((".py", ".json"))]
    return rendered + list(pool_files(plan))


def _text(plan: Plan, name: str, text: str) -> Text:
    folder = f"{plan.paths.run}/pool" if name == "pool.ini" else plan.paths.conf
    return Text(name, Path(folder) / name, text)


def _count(raw: Any) -> int:
    """How many lines the user's take in a file: an item of a list may hold several."""
    items = raw.splitlines() if isinstance(raw, str) else raw
    return sum(str(item).count("\n") + 1 for item in items)


def _with_own_params(found: Subject) -> Subject:
    """With the uwsgi_params of the user's that nginx includes in place of Portico's."""
    path = found.plan.nginx.uwsgi_params if found.plan.nginx else ""
    text = files.read_text(Path(path)) if path else None
    if text is None:
        return found
    return replace(found, texts={**found.texts, "uwsgi_params": Text("uwsgi_params", Path(path), text)})


def shown_path(path: str, project: Path) -> str:
    """Relative to the project where it lies in it."""
    relative = os.path.relpath(path, project)
    return path if relative.startswith("..") else relative
