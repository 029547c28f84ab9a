"""The application on one machine and its front on another: here two folders of one machine, over TCP."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from portico.system.sockets import free_port
from support.stack import ROOT, Project
from support.traffic import Traffic


@pytest.fixture
def front(folder: Path) -> Project:
    """A folder with nothing but a configuration."""
    project = Project(folder / "front")
    project.folder.mkdir()
    return project


def configured(front: Project, text: str) -> list[str]:
    """The findings of `check` for the front with that configuration."""
    front.write("portico.toml", text)
    ran = front.portico("check", "--json", *(["--allow-root-app"] if ROOT else []))
    assert ran.code in (0, 1, 2), ran.err
    return ran.ids


def test_an_application_behind_a_front_elsewhere(hello: Project, front: Project) -> None:
    """The front may be there first. Requests pass, and none is lost while the application is reloaded under load."""
    address = f"127.0.0.1:{free_port()}"
    front.write("portico.toml", f'role = "front"\nservers = ["{address}"]\n')
    ran = front.up()
    assert ran.code in (0, 1), ran.out
    assert [hop["hop"] for hop in ran.result["hops"]] == ["nginx"]
    assert front.get("/").status == 502
    ran = hello.up("--role", "app", "--listen", address, "hello.py")
    assert ran.code == 0, ran.out
    assert [hop["hop"] for hop in ran.result["hops"]] == ["uwsgi", "wsgi"]
    assert address in hello.hop("uwsgi")["sockets"]
    answer = front.get("/")
    assert json.loads(answer.body)["rid"] == answer.headers["x-request-id"]
    hello.write("hello.py", (hello.folder / "hello.py").read_text().replace('"one"', '"two"'))
    several = [Traffic(int(front.url.rsplit(":", 1)[1].strip("/"))) for _ in range(4)]
    for traffic in several:
        traffic.__enter__()
    try:
        # The flags of the first `up` still hold.
        assert hello.portico("reload", "--json").code == 0
    finally:
        for traffic in several:
            traffic.__exit__(None, None, None)
    replies = [reply for traffic in several for reply in traffic.replies]
    assert len(replies) > 100
    assert [reply for reply in replies if reply.status != 200] == []
    assert json.loads(front.get("/").body)["version"] == "two"
    assert front.portico("down", "--json").code == 0
    assert hello.portico("down", "--json").code == 0


def test_another_address_is_a_change(hello: Project) -> None:
    """The address is in the file of the process that holds the socket, and in none of the release."""
    one, two = (f"127.0.0.1:{free_port()}" for _ in range(2))
    assert hello.up("--role", "app", "--listen", one, "hello.py").result["changed"]
    assert not hello.up("--listen", one).result["changed"]
    assert hello.up("--listen", two).result["changed"]
    assert two in hello.hop("uwsgi")["sockets"]


def test_what_does_not_fit_the_role(front: Project) -> None:
    assert configured(front, 'role = "front"\n') == ["config.E014"]
    assert configured(front, 'role = "front"\nservers = ["10.0.0.2:9090"]\ninstances = 2\n') == ["config.E014"]
    assert configured(front, 'role = "front"\nservers = ["10.0.0.2:9090"]\nfront = "none"\n') == ["config.E014"]
    assert "config.E014" not in configured(front, 'role = "front"\nservers = ["10.0.0.2:9090"]\n')


def test_the_front_serves_the_static_files(site: Project, folder: Path) -> None:
    """With the project in its folder too: the application's host needs no files, and nginx asks nobody for them."""
    front = Project(folder / "front")
    shutil.copytree(site.folder, front.folder)
    address = f"127.0.0.1:{free_port()}"
    ran = site.up("--role", "app", "--listen", address)
    assert ran.code in (0, 1), ran.out
    front.write("portico.toml", f'role = "front"\nservers = ["{address}"]\n')
    ran = front.up()
    assert ran.code in (0, 1), ran.out
    page = front.get("/admin/login/").body.decode()
    sheet = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert sheet.startswith("/static/")
    assert front.get(sheet).status == 200
    assert "static-map" not in (site.folder / ".portico" / "conf" / "uwsgi.ini").read_text()


@pytest.mark.parametrize(
    "text",
    [
        'servers = ["10.0.0.2"]',
        'servers = ["10.0.0.2:99999"]',
        'servers = ["10.0.0.2:9090 slow"]',
        'servers = ["10.0.0.2:9090 weight=0"]',
        'servers = ["10.0.0.2:9090 backup"]',
        'servers = ["10.0.0.2:9090", "10.0.0.3:9090 backup"]\n[upstream]\nbalance = "ip_hash"',
    ],
)
def test_servers_that_cannot_be_used(front: Project, text: str) -> None:
    assert configured(front, f'role = "front"\n{text}\n') == ["config.E012"]


def test_no_browser_uses_the_address_of_an_application_behind_a_front(site: Project) -> None:
    """So ALLOWED_HOSTS need not permit it."""
    here = ["check", "--json", "--listen", f"127.0.0.5:{free_port()}", *(["--allow-root-app"] if ROOT else [])]
    assert "django.W002" in site.portico(*here).ids
    assert "django.W002" not in site.portico(*here, "--role", "app").ids


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("[::1]", False), ("0.0.0.0", True), ("*", True)])
def test_a_port_that_others_can_reach(hello: Project, host: str, warned: bool) -> None:
    flags = ["--allow-root-app"] if ROOT else []
    ran = hello.portico("check", "--json", "--role", "app", "--listen", f"{host}:{free_port()}", *flags, "hello.py")
    assert ("nginx-uwsgi.W004" in ran.ids) == warned
