"""Changes of a running stack: what is good goes live without a lost request, what is broken changes nothing."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from portico.actions.places import places
from portico.system.sockets import free_port
from support.crew import cared_for, crew, ended, port_of, queued
from support.gate import Held
from support.stack import Project, Ran, until
from support.traffic import Traffic, can_bind

Record = Callable[[str, object], None]
SYSTEM_NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/sbin")


FAILING = """
from django.urls import path

def home(request):
    raise ValueError('{}')

urlpatterns = [path('', home)]
"""


@pytest.fixture
def idle(hello: Project) -> Iterator[Project]:
    """A plain WSGI application, not started; in the end taken down whatever happened to it."""
    yield from cared_for(hello)


@pytest.fixture
def stack(idle: Project) -> Project:
    """The same, running."""
    assert idle.up("hello.py").code == 0
    return idle


@contextmanager
def _slow(project: Project) -> Iterator[None]:
    """A request that is in progress when the block begins, and takes two seconds from then on."""
    with Held(project, 2) as request:
        request.let_go()
        yield


def _up(project: Project, *flags: str, code: int = 0) -> Ran:
    ran = project.portico("up", "-d", "--json", *flags)
    assert ran.code == code, ran.out + ran.err
    if ran.result.get("url"):
        project.url = ran.result["url"]
    return ran


def _seen(project: Project) -> dict[str, object]:
    answer = project.get("/")
    assert answer.status == 200, answer.body
    return dict(json.loads(answer.body))


def test_requests_in_progress_are_finished(stack: Project) -> None:
    with _slow(stack):
        assert stack.portico("restart", "--json").code == 0
    stack.write("portico.toml", '[nginx]\nclient_max_body_size = "2k"\n[uwsgi]\nprocesses = 3\n')
    with _slow(stack):
        _up(stack)
    with _slow(stack):
        _up(stack, "--front", "none")
    with _slow(stack):
        ended(stack)


def test_requests_that_wait_for_a_worker_are_served_by_the_old_release(stack: Project) -> None:
    stack.write("portico.toml", "[uwsgi]\nprocesses = 1\nthreads = 1\n")
    _up(stack)
    statuses: list[int] = []
    clients = [threading.Thread(target=lambda: statuses.append(_post(stack))) for _ in range(4)]
    with Held(stack, 0.5, "POST", b"x") as first:
        for client in clients:
            client.start()
        until(lambda: queued(stack) == len(clients), what="one request is served and the others wait")
        first.let_go()
        assert stack.portico("restart", "--json").code == 0
    for client in clients:
        client.join()
    assert statuses == [200] * len(clients), "nginx cannot send a POST a second time"


def _post(project: Project) -> int:
    return project.get("/sleep?0.5", method="POST", body=b"x").status


def test_no_request_fails_during_restarts(stack: Project, record_property: Record) -> None:
    with Traffic(port_of(stack)) as short, Traffic(port_of(stack), keep_alive=True) as kept:
        for _ in range(3):
            assert stack.portico("restart", "--json").code == 0
    record_property("requests during 3 restarts", len(short.replies) + len(kept.replies))
    assert short.failures == []
    assert kept.failures == []
    assert len(short.replies) > 50
    assert len(kept.replies) > 50


def test_what_changes_is_live_and_nothing_fails_meanwhile(stack: Project, record_property: Record) -> None:
    stack.write("files/a.txt", "a file\n")
    tcp = free_port()
    changes: dict[str, tuple[str, Callable[[], bool]]] = {
        "server_name": ('server_name = ["only.example"]', lambda: stack.get("/", Host="only.example").status == 200),
        "nginx lines": ('[nginx]\nextra_server = ["add_header X-Mine yes;"]', lambda: "x-mine" in stack.get("/").headers),
        "processes": ("[uwsgi]\nprocesses = 3", lambda: until(lambda: len(stack.hop("uwsgi")["workers"] or ()) == 3)),
        "env": ('[env]\nTOKEN = "fresh"', lambda: _seen(stack)["token"] == "fresh"),
        "static": ('[static]\n"/files/" = "files"', lambda: stack.get("/files/a.txt").body == b"a file\n"),
        "uWSGI over TCP": (f'[uwsgi]\naddress = "127.0.0.1:{tcp}"', lambda: not can_bind(tcp)),
        "uWSGI over TCP, again": (f'[uwsgi]\nprocesses = 3\naddress = "127.0.0.1:{tcp}"', lambda: not can_bind(tcp)),
        "uWSGI over a unix socket": ("", lambda: can_bind(tcp)),
    }
    master = crew(stack).nginx[0]
    for name, (text, holds) in changes.items():
        stack.write("portico.toml", text + "\n")
        with Traffic(port_of(stack)) as traffic:
            assert _up(stack).result["changed"] is True, name
            assert holds(), name
            assert _seen(stack)["version"] == "one"
        record_property(f"failures at {name}", len(traffic.failures))
        assert traffic.failures == [], name
        assert stack.status().code == 0, name
        assert _up(stack).result["changed"] is False, name
    assert crew(stack).nginx[0] == master, "nginx itself went on all the time"


def test_another_address_is_taken_and_kept(stack: Project) -> None:
    old = port_of(stack)
    new = free_port()
    _up(stack, "--listen", str(new))
    assert port_of(stack) == new
    assert _seen(stack)["version"] == "one"
    until(lambda: can_bind(old), what="the old port is free")
    assert _up(stack).result["changed"] is False, "a plain `up` keeps the address of the one before"
    assert port_of(stack) == new


@pytest.mark.skipif(SYSTEM_NGINX is None, reason="no nginx is installed on this system")
def test_another_nginx_takes_over(stack: Project, record_property: Record) -> None:
    _up(stack, "--nginx", "system")
    pid_file = places(stack.folder).run / "nginx.pid"
    for which in ("wheel", "system"):
        before = pid_file.read_text()
        with Held(stack) as slow, Traffic(port_of(stack)) as traffic:
            change = stack.start("up", "-d", "--json", "--nginx", which)
            until(lambda before=before: pid_file.read_text() not in ("", before), 60, "another nginx listens")  # type: ignore[misc]
            until(partial(traffic.served_since, time.monotonic()), what="it serves")
            assert slow.statuses == [], "it does not wait for the request in progress"
            slow.let_go()
            out, err = change.communicate(120)
        assert change.returncode == 0, out + err
        moved = json.loads(out)["result"]["hops"][0]["binary"]
        assert (moved == SYSTEM_NGINX) == (which == "system")
        # Usually 50 ms: from the old one closing its socket to the new one opening it.
        record_property(f"gap_ms to nginx of the {which}", round(traffic.gap_s * 1000))
        assert {reply.status for reply in traffic.failures} <= {0}
    ended(stack)


def test_the_front_changes_there_and_back(stack: Project, record_property: Record) -> None:
    for front in ("none", "nginx"):
        with Traffic(port_of(stack)) as traffic:
            ran = _up(stack, "--front", front)
            assert ran.result["hops"][0]["hop"] == ("uwsgi" if front == "none" else "nginx")
            assert _seen(stack)["version"] == "one"
        record_property(f"gap_ms to front {front}", round(traffic.gap_s * 1000))
        assert stack.status().code == 0
    ended(stack)


@pytest.mark.parametrize("front", ["none", "nginx"])
def test_a_front_that_cannot_change_is_put_back(idle: Project, front: str) -> None:
    hello = idle
    other = {"none": "nginx", "nginx": "none"}[front]
    assert hello.up("hello.py", "--front", other).code == 0
    source = (hello.folder / "hello.py").read_text()
    hello.write("hello.py", f"import sys\nif 'uwsgi' in sys.modules:\n    import nonexistent_thing\n{source}")
    broken = _up(hello, "--front", front, code=4)
    assert "nonexistent_thing" in broken.json["findings"][0]["cause"]
    assert _seen(hello)["version"] == "one"
    assert hello.status().code == 0
    assert hello.status().result["hops"][0]["hop"] == ("uwsgi" if other == "none" else "nginx")
    hello.write("hello.py", source.replace('"one"', '"two"'))
    _up(hello, "--front", front)
    assert _seen(hello)["version"] == "two"


def test_what_is_broken_changes_nothing(stack: Project) -> None:
    source = (stack.folder / "hello.py").read_text()
    only_uwsgi = "import sys\nif 'uwsgi' in sys.modules:\n    import nonexistent_thing\n"
    with socket.socket() as holder, Traffic(port_of(stack)) as traffic:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        cases = {
            "a broken line": ("", '[nginx]\nextra_server = ["no_such_thing on;"]', (), 2, "no_such_thing"),
            "broken code": ("import nonexistent_thing\n", "", (), 4, "nonexistent_thing"),
            "code that breaks in uWSGI": (only_uwsgi, '[env]\nA = "1"', (), 4, "nonexistent_thing"),
            "a taken port": ("", "", ("--listen", str(taken)), 2, str(taken)),
            "a taken port for uWSGI": ("", f'[uwsgi]\naddress = "127.0.0.1:{taken}"', (), 2, str(taken)),
            "an unknown option": ("", '[uwsgi]\nextra = ["no-such-option = 1"]', (), 4, "no-such-option"),
        }
        for name, (code, text, flags, exit_code, cause) in cases.items():
            stack.write("hello.py", code + source)
            stack.write("portico.toml", text + "\n")
            ran = _up(stack, *flags, code=exit_code)
            assert cause in ran.json["findings"][0]["cause"], (name, ran.out)
            assert _seen(stack)["version"] == "one", name
            stack.write("hello.py", source)
            stack.write("portico.toml", "")
            assert stack.status().code == 0, name
            assert _up(stack).result["changed"] is False, f"after {name} the old plan is live"
    assert traffic.failures == []
    ended(stack)


def test_a_release_that_answers_500_replaces_only_one_that_does(django: Project) -> None:
    site = django
    good = (site.folder / "mysite" / "urls.py").read_text()
    assert site.up().code == 0
    site.write("mysite/urls.py", FAILING.format("no luck"))
    rolled_back = site.portico("restart", "--json")
    assert rolled_back.code == 4, rolled_back.out
    assert "no luck" in rolled_back.out
    assert site.get("/admin/login/").status == 200
    assert site.status().code == 0
    ended(site)
    assert site.up().code == 1, "a first start with an application that fails is up, with a finding"
    site.write("mysite/urls.py", FAILING.format("still no luck"))
    again = site.portico("restart", "--json")
    assert (again.code, again.ids) == (1, ["django.E021"])
    assert "still no luck" in again.json["findings"][0]["cause"]
    site.write("mysite/urls.py", good)
    assert site.portico("restart", "--json").code == 0
    assert site.get("/admin/login/").status == 200


@pytest.fixture
def django(site: Project) -> Iterator[Project]:
    """A Django project, not started; taken down in the end."""
    yield from cared_for(site)
