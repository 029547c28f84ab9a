"""Loops over what only a machine has, and a switch that is a number."""

from __future__ import annotations

from collections.abc import Sequence

from portico.hops.uwsgi.adopt.context import UNRESOLVED, Context, Rule
from portico.hops.uwsgi.adopt.fates import left, same
from portico.hops.uwsgi.conditions import LOGIC
from portico.model.adoption import Carried
from portico.model.directive import Option

_READ = "what it stands for was read, and has entries of its own"


def _loop(option: Option, context: Context) -> Sequence[Carried]:
    """A loop whose body is still as it was written, or is not there at all, went over nothing."""
    at = next(number for number, one in enumerate(context.options) if one is option)
    body = context.options[at + 1] if at + 1 < len(context.options) else None
    if body is not None and not body.name.replace("-", "").startswith("end") and UNRESOLVED not in body.value:
        return (same(option, _READ),)
    hint = "; `env_files` takes a file of NAME=VALUE lines" if option.name == "for-readline" else ""
    return (left(option, f"what it goes over is not on this machine, so what it makes is not known{hint}"),)


def unresolved(option: Option, context: Context) -> Carried | None:
    """The entry of a line that has `%(_)` in it still."""
    if UNRESOLVED not in option.value:
        return None
    at = next(number for number, one in enumerate(context.options) if one is option)
    logic = next((one for one in reversed(context.options[:at]) if one.name in LOGIC), None)
    above = f"`{logic.name} = {logic.value}`" if logic else "a condition"
    why = f"`%(_)` is what {above} above it finds when uWSGI starts, which is not known here"
    return left(option, f"{why}; where it finds nothing, uWSGI skips the line")


def _auto_reload(option: Option, context: Context) -> Sequence[Carried]:
    if option.value in ("", "0"):
        return (same(option, "off, as it is without the line"),)
    return (left(option, "it watches files and is for development; `portico reload` brings new code"),)


RULES: dict[str, Rule] = {"for-readline": _loop, "for-glob": _loop, "py-auto-reload": _auto_reload}
