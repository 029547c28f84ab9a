"""Find the WSGI callable a target names and say what it is, without calling it (PEP 3333).

Standard library only, Python 3.8 and later; loaded by `inspect_project`.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from typing import Any

_USUAL = ("application", "app", "wsgi", "wsgi_app")
_FACTORIES = ("create_app", "make_app", "create_application", "make_application", "get_application")


class Unfit(Exception):
    """The target is there, but is not a WSGI callable. `kind` is a word for programs."""

    def __init__(self, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.more = more


def import_target(target: dict[str, Any]) -> Any:
    """Import the module, or the file under its stem, as `entry.py` will."""
    if target.get("module"):
        return importlib.import_module(target["module"])
    path = target["file"]
    stem = os.path.splitext(os.path.basename(path))[0]
    name = stem if stem.isidentifier() and stem not in sys.modules else f"portico_app_{stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file", path=path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def examine(module: Any, target: dict[str, Any]) -> dict[str, Any]:
    """Facts about the callable that `target` names, or that is usual where it names none. Raises Unfit."""
    where = target.get("file") or target["module"]
    names = candidates(module)
    name = target.get("callable") or (names[0] if names else "")
    if not name:
        raise _nothing_usual(module, where)
    facts = {"module": target.get("module") or "", "file": target.get("file") or "", "callable": name, "candidates": names}
    if name.endswith("()"):
        factory = _attribute(module, name[:-2], where, names)
        if not callable(factory):
            raise Unfit("NotCallable", f"{name[:-2]} in {where} is a {_type(factory)} and cannot be called")
        return {**facts, "type": "", "kind": "factory"}
    value = _attribute(module, name, where, names)
    _require_wsgi(value, name, where)
    return {**facts, "type": _type(value), "kind": "flask" if _flask_like(value) else "wsgi"}


def candidates(module: Any) -> list[str]:
    """Names in the module that hold a WSGI callable, the usual names first."""
    usual = [name for name in _USUAL if _fits(getattr(module, name, None))]
    others = [name for name, value in vars(module).items() if _flask_like(value) and name not in usual]
    return usual + others


def _nothing_usual(module: Any, where: str) -> Unfit:
    factories = [name for name in _FACTORIES if inspect.isfunction(getattr(module, name, None))]
    if factories:
        name = factories[0]
        return Unfit("Factory", f"{where} has no WSGI callable, but a function {name} that makes one", factory=name)
    for name in _USUAL:
        value = getattr(module, name, None)
        if value is not None and not inspect.ismodule(value):
            _require_wsgi(value, name, where)
    return Unfit("NoCallable", f"{where} has none of {', '.join(_USUAL)}", candidates=[])


def _attribute(module: Any, dotted: str, where: str, names: list[str]) -> Any:
    value = module
    for part in dotted.split("."):
        if not hasattr(value, part):
            raise Unfit("NoCallable", f"{where} has no {dotted}", candidates=names)
        value = getattr(value, part)
    return value


def _require_wsgi(value: Any, name: str, where: str) -> None:
    if not callable(value):
        raise Unfit("NotCallable", f"{name} in {where} is a {_type(value)} and cannot be called")
    if _asgi(value):
        raise Unfit("Asgi", f"{name} in {where} ({_type(value)}) is an ASGI application; uWSGI calls WSGI applications")
    try:
        inspect.signature(value).bind({}, None)
    except TypeError as error:
        message = f"{name} in {where} cannot be called with (environ, start_response): {error}"
        factory = name if name in _FACTORIES else ""
        raise Unfit("Factory" if factory else "WrongArguments", message, factory=factory) from None
    except ValueError:
        # A callable written in C may not tell its signature.
        return


def _fits(value: Any) -> bool:
    if value is None or inspect.ismodule(value):
        return False
    try:
        _require_wsgi(value, "", "")
    except Unfit:
        return False
    return True


def _asgi(value: Any) -> bool:
    """A coroutine function, or an object whose `__call__` is one (ASGI 3), or one that takes scope, receive and send."""
    call = value if inspect.isroutine(value) or inspect.isclass(value) else type(value).__call__
    if inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(call):
        return True
    try:
        names = list(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        return False
    return names[:3] == ["scope", "receive", "send"]


def _flask_like(value: Any) -> bool:
    try:
        return not inspect.isclass(value) and not inspect.ismodule(value) and callable(getattr(value, "wsgi_app", None))
    except Exception:
        # flask.request and its like are proxies, which raise RuntimeError outside of a request.
        return False


def _type(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
