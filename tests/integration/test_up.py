"""`portico up` as a new user meets it: real nginx, real uWSGI, real projects."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portico.actions.places import places
from portico.system.sockets import free_port
from support.stack import ROOT, Project, start_project, until
from support.traffic import Traffic


def test_a_fresh_django_project_is_served_through_every_hop(site: Project, nginx: str) -> None:
    ran = site.up("--nginx", nginx)
    assert ran.code == 0, ran.out + ran.err
    assert [hop["hop"] for hop in ran.result["hops"]] == ["nginx", "uwsgi", "wsgi", "django"]
    answer = site.get("/admin/login/")
    assert answer.status == 200
    assert answer.headers["server"].startswith("nginx")
    assert len(answer.headers["x-request-id"]) >= 8
    style = site.get("/static/admin/css/base.css")
    assert (style.status, style.headers["content-type"].split(";")[0]) == (200, "text/css")
    assert site.get("/static/admin/css/no-such.css").status == 404
    before = counted(site)
    site.get("/static/admin/js/core.js")
    assert counted(site) == before, "nginx answers static files itself"


def counted(site: Project) -> int:
    """How many requests uWSGI had; a worker counts one when its answer has already arrived, and is busy until then."""
    hop = until(lambda: (now := site.hop("uwsgi")).get("busy") == 0 and now, what="every worker has counted")
    return int(hop["requests"]) if hop else 0


def test_up_writes_nothing_into_the_project_but_its_own_folder(site: Project) -> None:
    before = {path for path in site.folder.rglob("*") if "__pycache__" not in path.parts}
    assert site.up().code == 0
    after = {path for path in site.folder.rglob("*") if "__pycache__" not in path.parts}
    assert {path.relative_to(site.folder).parts[0] for path in after - before} == {".portico"}
    ignored = subprocess.run(["git", "init", "-q", str(site.folder)], check=False).returncode
    if ignored == 0:
        listed = subprocess.run(
            ["git", "-C", str(site.folder), "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True
        )
        assert ".portico" not in listed.stdout


def test_status_shows_processes_workers_and_sockets_and_down_ends_them(site: Project) -> None:
    site.up()
    site.get("/admin/login/")
    status = site.status()
    assert status.code == 0
    hops = {hop["hop"]: hop for hop in status.result["hops"]}
    assert hops["nginx"]["pid"] in hops["nginx"]["pids"]
    assert hops["uwsgi"]["busy"] + hops["uwsgi"]["idle"] == len(hops["uwsgi"]["workers"]) >= 2
    assert counted(site) >= 2
    assert hops["uwsgi"]["rss_bytes"] > 10_000_000
    assert hops["django"]["settings"] == "mysite.settings"
    assert site.portico("status").out.count("worker") >= 2
    down = site.portico("down", "--json")
    assert down.code == 0
    assert "nginx" in down.result["stopped"]
    assert not site.status().result["running"]
    assert site.portico("down", "--json").result["stopped"] == []
    with pytest.raises(OSError):
        site.get("/")


def test_a_single_wsgi_file_named_by_the_user(hello: Project, nginx: str) -> None:
    ran = hello.up("hello.py", "--nginx", nginx)
    assert ran.code == 0, ran.out + ran.err
    data = json.loads(hello.get("/some/path").body)
    assert data["path"] == "/some/path"
    assert data["cwd"] == str(hello.folder)
    assert json.loads(hello.get("/x", X_Request_ID="abcdef-123456").body)["rid"] == "abcdef-123456"


def test_a_flask_application_named_as_module_and_callable(folder: Path) -> None:
    project = Project(folder / "shop")
    project.write("shop/__init__.py", "")
    project.write(
        "shop/web.py",
        "from flask import Flask\n\nsite = Flask(__name__)\n\n@site.get('/')\ndef home():\n    return 'flask'\n",
    )
    assert project.up("shop.web:site").code == 0
    assert project.get("/").body == b"flask"


def test_without_nginx_uwsgi_serves_http_and_static_files(site: Project) -> None:
    ran = site.up("--front", "none")
    assert ran.code == 0, ran.out + ran.err
    assert [hop["hop"] for hop in ran.result["hops"]] == ["uwsgi", "wsgi", "django"]
    assert site.get("/admin/login/").status == 200
    style = site.get("/static/admin/css/base.css")
    assert (style.status, style.headers["content-type"].split(";")[0]) == (200, "text/css")


def test_a_project_one_level_down_is_found(folder: Path) -> None:
    start_project(folder / "repo" / "backend")
    project = Project(folder / "repo")
    assert project.up().code == 0
    assert project.get("/admin/login/").status == 200


def test_a_second_up_says_so_and_a_changed_configuration_is_applied(site: Project) -> None:
    first = site.up()
    again = site.portico("up", "-d", "--json")
    assert again.code == 0
    assert again.result["changed"] is False
    assert again.result["url"] == first.result["url"], "the port of the first up stays"
    site.write("portico.toml", "[uwsgi]\nprocesses = 3\n")
    changed = site.portico("up", "-d", "--json")
    assert changed.code == 0, changed.out + changed.err
    assert changed.result["changed"] is True
    assert len(site.hop("uwsgi")["workers"]) == 3
    assert changed.result["release"] == first.result["release"] + 1
    site.write("portico.toml", '[uwsgi]\nprocesses = 3\n[nginx]\nclient_max_body_size = "1k"\n')
    assert site.portico("up", "-d", "--json").code == 0
    assert site.get("/admin/login/", method="POST", body=b"x" * 5000).status == 413


def test_restart_loads_new_code_and_a_broken_one_changes_nothing(hello: Project) -> None:
    hello.up("hello.py")
    source = (hello.folder / "hello.py").read_text()
    hello.write("hello.py", source.replace('"one"', '"second"'))
    ran = hello.portico("restart", "--json")
    assert ran.code == 0, ran.out + ran.err
    assert json.loads(hello.get("/").body)["version"] == "second"
    hello.write("hello.py", "import nonexistent_thing\n")
    broken = hello.portico("restart", "--json")
    assert broken.code in (2, 4)
    assert "nonexistent_thing" in broken.out
    assert json.loads(hello.get("/").body)["version"] == "second"


def test_a_taken_port_names_its_holder(site: Project) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        flags = ["--allow-root-app"] if ROOT else []
        ran = site.portico("up", "-d", "--json", "--listen", str(port), *flags)
    assert ran.code == 2
    finding = ran.json["findings"][0]
    assert finding["id"] == "nginx.E004"
    assert "pytest" in finding["evidence"][0] or "python" in finding["evidence"][0]
    assert any("--listen auto" in line for line in finding["fix"])
    assert not site.status().result["running"]


def test_two_stacks_side_by_side_do_not_meet(folder: Path) -> None:
    projects = []
    for name in ("one", "two"):
        project = Project(folder / name)
        project.write("app.py", f"def application(e, s):\n    s('200 OK', [])\n    return [b'{name}']\n")
        assert project.up("app.py").code == 0
        projects.append(project)
    assert [project.get("/").body for project in projects] == [b"one", b"two"]
    assert projects[0].portico("down").code == 0
    assert projects[1].get("/").body == b"two"


def test_the_environment_reaches_the_application_but_no_output(hello: Project) -> None:
    hello.write("portico.toml", '[env]\nTOKEN = "s3cret-value"\n')
    ran = hello.up("hello.py")
    assert json.loads(hello.get("/").body)["token"] == "s3cret-value"
    shown = ran.out + hello.portico("config").out + hello.portico("config", "--json").out + hello.status().out
    assert "s3cret-value" not in shown
    # What root's stack writes lies elsewhere.
    where = places(hello.folder)
    written = [path for folder in (where.dot, where.state) for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "uwsgi.ini" for path in written)
    for path in written:
        assert "s3cret-value" not in path.read_text(errors="replace"), path


def test_an_application_that_answers_500_is_up_with_a_finding(folder: Path) -> None:
    project = Project(start_project(folder / "site"))
    view = "def home(request):\n    raise ValueError('no luck')\n"
    project.write("mysite/urls.py", f"from django.urls import path\n\n{view}\nurlpatterns = [path('', home)]\n")
    ran = project.up()
    assert ran.code == 1
    assert ran.json["findings"][0]["id"] == "django.E021"
    assert "no luck" in ran.json["findings"][0]["cause"]
    assert project.get("/").status == 500


def test_foreground_up_follows_the_logs_and_stops_at_ctrl_c(hello: Project) -> None:
    with in_foreground(hello) as process:
        assert hello.get("/at-once").status == 200
        assert any("/at-once" in line for line in process.stdout or ()), "what is logged from its last line on is shown"
        process.send_signal(signal.SIGINT)
        ended(hello, process)


def test_ctrl_c_right_after_the_last_line_of_a_foreground_up_stops_the_stack(hello: Project) -> None:
    with in_foreground(hello) as process:
        process.send_signal(signal.SIGINT)
        ended(hello, process)


def test_foreground_up_in_the_background_outlives_its_terminal(hello: Project) -> None:
    with in_foreground(hello, "nohup") as process:
        process.send_signal(signal.SIGHUP)
        assert hello.get("/after").status == 200
        assert any("/after" in line for line in process.stdout or ())
        process.send_signal(signal.SIGTERM)
        ended(hello, process)


def test_whoever_reads_no_further_does_not_stop_the_work(hello: Project) -> None:
    """As `portico up -d 2>&1 | head -1` does."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "portico", "-C", str(hello.folder), "up", "-d", "hello.py", "--listen", "auto"]
    flags = ["--allow-root-app"] if ROOT else []
    ran = subprocess.run([*command, *flags], stdout=writing, stderr=writing, timeout=90, check=False)
    os.close(writing)
    assert ran.returncode == 141
    assert hello.status().result["running"]


