"""Options that are a number, a switch or a word of portico.toml: how many workers, how long, how large."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portico.hops.uwsgi.adopt.context import Context, Rule, line_of, reference
from portico.hops.uwsgi.adopt.fates import differs, key, left, raw, same
from portico.model.adoption import Carried
from portico.model.directive import Option

#: uWSGI keeps the size of a packet in 16 bits (https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html).
LARGEST_PACKET = 65535
_LARGEST_INT = 2**31 - 1


def number(option: Option) -> int | None:
    """The number that uWSGI reads: the digits at the beginning; None without any, or when it would overflow."""
    found = re.match(r"\s*(\d{1,10})(?!\d)", option.value)
    value = int(found[1]) if found else -1
    return value if 0 <= value <= _LARGEST_INT else None


def _numbered(name: str, least: int = 0, too_little: str = "") -> Rule:
    def rule(option: Option, context: Context) -> Sequence[Carried]:
        value = number(option)
        if value is None:
            return (_no_number(option),)
        if value < least:
            return (left(option, too_little),)
        rest = re.sub(r"^\s*\d+\s*", "", option.value)
        why = f"uWSGI reads {value}: `{rest}` behind the number has no meaning to it" if rest else ""
        return (key(option, name, value, why),)

    return rule


def _no_number(option: Option) -> Carried:
    if found := reference(option):
        return left(option, f"{found} is known only on the machine the file is for: say the number in portico.toml")
    return left(option, f"`{option.value[:40]}` is no number that uWSGI takes")


def _processes(option: Option, context: Context) -> Sequence[Carried]:
    if option.value.strip() == "%k":
        return (same(option, "one worker per core is Portico's default, and at least 2"),)
    return _numbered("uwsgi.processes", 1, "with no worker nothing answers; Portico's sites have at least one")(
        option, context
    )


#: Portico's default. Its nginx refuses heads that might not fit, so that a smaller one is felt there, not in uWSGI.
_PACKET = 32768


def _buffer_size(option: Option, context: Context) -> Sequence[Carried]:
    value = number(option)
    if value is not None and value > LARGEST_PACKET:
        return (
            left(option, f"uWSGI does not start with more than {LARGEST_PACKET}, which the key buffer_size may be at most"),
        )
    if value is not None and 0 < value < _PACKET and not context.ours:
        why = f"Portico's {_PACKET} takes what {value} took; with {value} its nginx would let less through than yours"
        return (differs(option, why),)
    return _numbered("uwsgi.buffer_size", 1, "0 would take no request at all")(option, context)


def _reload_mercy(option: Option, context: Context) -> Sequence[Carried]:
    """One key stands for both mercies; the workers' decides."""
    workers = context.last("worker-reload-mercy")
    if option.name == "worker-reload-mercy" or workers is None:
        return _numbered("uwsgi.graceful_timeout")(option, context)
    if number(workers) == number(option):
        return (same(option, f"{line_of(workers, option)} says the same of the workers: graceful_timeout is both"),)
    return (raw(option, context, "graceful_timeout is that of the workers; this one is for other processes of uWSGI"),)


def _chmod_socket(option: Option, context: Context) -> Sequence[Carried]:
    if option.value in ("", "true"):
        return (key(option, "uwsgi.chmod_socket", "666", "without a value it means 666"),)
    if re.fullmatch(r"[0-7]{3}", option.value):
        return (key(option, "uwsgi.chmod_socket", option.value),)
    return (left(option, "uWSGI takes three octal digits and does not start with anything else"),)


def _vacuum(option: Option, context: Context) -> Sequence[Carried]:
    return (key(option, "uwsgi.vacuum", option.value == "true"),)


def _lazy_apps(option: Option, context: Context) -> Sequence[Carried]:
    if context.ours:
        return (key(option, "release.fast", option.value == "true"),)
    if option.value != "true":
        return (same(option, "off, as it is without the line"),)
    why = (
        "every worker loads the application itself, which takes more memory; Portico loads it once, before the workers start"
    )
    return (raw(option, context, why),)


def _user(option: Option, context: Context) -> Sequence[Carried]:
    if option.value.isdigit():
        why = f'a number is no name: `getent passwd {option.value}` tells it for `user = "NAME"`'
        return (left(option, why),)
    if reference(option) or not option.value:
        return (left(option, "the name of the account is not in the file"),)
    why = "Portico runs an application as root only with `allow_root_app = true`; another account is safer"
    return (key(option, "user", option.value, why if option.value == "root" else ""),)


def _group(option: Option, context: Context) -> Sequence[Carried]:
    if context.ours:
        return (same(option),)
    why = "uWSGI runs with the groups of the account `user`; add the account to this group if it needs it: `usermod -aG`"
    return (differs(option, why),)


RULES: dict[str, Rule] = {
    "processes": _processes,
    "threads": _numbered("uwsgi.threads", 1, "0 threads are 1 in uWSGI: leave it out or say 1"),
    "max-requests": _numbered("uwsgi.max_requests"),
    "harakiri": _numbered("uwsgi.harakiri"),
    "buffer-size": _buffer_size,
    "listen": _numbered("uwsgi.listen", 1, "a queue of 0 refuses connections; the kernel makes it 1"),
    "worker-reload-mercy": _reload_mercy,
    "reload-mercy": _reload_mercy,
    "chmod-socket": _chmod_socket,
    "vacuum": _vacuum,
    "lazy-apps": _lazy_apps,
    "lazy": _lazy_apps,
    "uid": _user,
    "gid": _group,
}
