"""The fate of every line of both files, worked out against what Portico itself writes for the same site."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from portico.actions.adopt.accepted import accepted, hidden
from portico.actions.adopt.baseline import Baseline, baseline
from portico.actions.adopt.choice import Choice
from portico.actions.adopt.gather import Gathered, Instance
from portico.actions.adopt.merge import Merged, merge
from portico.actions.adopt.plumbing import plumbing
from portico.actions.adopt.public import public
from portico.actions.adopt.relative import relative
from portico.actions.adopt.unserved import unserved
from portico.hops.nginx.adopt import carry as nginx
from portico.hops.uwsgi.adopt import absent
from portico.hops.uwsgi.adopt import carry as uwsgi
from portico.hops.uwsgi.adopt.shown import shown
from portico.model.adoption import Carried, Fate
from portico.model.errors import PorticoError
from portico.model.finding import Finding

#: Files that a distribution brings and Portico writes itself.
_OWN_INCLUDES = ("uwsgi_params", "mime.types", "fastcgi_params", "scgi_params", "proxy_params")


@dataclass(frozen=True)
class Ledger:
    """`lines` in the order nginx, uWSGI; `merged` the configuration they add up to, `shown` the same with masked variables.
    `findings` say why Portico could not run with it."""

    lines: tuple[Carried, ...]
    merged: Merged
    shown: Merged
    findings: tuple[Finding, ...] = ()


def ledger(gathered: Gathered, choice: Choice) -> Ledger:
    """Twice over the lines: first for the keys, then, with what Portico writes for these, for what is left of them."""
    first = merge(accepted([line for line in _lines(gathered, choice, None) if line.fate == "key"]))
    rendered, found = _baseline(first.config, gathered.asked.project)
    lines = (*_lines(gathered, choice, rendered), *_unread(gathered), *_others(gathered, choice))
    lines += (*unserved(choice, lines), *public(choice, lines))
    lines, exposed = hidden(accepted(lines), gathered.asked.project)
    merged = merge(lines)
    merged = replace(merged, config=relative(merged.config, gathered.asked.project))
    shown = dict(merged.config)
    if "env" in shown:
        shown["env"] = dict.fromkeys(shown["env"], "…")
    return Ledger(lines, merged, replace(merged, config=shown), (*exposed, *found))


def _lines(gathered: Gathered, choice: Choice, rendered: Baseline | None) -> tuple[Carried, ...]:
    found: tuple[Carried, ...] = ()
    if gathered.root and choice.server:
        tree = rendered.nginx if rendered else None
        found = nginx.carry(gathered.root, choice.server, choice.upstream, tree, gathered.paths)
    if choice.instances:
        found += plumbing(found, _options(choice.instances, gathered, rendered))
    return found


def _options(instances: tuple[Instance, ...], gathered: Gathered, rendered: Baseline | None) -> tuple[Carried, ...]:
    """Those of the first uWSGI; several that serve one site are its instances."""
    first, *others = instances
    options = first.seen.options
    folder = str(Path(first.file).parent)
    found = uwsgi.carry(options, rendered.uwsgi if rendered else None, gathered.paths, folder)
    found += absent.absent(options, first.file)
    found += tuple(
        Carried(option.where, shown(option), "left", why="it stands under a condition that does not hold on this machine")
        for option in first.seen.untaken
    )
    if others:
        found += (Carried(first.file, f"{len(instances)} uWSGIs", "key", "instances", len(instances), "one pool of each"),)
    why = f"one more uWSGI of the same site: [instances] starts it like {first.name}"
    return found + tuple(
        Carried(option.where, f"{option.name} = …", "differs", "instances", None, why)
        for one in others
        for option in one.seen.options
    )


def _baseline(config: Any, project: Path) -> tuple[Baseline | None, tuple[Finding, ...]]:
    try:
        return baseline(config, project), ()
    except PorticoError as error:
        return None, error.findings
    except ValidationError:
        # What a key does not take is told when the file is read: here it only means that nothing can be compared.
        return None, ()


def _unread(gathered: Gathered) -> Iterator[Carried]:
    """What an include names that is not here."""
    for problem in gathered.absent:
        where, _, text = problem.partition(": ")
        known = next((name for name in _OWN_INCLUDES if name in text), "")
        if known:
            why = f"Portico writes its own {known}; that of the files is not here, and what it says besides is not known"
            yield Carried(where, f"include {known}", "differs", why=f"{why}: nginx itself would not start without it")
        else:
            yield Carried(where, *_unreadable(text))
    for file in dict.fromkeys(path for one in gathered.instances for path in one.seen.missing_files):
        yield Carried(file, "an included file", "left", why="it is not here, so what it says is not known")


def _unreadable(text: str) -> tuple[str, Fate, str, None, str]:
    """The name of the file that an include names, and why it could not be read."""
    found = re.search(r"^(?:\[Errno \d+\] )?(?P<why>[^:]*): '(?P<file>.*)'(?P<besides>, nor in .*)?$", text)
    if not found:
        return f"include: {text}", "left", "", None, "what it includes could not be read"
    why = f"{found['why'][0].lower()}{found['why'][1:]}{found['besides'] or ''}"
    return f"include {found['file']}", "left", "", None, f"{why}: what it says is not known"


def _others(gathered: Gathered, choice: Choice) -> Iterable[Carried]:
    """Options of uWSGIs that are not this site's, and of the emperor that starts them."""
    taken = {one.name for one in choice.instances}
    for one in gathered.emperors:
        if one.name not in taken:
            why = "Portico supervises the site's uWSGI itself, so there is no emperor"
            yield from (Carried(option.where, shown(option), "differs", why=why) for option in one.seen.options)
    for one in gathered.instances:
        if one.name not in taken:
            why = f"another site: portico adopt --uwsgi {one.name} in the folder of its project"
            yield Carried(one.name, f"{len(one.seen.options)} options", "left", why=why)