@contextmanager
def in_foreground(project: Project, *before: str) -> Iterator[subprocess.Popen[str]]:
    """`portico up` without -d, when it has said that the site is up."""
    address = f"127.0.0.1:{free_port()}"
    project.url = f"http://{address}"
    flags = ["--listen", address, *(["--allow-root-app"] if ROOT else [])]
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "portico", "-C", str(project.folder), "up", "hello.py", *flags],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    # What waits for a line that never comes would wait for ever.
    watch = threading.Timer(90, process.kill)
    watch.start()
    try:
        assert any("down" in line for line in process.stdout or ())
        yield process
    finally:
        watch.cancel()
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def ended(project: Project, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert "Stopped" in process.stdout.read()
    assert process.wait(30) == 0
    assert not project.status().result["running"]


def test_bodies_of_every_size_arrive_read_or_not(hello: Project) -> None:
    source = (hello.folder / "hello.py").read_text()
    hello.write(
        "hello.py",
        source.replace(
            "    body = environ", '    if path == "/unread":\n        environ["CONTENT_LENGTH"] = "0"\n    body = environ'
        ),
    )
    assert hello.up("hello.py").code == 0
    for size in (1, 60_000, 65_536, 65_537, 3_000_000):
        read = hello.get("/", method="POST", body=b"x" * size)
        assert (read.status, json.loads(read.body)["length"]) == (200, size)
        for _ in range(5):
            unread = hello.get("/unread", method="POST", body=b"x" * size)
            assert (unread.status, json.loads(unread.body)["length"]) == (200, 0), size


def test_requests_that_end_beside_an_upload_do_not_end_its_worker(hello: Project) -> None:
    hello.write("portico.toml", "[uwsgi]\nprocesses = 1\nthreads = 4\n")
    assert hello.up("hello.py").code == 0
    pid = json.loads(hello.get("/").body)["pid"]
    with Traffic(int(hello.url.rsplit(":", 1)[1].strip("/")), pause_s=0.001) as traffic:
        for _ in range(40):
            answer = hello.get("/", method="POST", body=b"x" * 8_000_000)
            assert (answer.status, json.loads(answer.body)["pid"]) == (200, pid)
    assert traffic.failures == []
