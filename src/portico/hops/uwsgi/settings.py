"""Options of a uWSGI while its configuration comes about, and what came about in the end. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from portico.hops.uwsgi.surroundings import Loaded
from portico.model.directive import Option


@dataclass
class Setting:
    """An option on its way. `done`: it has acted, and its value stays as it is."""

    name: str
    value: str
    raw: str
    where: str
    done: bool = False
    line: Line | None = field(default=None, compare=False, repr=False)


@dataclass
class Line:
    """A setting as it was read, and what came of it: the files it loaded. `is_known` is False of a condition that could not
    be judged; `is_looped`: it stands under a loop."""

    name: str
    raw: str
    value: str
    where: str
    loads: list[Load] = field(default_factory=list)
    is_known: bool = True
    is_looped: bool = False


@dataclass
class Load:
    """A file that was read, with the section that was asked for (None: none was). `is_raw`: its lines are known as they were
    before magic variables were replaced."""

    loaded: Loaded
    section: str | None
    is_raw: bool
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """All that came about, in uWSGI's order. `untaken` are options under a condition that does not hold. `files` are those
    read, `missing` those of which there is no text, each with the reason, `unread` what could not be understood or followed,
    `problems` what is odd; the last two are sentences that begin with `file:line: `."""

    options: tuple[Option, ...] = ()
    untaken: tuple[Option, ...] = ()
    files: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
