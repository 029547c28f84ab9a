"""A deployment written by hand as tutorials show it: one nginx file, one uwsgi.ini, and the mistakes in both."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalogue.kit import ROOT, Kit, uwsgi_params
from support.stack import until

Names = Callable[..., dict[str, Any]]

INI = """[uwsgi]
socket = 127.0.0.1:{port}
chdir={project}
module=mysite.wsgi
master = true
processes=2
threads=2
max-requests=2000
chmod-socket=664
vacuum=true
daemonize = {folder}/uwsgi.log
pidfile = {folder}/uwsgi.pid
"""

CONF = """{user}
pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    {mime}
    default_type application/octet-stream;
    client_body_temp_path {folder}/t1; uwsgi_temp_path {folder}/t2; proxy_temp_path {folder}/t3;
    fastcgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{
        listen {port};
        server_name localhost;
        charset utf-8;
        access_log {folder}/nginx_access.log;
        error_log {folder}/nginx_error.log;
        client_max_body_size 75M;

        location /static {{
            alias {project}/staticroot;
        }}

        location / {{
            include {params};
            uwsgi_pass 127.0.0.1:{pass_port};
        }}
    }}
}}
"""


def write(kit: Kit, *, mime: str = "include /etc/nginx/mime.types;", pass_port: int = 0) -> tuple[Path, Path]:
    """Both files, with the whole of the tutorial's settings."""
    ini = kit.write("uwsgi.ini", INI.format(port=kit.spare, project=kit.project, folder=kit.folder))
    conf = CONF.format(
        user="user www-data;" if ROOT else "",
        folder=kit.folder,
        mime=mime,
        port=kit.port,
        project=kit.project,
        params=uwsgi_params(),
        pass_port=pass_port or kit.spare,
    )
    return ini, kit.write("destiny.conf", conf)


def start(kit: Kit, ini: Path, conf: Path) -> None:
    """The command has ended long before the uWSGI that it left in the background listens."""
    kit.uwsgi("--ini", str(ini), ready="never", log="start.out")
    until(lambda: "spawned uWSGI worker 2" in kit.log.read_text(), what="uWSGI serves in the background")
    kit.start_nginx(conf, args=("-g", "daemon off;"))


def stop(kit: Kit) -> None:
    """uWSGI went to the background: its process group is its own."""
    pid = kit.folder / "uwsgi.pid"
    if pid.exists():
        os.killpg(os.getpgid(int(pid.read_text())), 9)


def ask(kit: Kit, ini: Path, conf: Path, path: str = "/") -> dict[str, Any]:
    return kit.portico("doctor", kit.url + path, "--nginx", str(conf), "--uwsgi", str(ini))


def test_the_tutorials_files_as_they_are_work(kit: Kit) -> None:
    ini, conf = write(kit)
    try:
        start(kit, ini, conf)
        assert kit.get().status == 200
        envelope = ask(kit, ini, conf)
        assert [one["id"] for one in envelope["findings"] if one["severity"] == "error"] == []
        assert str(ini) in envelope["result"]["files"]
    finally:
        stop(kit)


def test_another_ini_was_started_than_was_written(kit: Kit, names: Names) -> None:
    ini, conf = write(kit)
    other = kit.folder / "destiny.ini"
    shutil.copy(ini, other)
    other.write_text(other.read_text().replace(f"socket = 127.0.0.1:{kit.spare}", f"socket = {kit.socket}"))
    try:
        start(kit, other, conf)
        assert kit.get().status == 502
        envelope = ask(kit, ini, conf)
        found = names(envelope, "the-started-ini-is-not-the-written-one", "uwsgi.E113")
        assert "destiny.ini" in " ".join((found["cause"], *found["evidence"]))
    finally:
        stop(kit)


def test_the_ini_that_is_started_does_not_exist(kit: Kit, names: Names) -> None:
    ini, conf = write(kit)
    kit.uwsgi("--ini", str(kit.folder / "destiny.ini"))
    kit.start_nginx(conf, args=("-g", "daemon off;"))
    assert kit.get().status == 502
    envelope = kit.portico(
        "doctor", kit.url + "/", "--nginx", str(conf), "--uwsgi", str(ini), "--log", str(kit.folder / "uwsgi.log")
    )
    assert envelope["findings"][0]["severity"] == "error"
    assert "destiny.ini" in str(envelope["findings"][0]), envelope["findings"][0]


def test_a_callable_that_returns_text(kit: Kit, names: Names) -> None:
    """The tutorial's test.py."""
    kit.write(
        "project/test_app.py",
        "def application(env, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/html')])\n"
        '    return "Hello World"\n',
    )
    kit.uwsgi("--http-socket", f"127.0.0.1:{kit.spare}", "--wsgi-file", "test_app.py", ready="spawned uWSGI worker 1")
    answer = kit.get(url=f"http://127.0.0.1:{kit.spare}")
    assert (answer.status, answer.body) == (200, b"")
    envelope = kit.portico("doctor", f"http://127.0.0.1:{kit.spare}/")
    found = names(envelope, "wsgi-returns-str", "wsgi.E123")
    assert "test_app.py" in str(found)


def test_mime_types_that_are_not_there(kit: Kit, names: Names) -> None:
    ini, conf = write(kit, mime="include mime.types;")
    kit.start_nginx(conf, args=("-g", "daemon off;"))
    envelope = ask(kit, ini, conf)
    found = envelope["findings"][0]
    assert found["severity"] == "error"
    assert "mime.types" in found["cause"] + found["title"], found
