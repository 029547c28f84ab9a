"""What the options of a uWSGI mean, wherever they were given. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from portico.hops.uwsgi import option_names
from portico.hops.uwsgi.command_line import command_line
from portico.hops.uwsgi.option_names import KNOWN, SCALARS
from portico.model.directive import Option

__all__ = ["KNOWN", "application", "command_line", "duplicates", "elsewhere", "log_files", "sockets", "unknown"]

_SOCKETS = (
    "socket",
    "uwsgi-socket",
    "suwsgi-socket",
    "http-socket",
    "http11-socket",
    "https-socket",
    "fastcgi-socket",
    "fastcgi-nph-socket",
    "scgi-socket",
    "scgi-nph-socket",
    "raw-socket",
    "puwsgi-socket",
    "http",
    "https",
    "fastrouter",
    "stats",
    "zergpool",
)
#: `protocol` says what the sockets of the option `socket` speak.
_OF_PROTOCOL = {
    "http": "http-socket",
    "http11": "http11-socket",
    "fastcgi": "fastcgi-socket",
    "scgi": "scgi-socket",
    "https": "https-socket",
}
_LOGS = ("logto", "logto2", "daemonize", "daemonize2")
_LOGGERS = ("logger", "req-logger")
#: Options whose value begins with a name that is meant to be new.
_NAMING = ("set", "set-placeholder", "declare-option", "declare-option2")
_MOST_COMPARED = 200
_PLACEHOLDER = re.compile(r"%\(([^)]{1,200})\)")

#: What no host, and `0`, mean in an address.
ALL_IPV4 = "0.0.0.0"  # noqa: S104 - read, not bound


def unknown(options: Sequence[Option]) -> tuple[tuple[Option, str], ...]:
    """The options that no uWSGI has, each with the known name that is nearest (empty: none is near).

    One that another option uses as `%(name)` is a placeholder and meant as such. Of very many strange names only the first
    are compared: that takes a while for each.
    """
    used = {name for option in options for name in _PLACEHOLDER.findall(option.raw or option.value)}
    used |= {option.value.partition("=")[0] for option in options if option.name in _NAMING}
    strange = [
        option
        for option in options
        if option.name not in KNOWN and option.name not in used and not _is_elsewhere(option.name)
    ]
    compared = list(dict.fromkeys(option.name for option in strange))[:_MOST_COMPARED]
    near = {name: _nearest(name) for name in compared}
    return tuple((option, near.get(option.name, "")) for option in strange)


def elsewhere(options: Sequence[Option]) -> tuple[Option, ...]:
    """The options that only other builds than pyuwsgi have (TLS, other languages); pyuwsgi ignores them in a file."""
    return tuple(option for option in options if option.name not in KNOWN and _is_elsewhere(option.name))


def _is_elsewhere(name: str) -> bool:
    return name in option_names.ELSEWHERE or name.startswith(option_names.ELSEWHERE_PREFIXES)


def _nearest(name: str) -> str:
    plain = re.sub(r"[\s_]+", "-", name.strip("\"' -")).lower()
    if plain in KNOWN:
        return plain
    return next(iter(difflib.get_close_matches(plain, sorted(KNOWN), 1, 0.8)), "")


def duplicates(options: Sequence[Option]) -> tuple[tuple[Option, ...], ...]:
    """The settings of each option that takes one value and was given more than one, in order: the last one counts."""
    found: dict[str, list[Option]] = {}
    for option in options:
        if option.name in SCALARS or option.name in option_names.FLAGS:
            found.setdefault(option.name, []).append(option)
    return tuple(tuple(entries) for entries in found.values() if len({entry.value for entry in entries}) > 1)


def sockets(options: Sequence[Option]) -> tuple[tuple[str, str, Option], ...]:
    """Where it listens: what is spoken there (the option's name, also for `socket` under `protocol = http`), the address
    and the option.

    An address is `unix:/path` or `host:port`. uWSGI takes a name without a colon for a path, also a bare number, and starts
    a relative path in `chdir`; without one it stays relative here.
    """
    protocol = next((option.value for option in reversed(options) if option.name == "protocol"), "")
    folder = next((option.value for option in reversed(options) if option.name == "chdir"), "")
    found = []
    for option in options:
        if option.name in _SOCKETS and option.value:
            kind = _OF_PROTOCOL.get(protocol, "socket") if option.name == "socket" else option.name
            found += [(kind, address(part, folder), option) for part in _names(option)]
    return tuple(found)


def _names(option: Option) -> list[str]:
    if option.name == "zergpool":
        return option.value.partition(":")[2].split(",")
    if option.name in ("http", "https"):
        # A certificate and its key may follow.
        return [option.value.split(",")[0]]
    return [option.value]


def address(name: str, folder: str = "") -> str:
    """A socket's name, as uWSGI takes it, as `unix:/path` or `host:port`; `folder` is where a relative path starts."""
    if name.startswith("@"):
        return f"unix:{name}"
    host, colon, port = name.rpartition(":")
    if colon:
        return f"{ALL_IPV4 if host in ('', '0') else host}:{port}"
    return f"unix:{PurePosixPath(folder) / name}"


def log_files(options: Sequence[Option]) -> tuple[str, ...]:
    """The files it logs to, as written (relative ones start in `chdir`), without addresses of other machines."""
    found = [option.value for option in options if option.name in _LOGS]
    for option in options:
        if option.name in _LOGGERS and "file:" in option.value:
            path = option.value.partition("file:")[2]
            found.append(path.partition("logfile=")[2].partition(",")[0] or path)
    return tuple(dict.fromkeys(path for path in found if path and not re.search(r":\d+$", path)))


def application(options: Sequence[Option]) -> tuple[str, str, str]:
    """The module, the file and the name of the callable that uWSGI loads at the root; each empty when it is not said.

    A module is as in `import`; its callable may end in `()` when it is to be called for the application.
    """
    values = {option.name: option.value for option in options}
    name = values.get("callable", "")
    module, file = values.get("module", ""), values.get("wsgi-file", "")
    if not module and not file:
        module = next((_mounted(option) for option in options if option.name in ("mount", "worker-mount")), "")
    if module.endswith((".py", ".wsgi")) and "/" in module:
        module, file = "", module
    module, colon, own = module.partition(":")
    return module, "" if module else file, own if colon else name


def _mounted(option: Option) -> str:
    return option.value.partition("=")[2]
