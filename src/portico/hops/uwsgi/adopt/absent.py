"""What a uWSGI does when an option is not given, where Portico does it otherwise by itself."""

from __future__ import annotations

from collections.abc import Sequence

from portico.hops.uwsgi.adopt.context import Context
from portico.model.adoption import NO_MAP, Carried, Value
from portico.model.directive import Option

#: Option, key, what uWSGI does without it, why the key keeps it.
_KEPT: tuple[tuple[str, str, Value, str], ...] = (
    ("processes", "uwsgi.processes", 1, "uWSGI runs one worker; code that keeps state in memory may rely on being alone"),
    (
        "threads",
        "uwsgi.threads",
        1,
        "a worker handles one request at a time; code that was never run in threads may rely on it",
    ),
    ("harakiri", "uwsgi.harakiri", 0, "uWSGI lets a request take as long as it likes; Portico ends it after 60 s"),
    ("max-requests", "uwsgi.max_requests", 0, "uWSGI never replaces a worker; Portico does after 20000 requests"),
)
#: Option, and what Portico does otherwise.
_BETTER: tuple[tuple[str, str], ...] = (
    (
        "buffer-size",
        "uWSGI takes 4096 bytes of headers, Portico 32768: requests with large cookies are answered, not refused",
    ),
    (
        "listen",
        "uWSGI lets 100 connections wait, Portico up to 1024, as the kernel allows: `[uwsgi] listen = 100` is the same",
    ),
)
_MERCY = "uWSGI gives workers 60 s to finish at a reload, Portico 30: `[uwsgi] graceful_timeout = 60` is the same"
_LOGGED = 'uWSGI logs every request; Portico only failed and slow ones, nginx all: `[uwsgi] request_log = "all"` is the same'


def absent(options: Sequence[Option], file: str) -> tuple[Carried, ...]:
    """An entry for each option that is not given and whose default differs from Portico's: `key` where code may rely on
    uWSGI's, else `differs`. `where` is `file`, the uWSGI's own (options of an emperor come before those of a vassal's file);
    `text` says what is missing. Nothing without any option."""
    if not options:
        return ()
    context = Context(tuple(options), (), NO_MAP)
    kept = [
        Carried(file, f"(no {name})", "key", key, value, why) for name, key, value, why in _KEPT if not context.last(name)
    ]
    other = [Carried(file, f"(no {name})", "differs", why=why) for name, why in _BETTER if not context.last(name)]
    if not context.last("worker-reload-mercy") and not context.last("reload-mercy"):
        other.append(Carried(file, "(no worker-reload-mercy)", "differs", why=_MERCY))
    return (*kept, *other, *_unsaid(context, file))


def _unsaid(context: Context, file: str) -> tuple[Carried, ...]:
    """Flags that are off without a line: of a file that Portico made itself they are the plan's."""
    found = []
    if context.ours and not context.last("disable-logging"):
        found.append(Carried(file, "(no disable-logging)", "key", "uwsgi.request_log", "all"))
    elif not context.last("disable-logging"):
        found.append(Carried(file, "(no disable-logging)", "differs", why=_LOGGED))
    if context.ours and not context.last("vacuum"):
        found.append(Carried(file, "(no vacuum)", "key", "uwsgi.vacuum", False))
    return tuple(found)
