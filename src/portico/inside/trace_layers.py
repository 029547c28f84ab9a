"""Every middleware layer of Django reports its way in and out, while a request is traced.

Django builds its chain once, from `convert_exception_to_response(layer)` around each layer
(https://docs.djangoproject.com/en/stable/topics/http/middleware/#activating-middleware). `watch` has the functions that it
returns remembered, from the import of `django.core.handlers.base` on; it imports nothing itself. Each of them has its layer
in a variable of its closure: `install` puts a recording function there and `uninstall` the layer itself, so that a request
costs what it always did while no trace is at work.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import weakref
from typing import Any

from .trace_record import CURRENT, Recorder, dotted, plain, quietly

_BASE = "django.core.handlers.base"
#: The dotted names of the middleware instances of this process, by id: they live as long as it.
NAMES: dict[int, str] = {}
#: What Django made around each layer, with the layer's dotted name; empty for what lies inside all middleware.
_chain: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
_replaced: list[tuple[Any, Any, Any]] = []


def watch() -> None:
    """Have the layers wrapped when Django builds its chain."""
    if _BASE in sys.modules:
        _watch_chain(sys.modules[_BASE])
    else:
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Is asked before the import of a module; goes away with the one it waits for."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != _BASE:
            return None
        sys.meta_path.remove(self)
        spec = self._spec(name, path, target)
        if spec is not None:
            quietly(_after_import)(spec.loader)
        return spec

    def _spec(self, name: str, path: Any, target: Any) -> Any:
        for finder in list(sys.meta_path):
            find: Any = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find else None
            if spec is not None:
                return spec
        return None


def _after_import(loader: Any) -> None:
    execute = loader.exec_module

    def exec_module(module: Any) -> None:
        quietly(delattr)(loader, "exec_module")
        execute(module)
        _watch_chain(module)

    loader.exec_module = exec_module


@quietly
def _watch_chain(base: Any) -> None:
    original = base.convert_exception_to_response
    if getattr(original, "_portico", False):
        return

    @functools.wraps(original)
    def convert_exception_to_response(get_response: Any) -> Any:
        handler = original(get_response)
        quietly(_remember)(handler, sys._getframe(1), get_response)
        return handler

    convert_exception_to_response._portico = True  # type: ignore[attr-defined]
    base.convert_exception_to_response = convert_exception_to_response


def _remember(handler: Any, frame: Any, get_response: Any) -> None:
    _chain[handler] = _name(frame, get_response)


def _name(frame: Any, get_response: Any) -> str:
    """The name in settings.MIDDLEWARE, which `load_middleware` is just at; empty for what lies inside all middleware."""
    if getattr(get_response, "__name__", "") in ("_get_response", "_get_response_async"):
        return ""
    name = frame.f_locals.get("middleware_path") or dotted(get_response)
    NAMES[id(get_response)] = name
    return str(name)


def install() -> None:
    """Record every layer from now on."""
    for handler, name in list(_chain.items()):
        quietly(_replace)(handler, name)


def uninstall() -> None:
    """Put the layers themselves back."""
    while _replaced:
        cell, layer, ours = _replaced.pop()
        if cell.cell_contents is ours:
            cell.cell_contents = layer


def _replace(handler: Any, name: str) -> None:
    cell = handler.__closure__[handler.__code__.co_freevars.index("get_response")]
    layer = cell.cell_contents
    ours = (_async_layer if inspect.iscoroutinefunction(handler) else _sync_layer)(layer, name)
    _replaced.append((cell, layer, ours))
    cell.cell_contents = ours


def _sync_layer(layer: Any, name: str) -> Any:
    def recorded(request: Any) -> Any:
        recorder = CURRENT.get()
        if recorder is None:
            return layer(request)
        __traceback_hide__ = True
        span = _enter(recorder, name, request)
        response = None
        try:
            response = layer(request)
            return response
        finally:
            _leave(recorder, span, request, response)

    return recorded


def _async_layer(layer: Any, name: str) -> Any:
    async def recorded(request: Any) -> Any:
        recorder = CURRENT.get()
        if recorder is None:
            return await layer(request)
        __traceback_hide__ = True
        span = _enter(recorder, name, request)
        response = None
        try:
            response = await layer(request)
            return response
        finally:
            _leave(recorder, span, request, response)

    return recorded


@quietly
def _enter(recorder: Recorder, name: str | None, request: Any) -> int:
    if not recorder.layers:
        recorder.emit(
            "request", version=_version(), settings=_settings(), method=str(request.method), path=str(request.path)
        )
    attributes = new_attributes(recorder, request)
    parent = recorder.layers[-1] if recorder.layers else 0
    span: int = recorder.open("layer", name=name or "", parent=parent, attributes=attributes)
    recorder.layers.append(span)
    return span


@quietly
def _leave(recorder: Recorder, span: int, request: Any, response: Any) -> None:
    if span in recorder.layers:
        del recorder.layers[recorder.layers.index(span) :]
    recorder.close(span, attributes=new_attributes(recorder, request), **of_response(recorder, response))


def of_response(recorder: Recorder, response: Any) -> dict[str, Any]:
    """{"status", "headers", "cookies"} of what a layer returned (None: it raised). Outside of all layers it is what Django
    answers: that is sent as a whole, with the values of the cookies."""
    if response is None:
        return {"status": None, "headers": [], "cookies": []}
    headers, cookies = _headers(response)
    status = plain(getattr(response, "status_code", None))
    if not recorder.layers:
        recorder.emit("response", status=status, headers=[*headers, *(["Set-Cookie", value] for _, value in cookies)])
    return {"status": status, "headers": headers, "cookies": [name for name, _ in cookies]}


def _headers(response: Any) -> tuple[list[list[str]], list[tuple[str, str]]]:
    headers = [[str(name), str(value)] for name, value in response.items()]
    cookies = [(str(name), cookie.output(header="").strip()) for name, cookie in response.cookies.items()]
    return headers, cookies


def new_attributes(recorder: Recorder, request: Any) -> list[str]:
    """Names that the request got since it was last looked at, without the cached properties of its class."""
    before, now = recorder.names, set(vars(request))
    recorder.names = now
    if before is None:
        return []
    return sorted(name for name in now - before if not hasattr(type(request), name))


def _version() -> str:
    return str(getattr(sys.modules.get("django"), "__version__", ""))


def _settings() -> str:
    configured = getattr(sys.modules.get("django.conf"), "settings", None)
    return str(getattr(configured, "SETTINGS_MODULE", "") or os.environ.get("DJANGO_SETTINGS_MODULE", ""))
