"""nginx in front of gunicorn over a unix socket, as the stack `gunicorn`, but speaking the uwsgi protocol with it."""

from __future__ import annotations

from bench.stacks import gunicorn, nginx
from bench.stacks.base import Ground, Running, Stack

#: https://gunicorn.org/uwsgi
_FRONT = nginx.Front(
    upstream="server unix:{socket};",
    server="client_max_body_size 4G;\nkeepalive_timeout 5;",
    passing=f"uwsgi_pass app_server;\ninclude {nginx.UWSGI_PARAMS};",
)


def _start(ground: Ground) -> Running:
    return gunicorn.run(ground, _FRONT, "--protocol", "uwsgi")


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
