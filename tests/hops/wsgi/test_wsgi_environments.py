from __future__ import annotations

from typing import Any

import pytest

from portico.hops.wsgi.environments import Candidate, Surroundings, candidates, questions
from portico.model.command import Command

OWN = "/opt/portico/bin/python"
SITE = "/home/ann/work/site"


def around(*existing: str, **more: Any) -> Surroundings:
    fields: dict[str, Any] = {
        "project": SITE,
        "manage_dir": SITE,
        "existing": frozenset(existing),
        "environ": {},
        "own_python": OWN,
        "own_prefix": "/opt/portico",
        **more,
    }
    asked = questions(fields["project"], fields["manage_dir"], fields["environ"], fields.get("configured", ""))
    assert set(existing) <= set(asked), "every path the choice depends on is asked about"
    return Surroundings(**fields)


def pythons(surroundings: Surroundings) -> list[str]:
    return [c.python if isinstance(c.python, str) else " ".join(c.python.argv) for c in candidates(surroundings)]


def test_nothing_there_leaves_our_own_python() -> None:
    assert candidates(around()) == (Candidate(OWN, "the Python that runs Portico"),)


@pytest.mark.parametrize(
    ("configured", "existing", "expected"),
    [
        ("/usr/bin/python3.12", (), "/usr/bin/python3.12"),
        ("env", (f"{SITE}/env/bin/python",), f"{SITE}/env/bin/python"),
        ("../other/bin/python", (), f"{SITE}/../other/bin/python"),
    ],
)
def test_a_configured_python_is_the_only_candidate(configured: str, existing: tuple[str, ...], expected: str) -> None:
    surroundings = around(*existing, configured=configured, environ={"VIRTUAL_ENV": "/x"})
    assert candidates(surroundings) == (Candidate(expected, "configured"),)


def test_the_order() -> None:
    environ = {"VIRTUAL_ENV": "/active", "CONDA_PREFIX": "/conda", "UV_PROJECT_ENVIRONMENT": "/uv"}
    existing = [
        "/active/bin/python",
        "/conda/bin/python",
        "/uv/bin/python",
        f"{SITE}/.venv/bin/python",
        f"{SITE}/src/venv/bin/python",
        "/home/ann/work/env/bin/python",
        f"{SITE}/uv.lock",
        f"{SITE}/poetry.lock",
        f"{SITE}/Pipfile",
    ]
    assert pythons(around(*existing, environ=environ, manage_dir=f"{SITE}/src")) == [
        "/active/bin/python",
        f"{SITE}/src/venv/bin/python",
        f"{SITE}/.venv/bin/python",
        "/home/ann/work/env/bin/python",
        "/uv/bin/python",
        "poetry env info --executable",
        "pipenv --py",
        "/conda/bin/python",
        OWN,
    ]


def test_an_active_environment_that_is_our_own_says_nothing_about_the_project() -> None:
    environ = {"VIRTUAL_ENV": "/opt/portico/"}
    existing = ("/opt/portico//bin/python", f"{SITE}/.venv/bin/python")
    assert pythons(around(*existing, environ=environ)) == [f"{SITE}/.venv/bin/python", OWN]


def test_an_active_environment_that_is_gone_is_not_tried() -> None:
    assert pythons(around(environ={"VIRTUAL_ENV": "/gone", "CONDA_PREFIX": "/gone"})) == [OWN]


def test_no_python_twice() -> None:
    environ = {"VIRTUAL_ENV": f"{SITE}/.venv"}
    assert pythons(around(f"{SITE}/.venv/bin/python", environ=environ)) == [f"{SITE}/.venv/bin/python", OWN]


@pytest.mark.parametrize("project", ["/tmp/site", "/var/tmp/site", "/home/ann", "/site"])
def test_an_environment_above_is_not_looked_for_where_anybody_may_put_one(project: str) -> None:
    asked = questions(project, project, {})
    assert all(path.startswith(project + "/") for path in asked)


def test_poetry_and_pipenv_are_asked_in_the_projects_folder_without_the_active_environment() -> None:
    environ = {"VIRTUAL_ENV": "/opt/portico", "PATH": "/usr/bin"}
    found = candidates(around(f"{SITE}/poetry.lock", f"{SITE}/Pipfile", environ=environ))
    commands = [c.python for c in found if isinstance(c.python, Command)]
    assert [command.cwd for command in commands] == [SITE, SITE]
    for command in commands:
        assert command.environ is not None
        assert command.environ["PATH"] == "/usr/bin"
        assert "VIRTUAL_ENV" not in command.environ
