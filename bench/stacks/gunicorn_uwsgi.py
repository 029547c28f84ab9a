"""nginx in front of gunicorn over a unix socket, as the stack `gunicorn`, but speaking the uwsgi protocol with it."""

from __future__ import annotations

from bench.stacks import gunicorn, nginx
from bench.stacks.base import Ground, Running, Stack

#: https://gunicorn.org/uwsgi
_PASSING = f"uwsgi_pass app_server;\ninclude {nginx.UWSGI_PARAMS};"


def front(ground: Ground) -> nginx.Front:
    return nginx.Front(f"server unix:{gunicorn.socket(ground)};", _PASSING, gunicorn.SERVER)


def _start(ground: Ground) -> Running:
    return gunicorn.run(ground, front(ground), "--protocol", "uwsgi")


STACK = Stack(
    key="gunicorn_uwsgi",
    title="nginx + gunicorn (uwsgi protocol)",
    packages=("gunicorn>=25.1",),
    apt=(),
    static=True,
    start=_start,
    version=gunicorn.version,
    source="https://gunicorn.org/uwsgi and https://gunicorn.org/design",
)
