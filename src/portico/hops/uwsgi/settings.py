"""Options of a uWSGI while its configuration comes about, and what came about in the end. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from portico.model.directive import Option


@dataclass
class Setting:
    """An option on its way. `done`: it has acted, and its value stays as it is."""

    name: str
    value: str
    raw: str
    where: str
    done: bool = False


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
