"""Folders that are deleted, moved or copied under a running stack: what runs is found all the same, or explained."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from portico.actions.places import places
from support.crew import cared_for, crew, ended, kill, port_of
from support.stack import ROOT, Project

FLAGS = ["--allow-root-app"] if ROOT else []


@pytest.fixture
def stack(hello: Project) -> Iterator[Project]:
    """A plain WSGI application, not started; taken down in the end whatever happened to it."""
    yield from cared_for(hello)


def test_the_state_deleted_while_it_runs(stack: Project) -> None:
    assert stack.up("hello.py").code == 0
    where = places(stack.folder)
    shutil.rmtree(where.state)
    assert stack.get("/").status == 200
    assert stack.status().ids == ["system.E013"]
    ended(stack)
    assert stack.up("hello.py").code == 0
    before = crew(stack)
    shutil.rmtree(where.state)
    stack.write("hello.py", (stack.folder / "hello.py").read_text().replace('"one"', '"two"'))
    port = str(port_of(stack))
    ran = stack.portico("up", "hello.py", "-d", "--json", "--listen", port, *FLAGS)
    assert ran.code == 0, ran.out
    assert json.loads(stack.get("/").body)["version"] == "two", "no instance of the deleted state passes for the new one"
    assert not set(before.uwsgi) & set(crew(stack).uwsgi)
    big = stack.get("/", method="POST", body=b"x" * 200_000)
    assert json.loads(big.body)["length"] == 200_000, "nginx has its folders for large bodies again"
    ended(stack)


def test_the_runtime_directory_deleted_while_it_runs(stack: Project) -> None:
    assert stack.up("hello.py").code == 0
    run = places(stack.folder).run
    shutil.rmtree(run)
    assert stack.status().ids == ["system.E013"]
    again = stack.portico("up", "-d", "--json")
    assert again.code == 0, again.out
    assert again.result["url"] == stack.url
    assert stack.get("/").status == 200
    assert stack.status().code == 0
    shutil.rmtree(run)
    ended(stack)
    assert stack.up("hello.py").code == 0
    kill(crew(stack).supervisor)
    shutil.rmtree(run)
    assert stack.portico("up", "-d", "--json").code == 0
    assert stack.get("/").status == 200
    kill(crew(stack).supervisor)
    shutil.rmtree(run)
    ended(stack)


def test_the_project_deleted_and_made_anew(stack: Project) -> None:
    assert stack.up("hello.py").code == 0
    source = (stack.folder / "hello.py").read_text()
    shutil.rmtree(stack.folder)
    stack.folder.mkdir()
    status = stack.status()
    assert (status.code, status.result["running"]) == (1, True) if not ROOT else (0, True)
    ended(stack)
    stack.write("hello.py", source)
    assert stack.up("hello.py").code == 0
    shutil.rmtree(stack.folder)
    stack.write("hello.py", source.replace('"one"', '"two"'))
    ran = stack.portico("up", "hello.py", "-d", "--json", "--listen", str(port_of(stack)), *FLAGS)
    assert ran.code == 0, ran.out
    assert json.loads(stack.get("/").body)["version"] == "two"
    ended(stack)


@pytest.fixture
def other(stack: Project) -> Iterator[Project]:
    """A second project beside the first, its folder not yet made."""
    yield from cared_for(Project(stack.folder.with_name("other")))


def test_a_copied_project_is_a_stack_of_its_own(stack: Project, other: Project) -> None:
    assert stack.up("hello.py").code == 0
    shutil.copytree(stack.folder, other.folder, symlinks=True)
    status = other.status()
    assert (status.code, status.result["running"]) == (0, False)
    assert other.up("hello.py").code == 0
    assert other.url != stack.url
    assert other.get("/").status == stack.get("/").status == 200
    ended(other)
    assert stack.get("/").status == 200
    ended(stack)


def test_a_moved_project_says_where_its_stack_belongs(stack: Project, other: Project) -> None:
    assert stack.up("hello.py").code == 0
    stack.folder.rename(other.folder)
    taken = other.portico("up", "hello.py", "-d", "--json", "--listen", str(port_of(stack)), *FLAGS)
    assert (taken.code, taken.ids) == (2, ["nginx.E004"])
    fix = next(line for line in taken.json["findings"][0]["fix"] if str(stack.folder) in line)
    assert fix.startswith(f"mkdir -p {stack.folder} && portico -C {stack.folder} down")
    stack.folder.mkdir()
    ended(stack)
    assert other.up("hello.py").code == 0
    assert other.get("/").status == 200
    ended(other)
