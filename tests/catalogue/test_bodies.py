"""Bodies that nobody reads, kinds of requests that nobody handles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catalogue.kit import Kit
from support.stack import until

Names = Callable[..., dict[str, Any]]
EARLY = (
    "def application(environ, start_response):\n"
    "    start_response('403 Forbidden', [('Content-Type', 'text/plain')])\n"
    "    return [b'no']\n"
)


def test_an_answer_before_the_body_was_read(kit: Kit, names: Names) -> None:
    kit.write("project/early.py", EARLY)
    kit.uwsgi("--master", "--module", "early", "--chmod-socket=666", "--socket", kit.socket)
    kit.nginx(f"client_max_body_size 50m; location / {{ {kit.app} }}")
    until(lambda: kit.get("/upload/", data=b"x" * 3_000_000).status == 502, 60)
    names(kit.doctor(), "unread-body-502", "nginx-uwsgi.E132")


def test_another_modifier(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--chmod-socket=666", "--socket", kit.socket)
    kit.nginx(f"location / {{ {kit.app} uwsgi_modifier1 5; }}")
    assert kit.get().status == 502
    names(kit.doctor(), "wrong-modifier", "nginx-uwsgi.E133")
