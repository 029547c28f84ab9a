"""Where browsers come in when no nginx was in front: at uWSGI's own HTTP server."""

from __future__ import annotations

from collections.abc import Iterable

from portico.actions import listen
from portico.actions.adopt.choice import Choice
from portico.hops.uwsgi.adopt.shown import shown
from portico.hops.uwsgi.options import address
from portico.model.adoption import Carried
from portico.model.directive import Option
from portico.model.errors import PorticoError

_HTTP = ("http", "http-socket", "http11-socket")
_WHY = "no nginx was in front, so browsers come in here: Portico's nginx listens there"


def public(choice: Choice, lines: Iterable[Carried]) -> tuple[Carried, ...]:
    """The `listen` of a uWSGI without nginx; nothing where a line says it, or the address is none that nginx can have."""
    if choice.server is not None or not choice.instances or any(line.key == "listen" for line in lines):
        return ()
    options = choice.instances[0].seen.options
    found = (one for name in _HTTP for one in options if one.name == name and _usable(one))
    option = next(found, None)
    return (Carried(option.where, shown(option), "key", "listen", address(option.value), _WHY),) if option else ()


def _usable(option: Option) -> bool:
    try:
        listen.parse(address(option.value))
    except PorticoError:
        return False
    return True
