"""nginx in front of gunicorn over a unix socket, as the stack `gunicorn`, but speaking the uwsgi protocol with it.

One thing goes beyond its documentation, in its favour: `--keep-alive 0`. nginx closes a connection of this protocol after
each answer. gunicorn 27.0.1 keeps it for the next request otherwise, and logs an error with a traceback when there is none:
for every request, which costs about half as much CPU again.
"""

from __future__ import annotations

from bench.stacks import gunicorn, nginx
from bench.stacks.base import Ground, Running, Stack

#: https://gunicorn.org/uwsgi
_PASSING = f"uwsgi_pass app_server;\ninclude {nginx.UWSGI_PARAMS};"
PROTOCOL = ("--protocol", "uwsgi", "--keep-alive", "0")


def front(ground: Ground) -> nginx.Front:
    return nginx.Front(f"server unix:{gunicorn.socket(ground)};", _PASSING, gunicorn.SERVER)


def _start(ground: Ground) -> Running:
    return gunicorn.run(ground, front(ground), *PROTOCOL)


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
