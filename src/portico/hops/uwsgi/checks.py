"""What uWSGI would refuse or suffer from, found before it runs. Pure: what must be asked of the machine is given."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath

from portico.model.finding import CouldNotTell, Finding, Kind
from portico.model.plan import Interpreter, Plan

#: uWSGI refuses longer names, although the kernel takes 107 (`bind_to_unix` in core/socket.c of its sources).
SOCKET_PATH_BYTES = 102

BACKLOG = Kind(
    "uwsgi.E001",
    "uwsgi",
    "The listen queue is longer than the kernel allows",
    "uWSGI does not start when `listen` is larger than net.core.somaxconn.",
    "https://uwsgi-docs.readthedocs.io/en/latest/articles/TheArtOfGracefulReloading.html#the-listen-queue",
    shows="`portico up` ends with exit status 2. Without Portico uWSGI ends at its start with the line below.",
    example="Listen queue size is greater than the system max net.core.somaxconn (128).",
    cure="A smaller `listen`, or a larger limit: `sudo sysctl net.core.somaxconn=1024`, and the same line in /etc/sysctl.d "
    "to keep it.",
)
SOCKET_PATH = Kind(
    "uwsgi.E002",
    "uwsgi",
    "The path of a socket is too long for uWSGI",
    "The kernel keeps a unix socket's path in 108 bytes, and uWSGI takes 102 of them; it does not start with a longer one.",
    "https://man7.org/linux/man-pages/man7/unix.7.html",
    shows="`portico up` ends with exit status 2. Without Portico uWSGI ends at its start with `invalid socket name`.",
    example="socket = /home/ana/projects/customers/2026/acme/website/deployment/production/var/run/uwsgi/application.sock",
    cure="Choose a short folder for the sockets, under /run.",
)
PYTHON_MISMATCH = Kind(
    "uwsgi.E003",
    "uwsgi",
    "uWSGI is for another Python than the project's",
    "A compiled extension fits one minor version of Python; with another, packages of the project are not found or crash.",
    "https://peps.python.org/pep-3149/",
    shows="Packages that are installed are not found, or compiled ones crash, although `python manage.py check` is content.",
    example="pyuwsgi.cpython-311-x86_64-linux-gnu.so              # and the project runs on Python 3.12",
    cure="Install uWSGI with the project's own Python: `.venv/bin/python -m pip install --force-reinstall pyuwsgi`.",
)
NO_UWSGI = Kind(
    "uwsgi.E004",
    "uwsgi",
    "There is no uWSGI for the project's Python",
    "uWSGI runs inside the project's interpreter, so it must be there for just that version.",
    "https://pypi.org/project/pyuwsgi/",
    shows="`portico up` ends with exit status 3.",
    example="the project runs on Python 3.13, Portico's uWSGI is built for Python 3.11",
    cure="`.venv/bin/python -m pip install pyuwsgi` with the project's Python, then repeat the command.",
)


def backlog(plan: Plan, somaxconn: int | None) -> list[Finding | CouldNotTell]:
    """`somaxconn` is net.core.somaxconn of the machine that will run it, or None when it could not be read."""
    if somaxconn is None:
        return [CouldNotTell("uwsgi.backlog", "net.core.somaxconn could not be read")]
    wanted = plan.uwsgi.backlog
    if wanted <= somaxconn:
        return []
    return [
        BACKLOG.found(
            cause=f"listen is {wanted}, but net.core.somaxconn is {somaxconn}",
            evidence=[
                f"listen = {wanted} ({plan.origins.get('uwsgi.listen', 'default')})",
                f"net.core.somaxconn = {somaxconn}",
            ],
            fix=[f"[uwsgi] listen = {somaxconn}", f"or: sudo sysctl net.core.somaxconn={wanted}"],
        )
    ]


def socket_paths(plan: Plan) -> list[Finding | CouldNotTell]:
    """The sockets that uWSGI itself binds."""
    long = [
        (name, path)
        for instance in plan.uwsgi.each()
        for name, path in (*(("socket", path) for path in instance.sockets), ("stats", instance.stats_socket))
        if len(os.fsencode(path)) > SOCKET_PATH_BYTES
    ]
    return [
        SOCKET_PATH.found(
            cause=f"{path} has {len(os.fsencode(path))} bytes; uWSGI takes {SOCKET_PATH_BYTES}",
            evidence=[f"{name} = {path}"],
            fix=["choose a shorter folder for the sockets"],
        )
        for name, path in long
    ]


def python(interpreter: Interpreter, built_for: str = "") -> list[Finding | CouldNotTell]:
    """Whether uWSGI fits the project's Python.

    A pyuwsgi names its Python in its file name (`pyuwsgi.cpython-311-x86_64-linux-gnu.so`, PEP 3149); of another uWSGI
    `built_for` is what `uwsgi --python-version` printed, empty when it was not asked.
    """
    uwsgi = interpreter.uwsgi
    if not uwsgi.path:
        return [
            NO_UWSGI.found(
                cause=f"no uWSGI was found for {interpreter.executable} (Python {interpreter.version})",
                fix=[f"{interpreter.executable} -m pip install pyuwsgi"],
            )
        ]
    version = _tagged(uwsgi.path) if uwsgi.kind == "pyuwsgi" else ".".join(built_for.split(".")[:2])
    if not version:
        return [CouldNotTell("uwsgi.python", f"{uwsgi.path} does not say which Python it is for")]
    if version == interpreter.version:
        return []
    return [
        PYTHON_MISMATCH.found(
            cause=f"{uwsgi.path} is for Python {version}, but the project runs on {interpreter.version}",
            evidence=[f"{interpreter.executable}: Python {interpreter.version}", f"{uwsgi.path}: Python {version}"],
            fix=[f"{interpreter.executable} -m pip install --force-reinstall pyuwsgi"],
        )
    ]


def _tagged(path: str) -> str:
    match = re.search(r"\.(?:cpython|pypy)-?(\d)(\d+)t?[-.]", PurePosixPath(path).name)
    return f"{match[1]}.{match[2]}" if match else ""
