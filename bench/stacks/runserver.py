"""`manage.py runserver` as a developer starts it: with its autoreloader, and in debug mode, without which it serves no
static files. Django says not to use it in production."""

from __future__ import annotations

from bench.stacks import processes
from bench.stacks.base import Ground, Running, Stack
from bench.stacks.processes import Server

_SETTINGS = "runserver_settings"


def app_server(ground: Ground) -> Server:
    argv = (str(ground.python), "manage.py", "runserver", f"127.0.0.1:{ground.port}")
    # The sample's own variable takes the hashes out of the files' names, which are found where they are collected only.
    environ = {**processes.environ(ground), "DESTINY_DEBUG": "1", "DJANGO_SETTINGS_MODULE": _SETTINGS}
    return Server("runserver", argv, ground.port, environ, ground.site)


def _start(ground: Ground) -> Running:
    settings = f"from {ground.environ['DJANGO_SETTINGS_MODULE']} import *\n\nDEBUG = True\n"
    (ground.site / f"{_SETTINGS}.py").write_text(settings, encoding="utf-8")
    # It looks at the files of the code itself, every second.
    return processes.start(ground, app_server(ground), reload=lambda _: None)


def _version(ground: Ground) -> str:
    return f"Django {processes.installed(ground, 'django')}"


STACK = Stack(
    key="runserver",
    title="manage.py runserver",
    packages=(),
    apt=(),
    static=False,
    start=_start,
    version=_version,
    source="https://docs.djangoproject.com/en/5.2/ref/django-admin/#runserver",
)
