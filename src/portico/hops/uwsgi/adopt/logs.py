"""Where uWSGI logs, and which requests."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portico.hops.uwsgi.adopt.context import Context, Rule, reference
from portico.hops.uwsgi.adopt.fates import differs, key, left, raw, same
from portico.model.adoption import Carried
from portico.model.directive import Option

_SLOW_MS = "1000"
_LOG_KEYS = {"logto": "uwsgi.log", "logto2": "uwsgi.log", "daemonize": "uwsgi.daemonize", "daemonize2": "uwsgi.daemonize"}

_DEVICES = ("/dev/", "/proc/")


def _log(option: Option, context: Context) -> Sequence[Carried]:
    if context.beside(option.value):
        return (same(option),)
    if found := reference(option):
        return (left(option, f"{found} is known only where uWSGI is started: say the path in `[uwsgi] log`"),)
    if option.value.startswith(_DEVICES):
        return (differs(option, "Portico keeps a log in a file, which `portico logs -f` shows"),)
    if re.search(r":\d+$", option.value):
        return (left(option, "it sends the log to another machine (UDP); Portico writes a file: `[uwsgi] log`"),)
    start = context.path if option.name.endswith("2") else context.started_path
    path = start(option.value) if option.value else ""
    if not path or ":" in path:
        return (left(option, "the path of the log is not to be had from the file: say it in `[uwsgi] log`"),)
    return (key(option, _LOG_KEYS[option.name], path, context.guessed(option.value)),)


def _disable_logging(option: Option, context: Context) -> Sequence[Carried]:
    if option.value != "true":
        return (key(option, "uwsgi.request_log", "all"),)
    return (key(option, "uwsgi.request_log", "errors" if context.on("log-5xx") else "off"),)


def _log_5xx(option: Option, context: Context) -> Sequence[Carried]:
    if option.value != "true":
        return (same(option, "off, as it is without the line"),)
    if context.on("disable-logging"):
        return (key(option, "uwsgi.request_log", "errors"),)
    return (same(option, "without disable-logging every request is logged anyway"),)


def _log_slow(option: Option, context: Context) -> Sequence[Carried]:
    if not context.on("disable-logging"):
        return (same(option, "without disable-logging every request is logged anyway"),)
    if context.on("log-5xx") and option.value == _SLOW_MS:
        return (key(option, "uwsgi.request_log", "errors"),)
    return (raw(option, context),)


def _logger(option: Option, context: Context) -> Sequence[Carried]:
    """One logger without a name that writes a file is what `logto` is, as long as it is the only place."""
    kind, _, path = option.value.partition(":")
    places = [one for name in (*_LOG_KEYS, "logger") for one in context.named.get(name, ())]
    whole = context.started_path(path)
    if kind != "file" or not path or len(places) > 1 or reference(option) or not whole or set(path) & set(":,="):
        return (differs(option, "Portico keeps one log for uWSGI and the application, and reads it itself: `[uwsgi] log`"),)
    return (key(option, "uwsgi.log", whole, context.guessed(path)),)


RULES: dict[str, Rule] = {
    **dict.fromkeys(_LOG_KEYS, _log),
    "disable-logging": _disable_logging,
    "log-5xx": _log_5xx,
    "log-slow": _log_slow,
    "logger": _logger,
}
