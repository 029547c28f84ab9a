"""Templates and signals of a traced request."""

from __future__ import annotations

import sys
from typing import Any

from .trace_record import CURRENT, Recorder, dotted, quietly

_SIGNALS = (
    "django.core.signals",
    "django.db.models.signals",
    "django.db.backends.signals",
    "django.contrib.auth.signals",
    "django.test.signals",
)
#: Sent for every row that is read: shown only when somebody listens.
_OFTEN = ("pre_init", "post_init")
_names: dict[int, tuple[Any, str]] = {}


def rendering(original: Any) -> Any:
    """In place of a template's `render`, and of `_render`, which is what `{% extends %}` calls of the parent."""

    def render(self: Any, *args: Any, **named: Any) -> Any:
        recorder = CURRENT.get()
        if recorder is None:
            return original(self, *args, **named)
        __traceback_hide__ = True
        span = _entered(recorder, self)
        try:
            return original(self, *args, **named)
        finally:
            _left(recorder, span)

    return render


@quietly
def _entered(recorder: Recorder, template: Any) -> int:
    stack = recorder.templates
    if stack and stack[-1][1] is template:
        # The `_render` of the `render` that is open.
        return 0
    inner = getattr(template, "template", template)
    name = getattr(template, "name", None) or getattr(inner, "name", None) or "<from a string>"
    span: int = recorder.open("template", name=str(name), depth=len(stack))
    stack.append((span, template))
    return span


@quietly
def _left(recorder: Recorder, span: int | None) -> None:
    if span:
        recorder.close(span)
        recorder.templates[:] = [item for item in recorder.templates if item[0] < span]


def sending(original: Any) -> Any:
    """In place of `Signal.send` and `Signal.send_robust`."""

    def send(self: Any, sender: Any, **named: Any) -> Any:
        recorder = CURRENT.get()
        if recorder is None:
            return original(self, sender, **named)
        __traceback_hide__ = True
        span = _sent(recorder, self, sender)
        try:
            return original(self, sender, **named)
        finally:
            recorder.close(span)

    return send


@quietly
def _sent(recorder: Recorder, signal: Any, sender: Any) -> int:
    receivers = _receivers(signal, sender)
    name = _name(signal, sender)
    if not receivers and name.rpartition(".")[2] in _OFTEN:
        return 0
    span: int = recorder.open("signal", name=name, sender="" if sender is None else dotted(sender), receivers=receivers)
    return span


def _receivers(signal: Any, sender: Any) -> int:
    if not signal.receivers:
        return 0
    try:
        live = signal._live_receivers(sender)
    except Exception:
        return len(signal.receivers)
    # Since Django 5.0 (synchronous, asynchronous), before it one list.
    return sum(map(len, live)) if isinstance(live, tuple) else len(live)


def _name(signal: Any, sender: Any) -> str:
    known = _names.get(id(signal))
    if known is None or known[0] is not signal:
        known = _names[id(signal)] = (signal, _found(signal, sender))
    return known[1]


def _found(signal: Any, sender: Any) -> str:
    """The name a signal has in its module: in Django's, in that of the sender, or in any whose name has `signal` in it."""
    others = [name for name in list(sys.modules) if "signal" in name.rpartition(".")[2]]
    for module in (*_SIGNALS, str(getattr(sender, "__module__", "")), *others):
        for name, value in list(vars(sys.modules.get(module, object)).items()):
            if value is signal:
                return f"{module}.{name}"
    return "<a signal without a name>"
