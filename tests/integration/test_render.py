"""`portico render`: files that run without Portico."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from portico.system.accounts import by_uid, can_enter
from portico.system.sockets import free_port
from support.stack import ROOT, Project, clean_environ, until
from support.traffic import can_bind

NAMES = {"nginx.conf", "uwsgi.ini", "uwsgi_params", "mime.types"}
FLAGS = ["--allow-root-app"] if ROOT else []


def _render(project: Project, out: Path, *flags: str) -> list[str]:
    """Render into `out` for a free port; returns the commands it says to run."""
    port = free_port()
    project.url = f"http://127.0.0.1:{port}/"
    target = [] if (project.folder / "manage.py").exists() else ["hello.py"]
    ran = project.portico("render", *target, "--json", "--out", str(out), "--listen", str(port), *flags, *FLAGS)
    assert ran.code == 0, ran.out + ran.err
    assert ran.result["out"] == str(out)
    assert {path.name for path in out.iterdir()} >= NAMES
    return list(ran.result["run"])


@contextmanager
def _served(out: Path, nginx: list[str], uwsgi: list[str] | None = None) -> Iterator[None]:
    """uWSGI and a daemonizing nginx from the files in `out`, started by hand and stopped by hand."""
    uwsgi = uwsgi or [str(Path(sysconfig.get_path("scripts")) / "uwsgi"), "--ini", str(out / "uwsgi.ini")]
    with subprocess.Popen(uwsgi, env=clean_environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until(lambda: list(out.rglob("stats.sock")), what="uWSGI has loaded the application")
            subprocess.run(nginx, check=True, timeout=20, env=clean_environ())
            try:
                yield
            finally:
                subprocess.run([*nginx, "-s", "quit"], check=True, timeout=20, env=clean_environ())
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)
    until(lambda: not _masters(out), what="nginx has ended")


def _masters(out: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if f"-c {out}/nginx.conf" in " ".join(_command(process))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize("name", ["out", "a folder with spaces"])
def test_the_files_stand_alone(site: Project, nginx: str, name: str) -> None:
    static = site.write("assets/a.txt", "a file\n").parent
    site.write("portico.toml", f'[static]\n"/static/" = "{static}"\n')
    out = site.folder.parent / name
    commands = _render(site, out, "--nginx", nginx)
    for path in filter(Path.is_file, out.iterdir()):
        text = path.read_text()
        assert ".portico" not in text, f"{path.name} needs nothing of Portico's"
        assert "/var/lib/portico" not in text
        assert "/run/portico" not in text
    binary = shlex.split(commands[-1])
    assert binary[-1] == str(out / "nginx.conf")
    with _served(out, binary):
        answer = site.get("/admin/login/")
        assert answer.status == 200
        assert answer.headers["server"].startswith("nginx")
        file = site.get("/static/a.txt")
        assert (file.status, file.body) == (200, b"a file\n")
        assert "cache-control" in file.headers
    port = int(site.url.rsplit(":", 1)[1].strip("/"))
    until(lambda: can_bind(port), what="the port is free")
    assert not list(out.glob("*.sock")), "vacuum removes the sockets"
    assert not (site.folder / ".portico").exists(), "nothing was started, and nothing is left in the project"


def test_every_command_it_prints_runs_in_a_shell(site: Project) -> None:
    out = site.folder.parent / "out with 'quotes'"
    uwsgi, nginx = _render(site, out)
    with _served(out, ["sh", "-c", f'{nginx} "$@"', "nginx"], ["sh", "-c", f"exec {uwsgi}"]):
        assert site.get("/admin/login/").status == 200


@pytest.mark.skipif(not ROOT, reason="only root renders for somebody else")
def test_root_renders_for_the_owner_of_the_project(hello: Project) -> None:
    nobody = pwd.getpwnam("nobody")
    if can_enter(by_uid(nobody.pw_uid), Path(os.path.realpath(sys.executable)).parent):
        pytest.skip(f"nobody may not run {sys.executable}")
    for path in (hello.folder, *hello.folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    out = hello.folder.parent / "out"
    _, nginx = _render(hello, out)
    with _served(out, shlex.split(nginx)):
        answer = json.loads(hello.get("/").body)
        assert answer["uid"] == nobody.pw_uid


def test_a_python_without_a_uwsgi_of_its_own_is_told_how_to_have_one(hello: Project) -> None:
    assert (
        hello.portico("render", "hello.py", "--json", "--out", str(hello.folder.parent / "with"), *FLAGS).result["install"]
        == ""
    )
    bare = hello.folder.parent / "bare"
    venv.create(bare)
    python, out = str(bare / "bin" / "python"), str(hello.folder.parent / "out")
    ran = hello.portico("render", "hello.py", "--json", "--out", out, "--python", python, *FLAGS)
    assert ran.result["install"] == f"{python} -m pip install pyuwsgi"
    assert (
        f"{python} -m pip install pyuwsgi"
        in hello.portico("render", "hello.py", "--out", out, "--python", python, *FLAGS).out
    )


def test_without_a_folder_it_prints_and_writes_nothing(site: Project) -> None:
    before = sorted(path for path in site.folder.rglob("*") if "__pycache__" not in path.parts)
    ran = site.portico("render", "--json", *FLAGS)
    assert ran.code == 0, ran.out
    assert set(ran.result["files"]) >= NAMES
    assert "uwsgi_pass" in ran.result["files"]["nginx.conf"]
    text = site.portico("render", *FLAGS).out
    assert all(f"# ---- {name}" in text for name in NAMES)
    assert sorted(path for path in site.folder.rglob("*") if "__pycache__" not in path.parts) == before


def test_variables_that_uwsgi_is_to_be_given_are_named(site: Project) -> None:
    site.write(
        "portico.toml",
        'env_files = ["site.env"]\n[env]\nSHOP_TOKEN = "hush-hush"\nDJANGO_SETTINGS_MODULE = "mysite.settings"\n',
    )
    site.write("site.env", "SHOP_URL=db://a:hush-hush@b/\n")
    out = site.folder.parent / "out"
    ran = site.portico("render", "--json", "--out", str(out), *FLAGS)
    assert ran.result["environ"] == ["SHOP_TOKEN", "SHOP_URL"]
    shown = [site.portico("render", *where, *FLAGS).out for where in ((), ("--out", str(out)))]
    assert all("in no file: SHOP_TOKEN SHOP_URL" in text for text in shown)
    assert "hush" not in ran.out + "".join(shown) + "".join(path.read_text() for path in out.glob("*.*") if path.is_file())


def test_it_refuses_what_cannot_run(site: Project) -> None:
    deep = site.folder.parent / ("d" * 60) / ("e" * 60)
    ran = site.portico("render", "--json", "--out", str(deep), *FLAGS)
    assert (ran.code, ran.ids) == (2, ["uwsgi.E003"]) or "socket" in ran.out, ran.out
    assert not deep.exists()
    site.write("portico.toml", '[nginx]\nextra_server = ["no_such_thing on;"]\n')
    broken = site.portico("render", "--json", "--out", str(site.folder.parent / "out"), *FLAGS)
    assert broken.code == 2
    assert "no_such_thing" in broken.json["findings"][0]["cause"]


def test_rendering_beside_a_running_stack_disturbs_nothing(hello: Project) -> None:
    assert hello.up("hello.py").code == 0
    before = hello.status().result
    out = hello.folder.parent / "out"
    ran = hello.portico("render", "--json", "--out", str(out), "--listen", str(free_port()))
    assert ran.code == 0, ran.out
    after = hello.status().result
    assert after["release"] == before["release"]
    assert after["hops"][0]["pids"] == before["hops"][0]["pids"]
    assert hello.get("/").status == 200
