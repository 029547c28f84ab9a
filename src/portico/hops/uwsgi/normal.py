"""Options under their first names, and the files that options name. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from portico.hops.uwsgi.option_names import ALIASES, FLAGS
from portico.model.directive import Option

#: An address that is not a file: `fd://3`, `exec://program`, `http://...`.
_SCHEME = re.compile(r"[\w+]+://")
_OFF = ("false", "off", "no", "0")


def normal(option: Option) -> Option:
    """Under its first name; a flag is `true` or `false`, as uWSGI takes its text."""
    name = ALIASES.get(option.name, option.name)
    if name in FLAGS:
        return replace(option, name=name, value="false" if option.value.lower() in _OFF else "true")
    return replace(option, name=name)


def with_set(option: Option) -> tuple[Option, ...]:
    """An option, and where it is `set = name=value` the option that it sets."""
    name, sign, value = option.value.partition("=")
    if option.name != "set" or not sign:
        return (option,)
    return option, normal(Option(name, value, option.where, value))


def file_of(value: str) -> str:
    """The file of `FILE` or `FILE:SECTION`; empty when it is none (standard input, a URL, a section of the same file)."""
    if value == "-" or _SCHEME.match(value):
        return ""
    head, sign, _ = value.partition(".ini:")
    return head + ".ini" if sign else value.partition(":")[0]
