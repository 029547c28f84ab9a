"""`nginx.public`: files at the root of the site, before the application is asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from nginx_lab import FILE_ID, Application, Server, make_server_plan, stack

from portico.actions.trace.by_file import by_file
from portico.hops.nginx.reasons import arithmetic, cache_headers
from portico.hops.nginx.render import files
from portico.hops.nginx.route import candidates, route
from portico.hops.nginx.tree import tree
from portico.model.directive import Directive
from portico.model.plan import NginxBinary
from portico.system import nginx_conf

FROM_THE_APPLICATION = b"<p>from the application</p>"


@pytest.fixture
def site(nginx: NginxBinary, base: Path) -> Iterator[tuple[Server, Application]]:
    public = base / "a $b"
    for name in ("robots.txt", "assets/app.js", ".env", ".git/config", "folder/index.html"):
        (public / name).parent.mkdir(parents=True, exist_ok=True)
        (public / name).write_text(name)
    extra = ("limit_rate 10m;", "uwsgi_param MINE yes;")
    with stack(make_server_plan(base, nginx, nginx={"public": str(public), "extra_location": extra})) as pair:
        yield pair


def test_files_first_then_the_application(site: tuple[Server, Application]) -> None:
    server, application = site
    for name in ("robots.txt", "assets/app.js"):
        answer = server.ask(f"/{name}?v=1")
        assert (answer.status, answer.body) == (200, name.encode())
        assert answer["Cache-Control"] == "public, max-age=3600"
        assert FILE_ID.fullmatch(answer["X-Request-ID"] or "")
    assert application.requests == []
    for path in ("/", "/absent.txt", "/folder/", "/folder", "/.env", "/.git/config", "/assets/../.env", "/%2eenv"):
        answer = server.ask(path)
        assert (answer.status, answer.body) == (200, FROM_THE_APPLICATION), path
        assert answer["Cache-Control"] is None, path
        assert application.requests[-1].variables["REQUEST_URI"] == path
        assert application.requests[-1].variables["MINE"] == "yes"
    assert server.ask("/form", method="POST", body=b"a=1").body == FROM_THE_APPLICATION
    assert application.requests[-1].variables["REQUEST_METHOD"] == "POST"


def test_a_folder_that_is_not_there_is_no_error(nginx: NginxBinary, base: Path) -> None:
    with stack(make_server_plan(base, nginx, nginx={"public": str(base / "absent")})) as (server, _):
        assert server.ask("/robots.txt").body == FROM_THE_APPLICATION


def rendered(base: Path, public: str) -> Directive:
    plan = make_server_plan(
        base, NginxBinary("/usr/sbin/nginx", (1, 22, 1), frozenset(), "system"), nginx={"public": public}
    )
    conf = base / "nginx.conf"
    conf.write_text(files(plan)[0].text)
    root, problems = tree(nginx_conf.read(conf), str(conf))
    assert root
    assert [text for text in problems if "include" not in text and "No such file" not in text] == []
    return root


def test_the_route_is_that_of_the_file_which_is_there(tmp_path: Path) -> None:
    public = tmp_path / "public"
    public.mkdir()
    (public / "robots.txt").write_text("x")
    root = rendered(tmp_path, str(public))
    host, _, port = next(root.deep("listen")).args[0].rpartition(":")
    for path, expected in {"/robots.txt": "file", "/absent.txt": "uwsgi", "/.env": "uwsgi"}.items():
        find = partial(route, root, "http", host, int(port), "x", path)
        assert find().action == "uwsgi"
        assert by_file(find(), find, path).action == expected
    find = partial(route, root, "http", host, int(port), "x", "/robots.txt")
    assert candidates(find(), "/robots.txt") == (f"{public}/robots.txt",)
    file = by_file(find(), find, "/robots.txt")
    sum_ = arithmetic(file, "/robots.txt")
    assert sum_
    assert (sum_.file, sum_.rest, sum_.alias) == (f"{public}/robots.txt", "/robots.txt", str(public))
    assert cache_headers(file, "/robots.txt", 200) == (("Cache-Control", "public, max-age=3600"),)
