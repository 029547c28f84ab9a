"""What a traced request does inside Django: URL match, view, templates, SQL, signals, exceptions.

`install` puts recording functions in place of Django's when the first trace of this process begins, `uninstall` takes them
away with the last. Each of them looks at the context first, so that requests beside the traced one go as always. What a
version of Django does not have is not recorded.

Local variables named `__traceback_hide__` keep these frames off Django's error page, whose bytes must not depend on a trace.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any

from . import trace_hooks, trace_layers, trace_parts, trace_sql
from .trace_layers import new_attributes, of_response
from .trace_record import CURRENT, Recorder, dotted, plain, quietly

_undo: list[tuple[Any, str, Any, Any]] = []


def install() -> None:
    """Record from now on. Django must have been imported by the application; otherwise there is nothing to record."""
    if "django.core.handlers.base" not in sys.modules:
        return
    trace_layers.install()
    _replace("django.core.handlers.base", "BaseHandler.resolve_request", _resolving)
    _replace("django.core.handlers.base", "BaseHandler.make_view_atomic", _viewing)
    _replace("django.core.handlers.exception", "response_for_exception", _responding)
    _replace("django.template.base", "Template.render", trace_parts.rendering)
    _replace("django.template.base", "Template._render", trace_parts.rendering)
    if _has_jinja2():
        _replace("django.template.backends.jinja2", "Template.render", trace_parts.rendering)
    _replace("django.dispatch.dispatcher", "Signal.send", trace_parts.sending)
    _replace("django.dispatch.dispatcher", "Signal.send_robust", trace_parts.sending)
    _replace("django.db.utils", "ConnectionHandler.create_connection", trace_sql.connecting)


@quietly
def _has_jinja2() -> bool:
    """Whether the project uses it: Django imports it with the first page, which may be the traced one."""
    return any("jinja2" in engine["BACKEND"] for engine in sys.modules["django.conf"].settings.TEMPLATES)


def uninstall() -> None:
    """Put Django's own functions back, unless somebody has put theirs around ours since."""
    while _undo:
        owner, name, original, ours = _undo.pop()
        if vars(owner).get(name) is ours:
            setattr(owner, name, original)
    trace_hooks.unwatch()
    trace_layers.uninstall()


def attach() -> None:
    """Record the SQL of this thread."""
    if "django.core.handlers.base" in sys.modules:
        trace_sql.attach()


def detach() -> None:
    """Record the SQL of this thread no longer."""
    trace_sql.detach()


@quietly
def _replace(module: str, path: str, make: Callable[[Any], Any]) -> None:
    owner: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for part in classes:
        owner = getattr(owner, part)
    original = vars(owner)[name]
    ours = functools.update_wrapper(make(original), original)
    setattr(owner, name, ours)
    _undo.append((owner, name, original, ours))


def _resolving(original: Any) -> Any:
    def resolve_request(self: Any, request: Any) -> Any:
        recorder = CURRENT.get()
        if recorder is None:
            return original(self, request)
        __traceback_hide__ = True
        trace_hooks.watch(self)
        span = recorder.open("resolve")
        try:
            match = original(self, request)
        except Exception as error:
            recorder.close(span, error=dotted(type(error)))
            raise
        recorder.close(span, **(_matched(match) or {}))
        return match

    return resolve_request


@quietly
def _matched(match: Any) -> dict[str, Any]:
    return {
        "route": str(match.route),
        "url_name": plain(match.view_name or match.url_name),
        "view": _view_name(match.func),
        "args": plain(match.args),
        "kwargs": plain(match.kwargs),
    }


def _view_name(view: Any) -> str:
    """The function or class somebody wrote, behind `as_view` and `functools.partial`."""
    while isinstance(view, functools.partial):
        view = view.func
    return dotted(getattr(view, "view_class", None) or getattr(view, "cls", None) or view)


def _viewing(original: Any) -> Any:
    def make_view_atomic(self: Any, view: Any) -> Any:
        wrapped = original(self, view)
        recorder = CURRENT.get()
        if recorder is None:
            return wrapped
        return quietly(_recorded_view)(recorder, wrapped, view) or wrapped

    return make_view_atomic


def _recorded_view(recorder: Recorder, wrapped: Any, view: Any) -> Any:
    base: Any = sys.modules["django.core.handlers.base"]
    is_async = getattr(base, "iscoroutinefunction", inspect.iscoroutinefunction)(wrapped)
    recorded = (_async_view if is_async else _sync_view)(recorder, wrapped, _view_name(view))
    return functools.update_wrapper(recorded, wrapped)


def _sync_view(recorder: Recorder, wrapped: Any, name: str) -> Any:
    def recorded(*args: Any, **named: Any) -> Any:
        __traceback_hide__ = True
        span = recorder.open("view", name=name, **{"async": False})
        try:
            return wrapped(*args, **named)
        except Exception as error:
            recorder.exception(error, "view")
            raise
        finally:
            recorder.close(span)

    return recorded


def _async_view(recorder: Recorder, wrapped: Any, name: str) -> Any:
    async def recorded(*args: Any, **named: Any) -> Any:
        __traceback_hide__ = True
        span = recorder.open("view", name=name, **{"async": True})
        try:
            return await wrapped(*args, **named)
        except Exception as error:
            recorder.exception(error, "view")
            raise
        finally:
            recorder.close(span)

    return recorded


def _responding(original: Any) -> Any:
    def response_for_exception(request: Any, exc: Any) -> Any:
        recorder = CURRENT.get()
        if recorder is None:
            return original(request, exc)
        __traceback_hide__ = True
        number = recorder.exception(exc, "handler")
        parent = recorder.layers[-1] if recorder.layers else 0
        span = recorder.open("handling", exception=number, parent=parent)
        response = None
        try:
            response = original(request, exc)
            return response
        finally:
            # What the request got meanwhile is of no layer.
            quietly(new_attributes)(recorder, request)
            recorder.close(span, **(quietly(of_response)(recorder, response) or {}))

    return response_for_exception
