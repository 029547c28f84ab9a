"""HTTP headers as pairs: whether one can be sent, and two lists compared: what a hop added, removed and changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Headers = Sequence[tuple[str, str]]
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Difference:
    """Names are as they were written, `changed` is (name, before, after)."""

    added: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str, str], ...]

    def data(self) -> dict[str, list[list[str]]]:
        return {
            "added": [list(pair) for pair in self.added],
            "removed": [list(pair) for pair in self.removed],
            "changed": [list(row) for row in self.changed],
        }


def compare(before: Headers, after: Headers) -> Difference:
    """Names are equal whatever their case (RFC 9110, 5.1). A header that stands once on both sides with another value has
    changed; of those that stand several times each line counts."""
    left, right = _by_name(before), _by_name(after)
    changed = [
        (right[name][0][0], left[name][0][1], right[name][0][1])
        for name in left
        if len(left[name]) == len(right.get(name, ())) == 1 and left[name][0][1] != right[name][0][1]
    ]
    same = {name.lower() for name, _, _ in changed}
    return Difference(_missing(after, before, same), _missing(before, after, same), tuple(changed))


def _by_name(headers: Headers) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append((name, value))
    return found


def _missing(here: Headers, there: Headers, leave: set[str]) -> tuple[tuple[str, str], ...]:
    """What stands here and not there, each line as often as it is missing."""
    rest = [(name.lower(), value) for name, value in there]
    found = []
    for name, value in here:
        if (name.lower(), value) in rest:
            rest.remove((name.lower(), value))
        elif name.lower() not in leave:
            found.append((name, value))
    return tuple(found)


def over(usual: Mapping[str, str], given: Headers) -> dict[str, str]:
    """What is given, and of the usual what is not given in whatever case."""
    names = {name.lower() for name, _ in given}
    return {**{name: value for name, value in usual.items() if name.lower() not in names}, **dict(given)}


def unfit(name: str, value: str) -> str:
    """Why this cannot be a header, without its value; empty where it can. The rule is RFC 9110, 5.1 and 5.5."""
    if not _TOKEN.fullmatch(name):
        return f"{name!r} cannot be the name of a header"
    if re.search(r"[\r\n]", value):
        return f"{name}: the value has a line break"
    if "\0" in value:
        return f"{name}: the value has a zero byte"
    if any(ord(letter) > 0xFF for letter in value):
        return f"{name}: the value has a character that is not in Latin-1"
    return ""


def unfit_host(host: str) -> str:
    """Why this cannot be the value of a Host header; empty where it can. What a site makes of a host that RFC 9110, 7.2 does
    not know is for the site to say: only what cannot be sent is unfit."""
    return "" if _VISIBLE.fullmatch(host) else f"{host!r} cannot be a Host header"


def says_forwarded(headers: Headers) -> bool:
    """Whether they say what a load balancer in front says: who asked, and how."""
    return any(name.lower().startswith("x-forwarded-") for name, _ in headers)
