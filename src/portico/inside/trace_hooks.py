"""The `process_view` of each middleware, which may answer in place of the view (that of CSRF does)."""

from __future__ import annotations

import functools
import inspect
import threading
from typing import Any

from .trace_layers import NAMES
from .trace_record import CURRENT, dotted, quietly

_LIST = "_view_middleware"
_lock = threading.Lock()
_watched: dict[int, tuple[Any, Any, Any]] = {}


@quietly
def watch(handler: Any) -> None:
    """Record the hooks of this handler until `unwatch`."""
    if id(handler) in _watched:
        return
    with _lock:
        original = getattr(handler, _LIST)
        ours = [_recorded(hook) for hook in original]
        # Another list: a request beside this one may be going through the old one.
        setattr(handler, _LIST, ours)
        _watched[id(handler)] = (handler, original, ours)


def unwatch() -> None:
    """Put the handlers' own hooks back."""
    with _lock:
        for handler, original, ours in _watched.values():
            if getattr(handler, _LIST, None) is ours:
                setattr(handler, _LIST, original)
        _watched.clear()


def _recorded(hook: Any) -> Any:
    middleware = getattr(hook, "__self__", None)
    if middleware is None or inspect.iscoroutinefunction(hook):
        return hook
    name = NAMES.get(id(middleware)) or dotted(type(middleware))

    def process_view(*args: Any, **named: Any) -> Any:
        recorder = CURRENT.get()
        if recorder is None:
            return hook(*args, **named)
        __traceback_hide__ = True
        span = recorder.open("process_view", name=name)
        response = None
        try:
            response = hook(*args, **named)
            return response
        finally:
            recorder.close(span, answered=response is not None)

    return functools.update_wrapper(process_view, hook)
