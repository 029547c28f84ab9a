"""What the rules about starting have in common: rows of evidence, and which file to name."""

from __future__ import annotations

from portico.model.directive import Option
from portico.model.evidence import Evidence, PathSeen, UwsgiSeen
from portico.model.finding import Basis
from portico.model.log import Event

#: Options whose value is a secret, or may hold one.
_SECRET = ("env", "set-placeholder", "set", "http-basic-auth", "pyargv")


def row(option: Option) -> str:
    """`/srv/site/uwsgi.ini:7: listen = 1024`; of a variable only its name."""
    return f"{option.where}: {option.name} = {shown(option.name, option.value)}"


def shown(name: str, value: str) -> str:
    """The value of an option of that name, of a variable only its name."""
    return value.partition("=")[0] + "=..." if name in _SECRET else value


def rows(seen: UwsgiSeen, *names: str) -> list[str]:
    """The last setting of each of these options."""
    return [row(option) for name in names if (option := seen.option(name))]


def ini_of(seen: UwsgiSeen) -> str:
    """Where a line is to be written: its file, else a word for it."""
    return seen.files[0] if seen.files else "uwsgi.ini"


def place(option: Option | None) -> tuple[str, int] | None:
    """File and line of an option; None when it was given on the command line."""
    file, _, line = option.where.rpartition(":") if option else ("", "", "")
    return (file, int(line)) if line.isdigit() else None


def has_ended(seen: UwsgiSeen) -> bool:
    """No process of it is left, or none was ever there."""
    return seen.master is None


def basis(seen: UwsgiSeen) -> Basis:
    """Of a uWSGI that did not start: that none of it runs was seen, and its last words say why."""
    return "state" if has_ended(seen) else "log"


def in_force(seen: UwsgiSeen) -> Basis:
    """Of what stands in a file: whether a process was seen that runs with it."""
    return "state" if seen.master else "configuration"


def last(seen: UwsgiSeen, *kinds: str) -> Event | None:
    """The last event of those kinds since the last start."""
    return next(iter(reversed(seen.saw(*kinds))), None)


def path(seen: UwsgiSeen, name: str) -> PathSeen | None:
    """What was seen at that path."""
    return next((found for found in seen.paths if found.path == name), None)


def is_well(evidence: Evidence) -> bool:
    """Whether the request under examination was answered."""
    visit = evidence.visit
    return visit is not None and 0 < visit.exchange.status < 500


def is_core(event: Event) -> bool:
    """Whether a uWSGI that is a program of its own wrote this (`/usr/bin/uwsgi-core: unrecognized ...`), and no Python."""
    return event.text.partition(": ")[0].rpartition("/")[2].startswith("uwsgi")
