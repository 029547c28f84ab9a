"""`portico adopt`: a hand-written pair becomes a portico.toml that runs, and what cannot be read is told and not guessed."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
import tomllib

from support.stack import ROOT, Project, Ran

#: The pair of a beginner's guide: everything in one folder, with absolute paths of another machine.
SERVER = """
server {
    listen 127.0.0.1:8765;
    server_name localhost;
    charset utf-8;
    access_log /wwwroot/destiny/nginx_access.log;
    error_log /wwwroot/destiny/nginx_error.log;
    client_max_body_size 75M;

    location /static {
        alias /wwwroot/destiny/static;
    }

    location / {
        include /etc/nginx/conf/uwsgi_params;
        uwsgi_pass 127.0.0.1:9090;
    }
}
"""
UWSGI = """
[uwsgi]
socket = 127.0.0.1:9090
chdir = /wwwroot/destiny
wsgi-file = hello.py
master = true
processes = 2
threads = 2
max-requests = 2000
chmod-socket = 664
vacuum = true
daemonize = /wwwroot/destiny/uwsgi.log
env = SHOP_SECRET_KEY=hunter2hunter2
"""
BODY_MAX = 75 << 20


@pytest.fixture
def pair(hello: Project) -> Project:
    hello.write("static/site.css", "body { color: black }")
    hello.write("destiny.conf", SERVER)
    hello.write("uwsgi.ini", UWSGI)
    return hello


def adopt(project: Project, *arguments: str) -> Ran:
    files = ["--nginx", str(project.folder / "destiny.conf"), "--uwsgi", str(project.folder / "uwsgi.ini")]
    return project.portico("adopt", *files, *arguments)


def test_the_guide_is_taken_over_and_serves(pair: Project) -> None:
    here = f"--map=/wwwroot/destiny={pair.folder}"
    seen = adopt(pair, here, "--json")
    assert not (pair.folder / "portico.toml").exists()
    assert seen.result["missing"] == []
    assert seen.result["config"]["nginx"]["client_max_body_size"] in ("75m", BODY_MAX)
    assert "hunter2" not in seen.out

    ran = adopt(pair, here, "--write")
    assert "portico.toml, written to" in ran.out
    assert "hunter2" not in ran.out + ran.err
    path = pair.folder / "portico.toml"
    config = tomllib.loads(path.read_text(encoding="utf-8"))
    assert config["listen"] == "127.0.0.1:8765"
    assert config["static"] == {"/static/": "static"}
    assert config["env"] == {"SHOP_SECRET_KEY": "hunter2hunter2"}
    assert (config["uwsgi"]["processes"], config["uwsgi"]["threads"], config["uwsgi"]["harakiri"]) == (2, 2, 0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    # The old pair still has its ports.
    with socket.socket() as old:
        old.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # somebody else's will do
            old.bind(("127.0.0.1", 9090))
            old.listen(1)
        assert pair.up().code == 0
    assert pair.get("/static/site.css").body == b"body { color: black }"
    assert pair.get("/").status == 200


def test_another_portico_toml_is_not_written_over(pair: Project) -> None:
    pair.write("portico.toml", 'name = "mine"\n')
    refused = adopt(pair, "--write", "--json")
    assert (refused.code, refused.ids[0]) == (2, "config.E035")
    assert (pair.folder / "portico.toml").read_text(encoding="utf-8") == 'name = "mine"\n'
    adopt(pair, "--write", "--force")
    first = (pair.folder / "portico.toml").read_text(encoding="utf-8")
    assert "listen" in tomllib.loads(first)
    # The same text again is no other one.
    assert adopt(pair, "--write", "--json").ids[:1] != ["config.E035"]


def test_paths_of_another_machine_are_reported(pair: Project) -> None:
    ran = adopt(pair, "--json")
    found = next(one for one in ran.json["findings"] if one["id"] == "config.W036")
    assert any("/wwwroot/destiny" in row and "uwsgi.ini:" in row for row in found["evidence"])
    assert any("--map /wwwroot=" in line for line in found["fix"])
    assert {"/wwwroot/destiny"} <= {one["path"] for one in ran.result["missing"]}


def test_the_root_of_another_machine(pair: Project, folder: Path) -> None:
    other = folder / "other"
    for name in ("wwwroot", "etc/nginx/sites-enabled", "etc/nginx/conf", "etc/uwsgi"):
        (other / name).mkdir(parents=True)
    (other / "wwwroot/destiny").symlink_to(pair.folder)
    (other / "etc/nginx/conf/uwsgi_params").write_text("uwsgi_param REGION eu;\n", encoding="utf-8")
    (other / "etc/nginx/sites-enabled/destiny").write_text(SERVER, encoding="utf-8")
    (other / "etc/nginx/nginx.conf").write_text(
        "events {}\nhttp { include /etc/nginx/sites-enabled/*; }\n", encoding="utf-8"
    )
    (other / "etc/uwsgi/destiny.ini").write_text(UWSGI, encoding="utf-8")
    files = ("--nginx", "/etc/nginx/nginx.conf", "--uwsgi", "/etc/uwsgi/destiny.ini")
    ran = pair.portico("adopt", "--json", "--root", str(other), *files)
    assert ran.result["server"]["where"].endswith("sites-enabled/destiny:2")
    assert ran.result["missing"] == []
    assert ran.result["config"]["nginx"]["uwsgi_params"] == f"{other}/etc/nginx/conf/uwsgi_params"


def test_files_are_found_in_the_folder(pair: Project) -> None:
    ran = pair.portico("adopt", "--json")
    assert ran.result["nginx"] == f"{pair.folder}/destiny.conf"
    assert ran.result["uwsgi"] == [f"{pair.folder}/uwsgi.ini"]
    (pair.folder / "destiny.conf").unlink()
    (pair.folder / "uwsgi.ini").unlink()
    nothing = pair.portico("adopt", "--json")
    assert (nothing.code, nothing.ids) == (2, ["config.E031"])


def test_one_site_of_several(pair: Project) -> None:
    other = SERVER.replace("localhost", "other.example").replace("9090", "9191").replace("8765", "8766")
    pair.write("destiny.conf", SERVER + other)
    pair.write("other.ini", UWSGI.replace("9090", "9191"))
    files = ["--nginx", f"{pair.folder}/destiny.conf"]
    files += [word for name in ("uwsgi.ini", "other.ini") for word in ("--uwsgi", f"{pair.folder}/{name}")]
    several = pair.portico("adopt", "--json", *files)
    assert (several.code, several.ids) == (2, ["config.E033"])
    assert any("--server other.example" in line for line in several.json["findings"][0]["fix"])
    one = pair.portico("adopt", "--json", *files, "--server", "other.example")
    assert one.result["uwsgi"] == [f"{pair.folder}/other.ini"]
    assert one.result["config"]["listen"] == "127.0.0.1:8766"
    assert any(line["fate"] == "left" and "uwsgi.ini" in line["where"] for line in one.result["lines"])


def _unreadable(path: Path) -> None:
    path.write_text("server { }", encoding="utf-8")
    path.chmod(0)


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("destiny.conf", lambda path: path.write_text("server {\n  listen 80\n  root /x;\n}}\n"), "destiny.conf:"),
        ("destiny.conf", lambda path: path.write_bytes(os.urandom(4096)), "destiny.conf"),
        ("destiny.conf", lambda path: path.write_text("include destiny.conf;\n"), "destiny.conf"),
        ("destiny.conf", lambda path: path.write_text("# x\n" * (10 << 18)), "larger than"),
        ("destiny.conf", lambda path: path.mkdir(), "Is a directory"),
        ("destiny.conf", lambda path: path.write_text(""), "destiny.conf"),
        ("uwsgi.json", lambda path: path.write_text('{"uwsgi": {\n "socket": ":1"\n "x": 1}}'), "uwsgi.json:3:"),
        ("uwsgi.xml", lambda path: path.write_text("<uwsgi>\n<socket>:1</sock></uwsgi>"), "uwsgi.xml:2:"),
        ("uwsgi.yaml", lambda path: path.write_text("uwsgi:\n  socket: [\n"), "uwsgi.yaml:"),
        ("uwsgi.ini", lambda path: path.write_bytes(b"[uwsgi]\nx = \x80\x00\xff\n" * 400_000), "uwsgi.ini"),
        ("uwsgi.ini", lambda path: path.mkdir(), "uwsgi.ini"),
    ],
)
def test_what_cannot_be_read_is_told(folder: Path, name: str, make: Any, says: str) -> None:
    project = Project(folder)
    make(folder / name)
    side = "--nginx" if name.endswith(".conf") else "--uwsgi"
    ran = project.portico("adopt", "--json", side, str(folder / name), timeout=60)
    assert ran.code == 2
    assert ran.json["findings"][0]["severity"] == "error"
    assert says in json.dumps(ran.json["findings"])


@pytest.mark.skipif(ROOT, reason="root may read everything")
def test_a_file_that_this_account_may_not_read(pair: Project) -> None:
    (pair.folder / "uwsgi.ini").chmod(0)
    ran = adopt(pair, "--json")
    assert ran.code == 2
    assert "uwsgi.ini" in json.dumps(ran.json["findings"][0])


def test_an_option_that_does_not_exist(pair: Project) -> None:
    pair.write("uwsgi.ini", UWSGI + "procesess = 8\n")
    ran = adopt(pair, "--json")
    line = next(one for one in ran.result["lines"] if one["text"].startswith("procesess"))
    assert line["fate"] == "left"
    assert "processes" in line["why"]
    assert line["where"].endswith(f"uwsgi.ini:{len(UWSGI.splitlines()) + 1}")


def test_what_render_wrote_makes_the_same_plan(site: Project) -> None:
    toml = (
        'listen = "127.0.0.1:8777"\nserver_name = ["a.example", "b.example"]\n'
        '[nginx]\nclient_max_body_size = "75m"\nextra_server = ["location = /ping {", "    return 204;", "}"]\n'
        "[uwsgi]\nprocesses = 3\nharakiri = 20\n"
    )
    toml += 'address = "127.0.0.1:9781"\n'
    site.write("portico.toml", toml)
    flags = ("--allow-root-app",) if ROOT else ()
    before = site.portico("config", "--json", *flags).result["plan"]
    out = site.folder / "out"
    assert site.portico("render", *flags, "--out", str(out)).code == 0
    files = ("--nginx", str(out / "nginx.conf"), "--uwsgi", str(out / "uwsgi.ini"))
    ran = site.portico("adopt", "--json", "--write", "--force", *files)
    assert [one for one in ran.result["lines"] if one["fate"] in ("left", "differs")] == []
    after = site.portico("config", "--json", *flags).result["plan"]
    # Where values come from is what an adoption changes.
    assert {key: value for key, value in after.items() if key != "origins"} == {
        key: value for key, value in before.items() if key != "origins"
    }


def test_the_project_itself_is_not_served(pair: Project) -> None:
    pair.write("destiny.conf", SERVER.replace("/wwwroot/destiny/static", f"{pair.folder}/"))
    pair.write("uwsgi.ini", UWSGI.replace("/wwwroot/destiny", str(pair.folder)))
    ran = adopt(pair, "--json")
    found = next(one for one in ran.json["findings"] if one["id"] == "config.E039")
    assert any("destiny.conf:" in row for row in found["evidence"])
    assert "/static/" not in ran.result["config"].get("static", {})
    assert ran.code == 1
