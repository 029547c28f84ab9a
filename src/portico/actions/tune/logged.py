"""What nginx and the application wrote while requests failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from portico.actions import environment
from portico.actions.aside.stack import Standing
from portico.hops.nginx.facts import parse_error_line
from portico.hops.uwsgi.raised import raised
from portico.system import files

#: With what a row of the application begins.
APPLICATION = "application"
_MOST = 3
#: Of the log; uWSGI writes no line for a request that is answered well.
_LOG_BYTES = 8 << 20
_LONGEST = 300
_LEVELS = ("error", "crit", "alert", "emerg")


def logged(base: Standing) -> tuple[str, ...]:
    """The most frequent messages of nginx, then what the application raised most often, each with its number; without the
    values of the environment. To be read while the stack still stands: its logs go with it."""
    clean = environment.masker(base.asked.environ)
    rows = [*_counted("nginx", _nginx(base)), *_counted(APPLICATION, _raised(base))]
    return tuple(clean(row.replace(str(base.asked.where.run), "…"))[:_LONGEST] for row in rows)


def _nginx(base: Standing) -> Iterator[str]:
    if base.plan.nginx is None:
        return
    entries = map(parse_error_line, files.tail(Path(base.plan.nginx.error_log)).splitlines())
    yield from (entry.message for entry in entries if entry and entry.level in _LEVELS)


def _raised(base: Standing) -> Iterator[str]:
    return (message.splitlines()[0] for message in raised(files.tail(base.log, limit=_LOG_BYTES).splitlines()))


def _counted(who: str, messages: Iterable[str]) -> list[str]:
    return [f"{who}, {count} times: {message}" for message, count in Counter(messages).most_common(_MOST)]
