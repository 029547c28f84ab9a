from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.hops.wsgi.project import Found, Target, discover, parse_target


@pytest.mark.parametrize(
    ("listing", "found"),
    [
        (["manage.py", "src/manage.py", "mysite/wsgi.py"], Found(("manage.py",), ("mysite/wsgi.py",))),
        (["README.md", "backend/manage.py"], Found(("backend/manage.py",), ())),
        (["b/manage.py", "a/manage.py"], Found(("a/manage.py", "b/manage.py"), ())),
        ([".venv/manage.py", "venv/manage.py", "node_modules/manage.py", "_old/manage.py"], Found((), ())),
        (["main.py", "app.py", "wsgi.py", "shop/wsgi.py"], Found((), ("wsgi.py", "app.py", "main.py", "shop/wsgi.py"))),
        (["a/b/manage.py", "notmanage.py"], Found((), ())),
        ([], Found((), ())),
    ],
)
def test_discover(listing: list[str], found: Found) -> None:
    assert discover(listing) == found


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("hello.py", Target(file="/srv/site/hello.py")),
        ("hello.py:app", Target(file="/srv/site/hello.py", callable="app")),
        ("../x/a b.py", Target(file="/srv/x/a b.py")),
        ("/abs/hello.py:make()", Target(file="/abs/hello.py", callable="make()")),
        ("pkg.mod", Target(module="pkg.mod")),
        ("pkg.mod:app", Target(module="pkg.mod", callable="app")),
        ("pkg:create_app()", Target(module="pkg", callable="create_app()")),
        ("pkg:box.app", Target(module="pkg", callable="box.app")),
        (".", Target(directory="/srv/site")),
        ("..", Target(directory="/srv")),
        ("shop/", Target(directory="/srv/site/shop")),
        ("manage.py", Target(directory="/srv/site")),
        ("src/manage.py", Target(directory="/srv/site/src")),
        ("straße:größe", Target(module="straße", callable="größe")),
    ],
)
def test_targets(text: str, target: Target) -> None:
    assert parse_target(text, "/srv/site") == target


def test_a_folder_whatever_its_name() -> None:
    assert parse_target("pkg.mod", "/srv", is_dir=True) == Target(directory="/srv/pkg.mod")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "names no application"),
        ("  ", "names no application"),
        ("a\nb", "names no application"),
        ("hello.py:", "hello.py:application"),
        ("hello.py::app", "after the colon"),
        ("pkg:make(1)", "after the colon"),
        ("shop/wsgi", "did you mean shop/wsgi.py?"),
        ("my-app", "is no module name"),
        ("pkg..mod", "is no module name"),
        ("class.mod", "is no module name"),
        ("production.ini", "get_app('production.ini')"),
        ("https://example.com", "after the colon"),
    ],
)
def test_what_is_no_target(text: str, part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        parse_target(text, "/srv/site")


@given(st.text())
def test_any_text_is_a_target_or_a_value_error(text: str) -> None:
    try:
        target = parse_target(text, "/srv/site")
    except ValueError:
        return
    assert sum(map(bool, (target.module, target.file, target.directory))) == 1
    assert all(path == "" or path.startswith("/") for path in (target.file, target.directory))
