"""The loops and conditions of uWSGI's configuration (core/config.c of its sources): which values an option under one takes.

https://uwsgi-docs.readthedocs.io/en/latest/ConfigLogic.html. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portico.hops.uwsgi.surroundings import Surroundings


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENDS = frozenset(("end", "endfor", "endif", "end-if", "end-for"))
LOOPS = frozenset(("for", "for-glob", "for-times", "for-readline"))
_SAME = {"ifenv": "if-env", "ifexists": "if-exists", "ifdir": "if-dir", "if-directory": "if-dir", "ifplugin": "if-plugin"}
_TESTS = ("env", "exists", "file", "dir", "opt", "hostname", "hostname-match", "plugin", "reload")
CONDITIONS = frozenset((*_SAME, *(f"if-{test}" for test in _TESTS), *(f"if-not-{test}" for test in _TESTS)))
LOGIC = LOOPS | CONDITIONS
#: Others that act as soon as they are read: nothing in their values is replaced.
AT_ONCE = _names("""
    autoload binary-append-data blacklist connect-and-read declare-option dlopen early-envdir extract fallback-config flock
    flock-wait flock-wait2 flock2 immediate-gid immediate-uid ini-paste ini-paste-logged inject-after inject-before iprint
    listen need-plugin need-plugins pause plugin plugin-dir plugins plugins-dir print-sym print-symbol reload resolve resume
    signal spooler-processes stop suspend umask whitelist
""")
#: Those that look at files.
ON_FILES = _names("""
    for-glob for-readline if-exists if-not-exists ifexists if-file if-not-file if-dir if-not-dir ifdir if-directory
""")
_KINDS = {"exists": ("file", "folder", "other"), "file": ("file",), "dir": ("folder",)}
#: No configuration counts further.
_MOST_TIMES = 10_000


@dataclass(frozen=True)
class Verdict:
    """What stands in `%(_)`, once for each time that an option is taken; None: nothing is replaced. Empty: it is not taken.
    `known` is False when only the machine could tell; then it is taken once."""

    values: tuple[str | None, ...]
    known: bool = True


_UNKNOWN = Verdict((None,), known=False)


def judge(name: str, argument: str, around: Surroundings, option: Callable[[str], str | None]) -> Verdict:
    """How often an option under `name = argument` is taken. `option` gives the first value of an option read so far."""
    if name in LOOPS:
        return _loop(name, argument, around)
    name = _SAME.get(name, name)
    negated = name.startswith("if-not-")
    test = name.removeprefix("if-not-").removeprefix("if-")
    if test in ("env", "opt"):
        return _variable(test, argument, negated, around, option)
    holds = _holds(test, argument, around)
    if holds is None:
        return _UNKNOWN
    return Verdict((None if test == "reload" else argument,)) if holds != negated else Verdict(())


def _loop(name: str, argument: str, around: Surroundings) -> Verdict:
    if name == "for":
        return Verdict(tuple(part for part in argument.split(" ") if part))
    if name == "for-times":
        return Verdict(tuple(str(number) for number in range(1, min(_number(argument), _MOST_TIMES) + 1)))
    if name == "for-glob":
        names = around.names(argument)
        return _UNKNOWN if names is None else Verdict(names)
    text = around.text(argument)
    if text is not None:
        return Verdict(tuple(line.rstrip("\r") for line in text.splitlines()))
    return _UNKNOWN if around.kind(argument) == "unknown" else Verdict(())


def _number(text: str) -> int:
    """As C's atoi does."""
    text = text.lstrip()
    digits = ""
    for letter in text[1:] if text[:1] == "+" else text:
        if letter not in "0123456789" or len(digits) > 9:
            break
        digits += letter
    return int(digits or "0")


def _variable(test: str, argument: str, negated: bool, around: Surroundings, option: Callable[[str], str | None]) -> Verdict:
    """`if-env = NAME` and `if-env = NAME=VALUE`, and the same of options."""
    if test == "env" and around.environ is None:
        return _UNKNOWN
    name, sign, wanted = argument.partition("=")
    value = (around.environ or {}).get(name) if test == "env" else option(name)
    holds = value is not None and (not sign or value == wanted)
    return Verdict((value,)) if holds != negated else Verdict(())


def _holds(test: str, argument: str, around: Surroundings) -> bool | None:
    if test == "reload":
        return False
    if test == "hostname":
        return None if around.hostname is None else around.hostname == argument
    if test not in _KINDS:
        return None
    kind = around.kind(argument)
    return None if kind == "unknown" else kind in _KINDS[test]
