"""Runs pyuwsgi in the project's Python: `python uwsgi_launcher.py /path/of/pyuwsgi.cpython-311-....so --ini FILE`.

The extension is loaded from its path, so that nothing else of the folder it lies in comes onto the project's sys.path.
It does not return; when it cannot be loaded the exit status is 3, after one line on standard error that says why.
It runs in the project's Python: standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    if len(sys.argv) < 2:
        _fail("usage: uwsgi_launcher.py PYUWSGI.so OPTION...")
    path = os.path.abspath(sys.argv[1])
    folder = os.path.dirname(os.path.abspath(__file__))
    # The interpreter puts a script's folder first (https://docs.python.org/3/library/sys.html#sys.path); the
    # application must not find our modules there.
    if sys.path and os.path.abspath(sys.path[0]) == folder:
        del sys.path[0]
    _check(path)
    loader = importlib.machinery.ExtensionFileLoader("pyuwsgi", path)
    spec = importlib.util.spec_from_file_location("pyuwsgi", path, loader=loader)
    assert spec is not None  # noqa: S101 -- a loader was given
    try:
        pyuwsgi = importlib.util.module_from_spec(spec)
        loader.exec_module(pyuwsgi)
    except ImportError as error:
        _fail(f"{path} cannot be loaded by {_python()}: {error}")
    sys.argv = ["uwsgi", *sys.argv[2:]]
    sys.exit(pyuwsgi.run())


def _check(path: str) -> None:
    """Refuse what the loader would crash on: an extension tagged for another Python (PEP 3149) may well load."""
    if not os.path.isfile(path):
        _fail(f"{path} does not exist")
    suffix = "." + os.path.basename(path).partition(".")[2]
    if suffix not in importlib.machinery.EXTENSION_SUFFIXES:
        _fail(f"{path} is not for {_python()}, which loads {importlib.machinery.EXTENSION_SUFFIXES[0]}")


def _python() -> str:
    return "Python {}.{} ({})".format(*sys.version_info[:2], sys.executable)


def _fail(reason: str) -> NoReturn:
    sys.stderr.write("uwsgi_launcher: {}\n".format(" ".join(reason.split())))
    sys.exit(3)


if __name__ == "__main__":
    main()
