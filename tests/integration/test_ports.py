"""Ports of a stack besides the public one: of raw lines, and of uWSGI's address."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico.system.sockets import free_port
from support.bad_input import APP, clean_up, untouched
from support.stack import ROOT, Project

ALLOW = ["--allow-root-app"] if ROOT else []


def wsgi(folder: Path) -> Project:
    project = Project(folder)
    project.write("app.py", APP)
    return project


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.mark.parametrize(
    ("toml", "where"),
    [
        ('[nginx]\nextra_server = ["add_header X-Mine yes;", "listen {};"]\n', "([nginx] extra_server, line 2): listen {}"),
        (
            '[nginx]\nextra_http = ["server {{ listen [::]:{} ipv6only=off; return 204; }}"]\n',
            "extra_http, line 1): listen [::]:{}",
        ),
        ('[uwsgi]\naddress = "127.0.0.1:{}"\n', '[uwsgi] address = "127.0.0.1:{}"'),
    ],
)
def test_another_port_of_the_stack_that_a_stranger_holds(folder: Path, taken: int, toml: str, where: str) -> None:
    project = wsgi(folder / "site")
    project.write("portico.toml", toml.format(taken))
    for verb in ("check", "up"):
        with untouched(project.folder):
            ran = project.portico(verb, "app.py", "--json", "--listen", "auto", *ALLOW)
        finding = next(one for one in ran.json["findings"] if one["id"] == "nginx.E004")
        assert (ran.code, finding["title"]) == (1 if verb == "check" else 2, f"Port {taken} is taken")
        assert where.format(taken) in finding["evidence"][0]
        assert any(line.startswith(f"kill {os.getpid()}") for line in finding["fix"])
        assert "--listen" not in "".join(finding["fix"]), "the site's own port is free"


def test_a_stack_is_no_stranger_at_its_own_ports(folder: Path) -> None:
    raw, address = free_port(), free_port()
    toml = f'[nginx]\nextra_server = ["listen {raw};"]\n[uwsgi]\naddress = "127.0.0.1:{address}"\n'
    project = wsgi(folder / "site")
    project.write("portico.toml", toml)
    try:
        assert project.up("app.py").code == 0
        project.write("portico.toml", toml + "processes = 1\n")
        assert project.up("app.py").code == 0
        ran = project.portico("check", "app.py", "--json", *ALLOW)
        assert "nginx.E004" not in ran.ids
    finally:
        clean_up(project)
