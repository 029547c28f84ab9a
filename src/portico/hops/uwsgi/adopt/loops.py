"""Loops over what only a machine has, and a switch that is a number."""

from __future__ import annotations

from collections.abc import Sequence

from portico.hops.uwsgi.adopt.context import Context, Rule
from portico.hops.uwsgi.adopt.fates import left, same
from portico.model.adoption import Carried
from portico.model.directive import Option

_READ = "what it stands for was read, and has entries of its own"
_UNKNOWN = "%(_)"


def _loop(option: Option, context: Context) -> Sequence[Carried]:
    """A loop whose body is still as it was written, or is not there at all, went over nothing."""
    at = next(number for number, one in enumerate(context.options) if one is option)
    body = context.options[at + 1] if at + 1 < len(context.options) else None
    if body is not None and not body.name.replace("-", "").startswith("end") and _UNKNOWN not in body.value:
        return (same(option, _READ),)
    hint = "; `env_files` takes a file of NAME=VALUE lines" if option.name == "for-readline" else ""
    return (left(option, f"what it goes over is not on this machine, so what it makes is not known{hint}"),)


def _auto_reload(option: Option, context: Context) -> Sequence[Carried]:
    if option.value in ("", "0"):
        return (same(option, "off, as it is without the line"),)
    return (left(option, "it watches files and is for development; `portico reload` brings new code"),)


RULES: dict[str, Rule] = {"for-readline": _loop, "for-glob": _loop, "py-auto-reload": _auto_reload}
