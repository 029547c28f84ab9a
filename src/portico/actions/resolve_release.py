"""How a release goes live: its hooks, what a healthy answer is, and what is kept of the old."""

from __future__ import annotations

import re
import shlex

from portico.actions.layers import Layers
from portico.actions.options import Options
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.plan import HealthPlan, ReleasePlan

BAD_HOOK = Kind(
    "config.E013",
    "config",
    "A hook or a health status cannot be understood",
    "What is run for a release, and what proves it, must be certain before anything is changed.",
    source="docs/howto-releases.md",
    shows="The command ends with exit status 2 before any hook has run.",
    example='[release]\nhooks = ["manage.py migrate && manage.py check"]     # no shell reads this',
    cure='One entry for each command: `hooks = ["manage.py migrate", "manage.py check"]`; where a shell is needed `[["sh", '
    '"-c", "the whole line"]]`. A health status is `"200"`, `"2xx"` or `"200-399"`.',
)


def resolve_release(layers: Layers, options: Options) -> ReleasePlan:
    """Hooks become argument vectors; no shell ever reads them."""
    pick = layers.pick
    fast = pick("release.fast", False, flag=options.fast or None, flag_name="--fast")
    hooks: tuple[str | tuple[str, ...], ...] = pick("release.hooks", ())
    return ReleasePlan(
        hooks=tuple(map(_words, hooks)),
        hook_timeout_s=pick("release.hook_timeout", 900),
        load_timeout_s=pick("release.load_timeout", 120),
        keep=pick("release.keep", 5),
        warm=pick("release.warm", 0 if fast else 1, why="for an instant rollback"),
        fast=fast,
    )


def resolve_health(layers: Layers, harakiri_s: int) -> HealthPlan:
    """Any answer below 500 will do, unless the configuration says more."""
    statuses: tuple[str, ...] = layers.pick("health_status", (), why="any below 500")
    text = layers.pick("health_text", "")
    ranges = tuple(_range(status) for status in statuses) or ((100, 499),)
    patience = layers.pick("health_timeout", max(10, harakiri_s), why="as long as harakiri, at least 10 s")
    return HealthPlan(ranges, text, patience, strict=bool(statuses or text))


def _words(hook: str | tuple[str, ...]) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(hook)) if isinstance(hook, str) else hook
    except ValueError as error:
        raise _refused(f"{hook!r}: {error}", "close the quote") from None
    if not words or not words[0]:
        raise _refused("a hook is empty", "leave it out")
    shell = next((word for word in words if isinstance(hook, str) and word in ("&&", "||", "|", ";", ">", "<", "&")), "")
    if shell:
        raise _refused(f"{hook!r} has {shell!r}, but no shell reads it", 'two hooks, or ["sh", "-c", "the whole line"]')
    return words


def _range(text: str) -> tuple[int, int]:
    if re.fullmatch(r"[1-5]xx", text):
        return int(text[0]) * 100, int(text[0]) * 100 + 99
    match = re.fullmatch(r"([1-5]\d\d)(?:-([1-5]\d\d))?", text)
    if not match:
        raise _refused(f"health_status {text!r} is not a status", 'health_status = ["200", "2xx", "200-399"]')
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise _refused(f"health_status {text!r} ends before it begins", f'health_status = ["{last}-{first}"]')
    return first, last


def _refused(cause: str, fix: str) -> PorticoError:
    return PorticoError(BAD_HOOK.found(cause=cause, evidence=[cause], fix=[fix]), Exit.USAGE)
