"""Every middleware layer of Django reports its way in and out, when the request is traced.

Django builds its chain once, from `convert_exception_to_response(layer)` around each layer
(https://docs.djangoproject.com/en/stable/topics/http/middleware/#activating-middleware); `watch` replaces that name in
`django.core.handlers.base` as soon as the module is imported, and imports nothing itself.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from typing import Any

from .trace_record import ACTIVE, CURRENT, Recorder, dotted, plain, quietly

_BASE = "django.core.handlers.base"
#: The dotted names of the middleware instances of this process, by id: they live as long as it.
NAMES: dict[int, str] = {}


def watch() -> None:
    """Have the layers wrapped when Django builds its chain."""
    if _BASE in sys.modules:
        _wrap_layers(sys.modules[_BASE])
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
        _wrap_layers(module)

    loader.exec_module = exec_module


@quietly
def _wrap_layers(base: Any) -> None:
    original = base.convert_exception_to_response
    if getattr(original, "_portico", False):
        return

    @functools.wraps(original)
    def convert_exception_to_response(get_response: Any) -> Any:
        handler = original(get_response)
        name = quietly(_name)(sys._getframe(1), get_response)
        return quietly(_layer)(handler, name) or handler

    convert_exception_to_response._portico = True  # type: ignore[attr-defined]
    base.convert_exception_to_response = convert_exception_to_response


def _name(frame: Any, get_response: Any) -> str:
    """The name in settings.MIDDLEWARE, which `load_middleware` is just at; empty for what lies inside all middleware."""
    if getattr(get_response, "__name__", "") in ("_get_response", "_get_response_async"):
        return ""
    name = frame.f_locals.get("middleware_path") or dotted(get_response)
    NAMES[id(get_response)] = name
    return str(name)


def _layer(handler: Any, name: str | None) -> Any:
    layer = _async_layer(handler, name) if inspect.iscoroutinefunction(handler) else _sync_layer(handler, name)
    return functools.update_wrapper(layer, handler)


def _sync_layer(handler: Any, name: str | None) -> Any:
    def layer(request: Any) -> Any:
        recorder = CURRENT.get() if ACTIVE else None
        if recorder is None:
            return handler(request)
        span = _enter(recorder, name, request)
        response = None
        try:
            response = handler(request)
            return response
        finally:
            _leave(recorder, span, request, response)

    return layer


def _async_layer(handler: Any, name: str | None) -> Any:
    async def layer(request: Any) -> Any:
        recorder = CURRENT.get() if ACTIVE else None
        if recorder is None:
            return await handler(request)
        span = _enter(recorder, name, request)
        response = None
        try:
            response = await handler(request)
            return response
        finally:
            _leave(recorder, span, request, response)

    return layer


@quietly
def _enter(recorder: Recorder, name: str | None, request: Any) -> int:
    if not recorder.layers:
        recorder.emit(
            "request", version=_version(), settings=_settings(), method=str(request.method), path=str(request.path)
        )
    attributes = _new_attributes(recorder, request)
    parent = recorder.layers[-1] if recorder.layers else 0
    span: int = recorder.open("layer", name=name or "", parent=parent, attributes=attributes)
    recorder.layers.append(span)
    return span


@quietly
def _leave(recorder: Recorder, span: int, request: Any, response: Any) -> None:
    if span in recorder.layers:
        del recorder.layers[recorder.layers.index(span) :]
    headers, cookies = _headers(response)
    recorder.close(
        span,
        status=plain(getattr(response, "status_code", None)),
        headers=headers,
        cookies=[name for name, _ in cookies],
        attributes=_new_attributes(recorder, request),
    )
    if not recorder.layers:
        whole = [*headers, *(["Set-Cookie", value] for _, value in cookies)]
        recorder.emit("response", status=plain(getattr(response, "status_code", None)), headers=whole)


def _headers(response: Any) -> tuple[list[list[str]], list[tuple[str, str]]]:
    if response is None:
        return [], []
    headers = [[str(name), str(value)] for name, value in response.items()]
    cookies = [(str(name), cookie.output(header="").strip()) for name, cookie in response.cookies.items()]
    return headers, cookies


def _new_attributes(recorder: Recorder, request: Any) -> list[str]:
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
