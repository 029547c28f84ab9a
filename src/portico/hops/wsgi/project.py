"""Where the application is in a folder: from a shallow listing, or from what the user named."""

from __future__ import annotations

import keyword
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

_SKIPPED = frozenset(("venv", "env", "node_modules", "site-packages", "build", "dist", "tests", "test", "docs"))
_USUAL = ("wsgi.py", "app.py", "application.py", "main.py")
_CALLABLE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:\(\))?")


@dataclass(frozen=True)
class Target:
    """An application by name: `module` (dotted), `file` (absolute path of a .py) or `directory` (absolute), one of them set.

    `callable` is empty where it was left open; `create_app()` means a call without arguments makes the application.
    """

    module: str = ""
    file: str = ""
    callable: str = ""
    directory: str = ""


@dataclass(frozen=True)
class Found:
    """What a folder holds. Paths are relative to it.

    `manage` are the manage.py files: none, one, or several the user has to choose from. `modules` are files that usually
    hold a WSGI application, best first; they matter only where there is no manage.py.
    """

    manage: tuple[str, ...]
    modules: tuple[str, ...]


def discover(listing: Iterable[str]) -> Found:
    """What is in a folder, from the relative POSIX paths of the files in it and in its direct subfolders.

    A manage.py in the folder itself wins over those below. Hidden folders, virtual environments and the like are not
    searched.
    """
    names = {path for path in listing if _searched(path)}
    below = tuple(sorted(path for path in names if path.count("/") == 1 and path.endswith("/manage.py")))
    manage = ("manage.py",) if "manage.py" in names else below
    here = [name for name in _USUAL if name in names]
    packages = sorted(path for path in names if path.count("/") == 1 and path.endswith("/wsgi.py"))
    return Found(manage, (*here, *packages))


def _searched(path: str) -> bool:
    folder = path.partition("/")[0] if "/" in path else ""
    return not folder.startswith((".", "_")) and folder not in _SKIPPED


def parse_target(text: str, base: str, is_dir: bool = False) -> Target:
    """A TARGET as people write it; `base` is the absolute folder it is relative to.

    `hello.py`, `hello.py:app`, `pkg.mod`, `pkg.mod:callable`, `pkg.mod:create_app()`, or a folder (`is_dir`: the caller has
    seen that the path is one). A manage.py stands for its folder. Raises ValueError with what is wrong and what would do.
    """
    if not text.strip() or not text.isprintable():
        raise ValueError(f"{text!r} names no application: write hello.py, hello.py:app, package.module:callable or a folder")
    if is_dir or text in (".", "..") or text.endswith("/"):
        return Target(directory=_absolute(base, text))
    name, colon, callable_ = text.partition(":")
    if colon and not _CALLABLE.fullmatch(callable_):
        raise ValueError(f"{text!r}: after the colon a name in the module is needed, such as {name}:application")
    if name.endswith(".ini"):
        made = f"from pyramid.paster import get_app; application = get_app({name!r})"
        raise ValueError(f"{text!r} is no Python; of a PasteDeploy file this makes an application, in a wsgi.py: {made}")
    if name.endswith(".py"):
        return _file(name, callable_, base)
    if "/" in name:
        raise ValueError(f"{text!r}: no such folder, and a file must end in .py: did you mean {name}.py?")
    parts = name.split(".")
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
        raise ValueError(f"{text!r}: {name!r} is no module name; a file must end in .py, a module reads package.module")
    return Target(module=name, callable=callable_)


def _file(name: str, callable_: str, base: str) -> Target:
    path = _absolute(base, name)
    if posixpath.basename(path) == "manage.py" and not callable_:
        return Target(directory=posixpath.dirname(path))
    return Target(file=path, callable=callable_)


def _absolute(base: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(base, path))
