"""What Portico, the guide's nginx and uWSGI, uWSGI alone and Apache are started with."""

from __future__ import annotations

import configparser
import shlex
import subprocess
from pathlib import Path

import pytest
from bench.stacks import mod_wsgi, nginx, portico, tutorial, uwsgi
from bench.stacks.base import Ground

from portico.actions.machine import find_nginx


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    (tmp_path / "site" / "destiny").mkdir(parents=True)
    (tmp_path / "site" / "destiny" / "wsgi.py").touch()
    return Ground(
        folder=tmp_path,
        site=tmp_path / "site",
        collected=tmp_path / "site" / "collected",
        python=Path("/opt/env/bin/python"),
        environ={},
        port=18080,
        spare=18081,
        cores=3,
        nginx=Path(find_nginx("auto").path),
    )


def _options(ini: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(ini)
    return dict(parser["uwsgi"])


def test_portico_gets_a_port_and_a_python_and_nothing_that_tunes(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert shlex.join(portico.up(ground)) == "up -d --listen 127.0.0.1:18080 --python /opt/env/bin/python"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert portico.up(ground)[-1] == "--allow-root-app"


def test_the_guides_uwsgi_has_its_numbers_and_is_reached_over_tcp(ground: Ground) -> None:
    assert _options(tutorial.uwsgi_ini(ground)) == {
        "socket": "127.0.0.1:18081",
        "chdir": str(ground.site),
        "module": "destiny.wsgi",
        "master": "true",
        "processes": "2",
        "threads": "2",
        "max-requests": "2000",
        "chmod-socket": "664",
        "vacuum": "true",
        "daemonize": f"{ground.folder}/uwsgi.log",
    }


def test_nginx_takes_the_guides_configuration_and_its_files_belong_to_the_ground(ground: Ground) -> None:
    conf = ground.folder / "destiny.conf"
    conf.write_text(tutorial.nginx_conf(ground))
    (ground.folder / "mime.types").write_bytes((nginx.TEMPLATES / "mime.types").read_bytes())
    shown = subprocess.run(
        [
            ground.nginx,
            "-T",
            "-e",
            ground.folder / "log",
            "-g",
            f"pid {ground.folder}/pid; {nginx.user(ground)}",
            "-c",
            conf,
        ],
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 0, shown.stderr
    assert "uwsgi_pass  127.0.0.1:18081;" in shown.stdout
    assert f"alias {ground.collected};" in shown.stdout
    assert "worker_processes  1;" in shown.stdout


def test_uwsgi_alone_has_a_process_for_each_core_and_serves_the_files(ground: Ground) -> None:
    options = _options(uwsgi.ini(ground))
    assert options["http11-socket"] == "127.0.0.1:18080"
    assert (options["processes"], options["threads"]) == ("3", "2")
    assert options["static-map"] == f"/static={ground.collected}"


def test_apache_is_no_root_and_has_the_right_to_read_where_its_account_may_not(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert mod_wsgi.argv(ground)[:2] == ("/opt/env/bin/mod_wsgi-express", "start-server")
    assert "--user" not in mod_wsgi.argv(ground)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("bench.stacks.rights.reads", lambda account, ground: True)
    assert mod_wsgi.argv(ground)[-4] == "--user"
    assert mod_wsgi.argv(ground)[-3] != "root"
    monkeypatch.setattr("bench.stacks.rights.reads", lambda account, ground: False)
    argv = mod_wsgi.argv(ground)
    assert argv[0] == "setpriv"
    assert "--ambient-caps=+dac_read_search" in argv
    assert "--user" not in argv
    assert argv[argv.index("--processes") + 1] == "6"
