"""Release hooks: run once, before anything of the release goes live; the first that fails stops it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from portico.actions.places import places
from support.stack import ROOT, Project, until

APP = """
from pathlib import Path

with Path("started").open("a") as log:
    print("load", file=log)


def application(environ, start_response):
    start_response("200 OK", [])
    return [b"%s"]
"""


@pytest.fixture
def one(folder: Path) -> Project:
    """An application that is not yet up."""
    project = Project(folder / "app")
    project.write("app.py", APP % "one")
    return project


def hooks(project: Project, *wanted: str | list[str], timeout: str = "1m") -> None:
    project.write("portico.toml", f'[release]\nhook_timeout = "{timeout}"\nhooks = {json.dumps(wanted)}\n')


def log_of(project: Project, number: int) -> Path:
    return places(project.folder).release_dir(number) / "hooks.log"


def refused(project: Project) -> dict[str, object]:
    """The finding that stopped a reload; the first release serves on, and no instance of another was started."""
    ran = project.portico("reload", "--json")
    assert ran.code == 4, ran.out + ran.err
    assert project.get("/").body == b"one"
    status = project.status()
    assert (status.code, status.result["release"]) == (0, 1), status.out
    return dict(ran.json["findings"][0])


def alive(path: Path) -> bool:
    """Whether the process whose id is in that file lives."""
    try:
        state = Path(f"/proc/{path.read_text().strip()}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


def test_hooks_run_once_for_each_release_and_what_they_say_is_kept_and_shown(one: Project) -> None:
    hooks(one, ["sh", "-c", "echo run >>runs; echo to you; echo 'and an error' >&2"], "python -c 'print(1 + 1)'")
    assert one.up("app.py").code == 0
    assert (one.folder / "runs").read_text() == "run\n"
    text = log_of(one, 1).read_text()
    assert [line for line in text.splitlines() if line[0] != "#"] == ["to you", "and an error", "2"]
    assert stat.S_IMODE(log_of(one, 1).stat().st_mode) == 0o600
    ran = one.portico("reload")
    assert ran.code == 0, ran.out + ran.err
    for said in ("to you", "and an error", "hook: python -c 'print(1 + 1)'"):
        assert said in ran.out + ran.err
    assert (one.folder / "runs").read_text() == "run\nrun\n"
    unchanged = one.portico("up", "-d", "--json")
    assert unchanged.result["changed"] is False, "a hook's own files are no new code"
    recorded = one.portico("releases", "--json").result["releases"][0]["hooks"]
    assert [(hook["argv"][0], hook["code"]) for hook in recorded] == [("sh", 0), ("python", 0)]


def test_secrets_of_the_environment_are_masked(one: Project) -> None:
    one.write(".env", "API_PASSWORD=correct-horse-battery\n")
    hooks(one, ["sh", "-c", "echo password is $API_PASSWORD; exit 3"])
    ran = one.up("app.py")
    assert ran.code == 4, ran.out + ran.err
    assert "password is" in ran.out
    assert "correct-horse-battery" not in ran.out + ran.err + log_of(one, 1).read_text()


def test_a_hook_that_fails_stops_the_release_before_its_instance_is_started(one: Project) -> None:
    assert one.up("app.py").code == 0
    before = (one.folder / "started").read_text().count("load")
    one.write("app.py", APP % "two")
    hooks(one, "true", ["sh", "-c", "echo no such table; exit 7"], ["sh", "-c", "touch never"])
    found = refused(one)
    assert "exit code 7" in str(found["cause"]) and "no such table" in str(found["cause"])
    assert found["evidence"] == ["no such table"]
    assert not (one.folder / "never").exists()
    # The inspection imports the application as well; uWSGI must not have.
    assert (one.folder / "started").read_text().count("load") <= before + 1
    assert not list(places(one.folder).run.glob("programs/uwsgi-2*.conf"))
    failed = one.portico("releases", "--json").result["releases"][0]
    assert failed["state"] == "failed" and "exit code 7" in failed["failed"]
    hooks(one, "true")
    assert one.portico("reload", "--json").code == 0
    assert one.get("/").body == b"two"


def test_a_program_that_is_not_there_is_named(one: Project) -> None:
    assert one.up("app.py").code == 0
    hooks(one, "no-such-program --all")
    assert "there is no program 'no-such-program'" in str(refused(one)["cause"])
    hooks(one, "./no-such-script")
    assert "no-such-script" in str(refused(one)["cause"])
    script = one.write("not-executable", "#!/bin/sh\n")
    script.chmod(0o644)
    hooks(one, "./not-executable")
    assert "not-executable" in str(refused(one)["cause"])


def test_a_hook_that_takes_too_long_is_killed_with_all_it_started(one: Project) -> None:
    assert one.up("app.py").code == 0
    hooks(one, ["sh", "-c", "sleep 600 & echo $! >child; echo started; wait"], timeout="5s")
    found = refused(one)
    assert "was not done in 5 s" in str(found["cause"])
    assert found["evidence"] == ["started"]
    until(lambda: not alive(one.folder / "child"), what="the hook's child has ended")


def test_what_a_hook_leaves_in_the_background_neither_hangs_nor_outlives_it(one: Project) -> None:
    hooks(one, ["sh", "-c", "sleep 600 & echo $! >child; echo done"], timeout="5m")
    assert one.up("app.py", timeout=120).code == 0
    until(lambda: not alive(one.folder / "child"), what="what it left has ended")


def test_a_background_process_that_goes_on_talking_does_not_keep_the_release_waiting(one: Project) -> None:
    hooks(one, ["sh", "-c", "yes & echo $! >child; exit 0"], timeout="5m")
    assert one.up("app.py", timeout=120).code == 0
    until(lambda: not alive(one.folder / "child"), what="what it left has ended")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_a_hook_and_leaves_what_was_live(one: Project, number: signal.Signals) -> None:
    assert one.up("app.py").code == 0
    hooks(one, ["sh", "-c", "echo $$ >child; sleep 600 & wait"], timeout="5m")
    command = [sys.executable, "-m", "portico", "-C", str(one.folder), "reload", "--json"]
    reload = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    until(lambda: (one.folder / "child").read_text().strip())
    assert alive(one.folder / "child")
    reload.send_signal(number)
    reload.communicate(timeout=120)
    assert reload.returncode != 0
    until(lambda: not alive(one.folder / "child"), what="the hook has ended")
    assert one.get("/").body == b"one"
    hooks(one)
    assert one.portico("reload", "--json").code == 0


def test_a_hook_that_never_stops_talking_does_not_fill_the_disk(one: Project) -> None:
    hooks(one, ["sh", "-c", "yes 'the same line again and again' | head -c 30000000; echo the end"], timeout="5m")
    ran = one.up("app.py", timeout=240)
    assert ran.code == 0, ran.out[-500:]
    assert 100_000 < log_of(one, 1).stat().st_size < 6 << 20
    assert "exit 0" in log_of(one, 1).read_text()


def test_no_shell_reads_a_hook(one: Project) -> None:
    for hook in ("npm ci && npm run build", "cat a | b", "echo 'open", ""):
        hooks(one, hook)
        ran = one.up("app.py")
        assert ran.code == 2, ran.out + ran.err
        assert ran.json["findings"][0]["fix"]
    assert not one.status().result["running"]
    hooks(one, "echo $HOME;true")
    assert one.up("app.py").code == 0
    assert "$HOME;true" in log_of(one, 1).read_text()


def test_a_hook_knows_its_release(one: Project) -> None:
    hooks(one, ["sh", "-c", 'echo "$PORTICO_RELEASE $PORTICO_PREVIOUS_RELEASE." >>known; pwd >>known'])
    assert one.up("app.py").code == 0
    assert one.portico("reload", "--json").code == 0
    assert (one.folder / "known").read_text().splitlines() == ["1 .", str(one.folder), "2 1.", str(one.folder)]


def test_migrate_makes_the_tables_before_the_first_request(site: Project) -> None:
    hooks(site, "manage.py migrate --noinput")
    views = (
        "from django.contrib.auth.models import User\nfrom django.http import HttpResponse\nfrom django.urls import path\n"
    )
    site.write(
        "mysite/urls.py",
        f"{views}urlpatterns = [path('', lambda request: HttpResponse(str(User.objects.count())))]\n",
    )
    ran = site.up()
    assert ran.code == 0, ran.out + ran.err
    assert site.get("/").body == b"0"
    assert "Applying auth.0001_initial" in log_of(site, 1).read_text()


@pytest.mark.skipif(not ROOT, reason="only root can become the project's owner")
@pytest.mark.skipif(
    any(not path.stat().st_mode & 0o001 for path in Path(sys.executable).resolve().parents),
    reason="another account cannot run this Python",
)
def test_as_root_hooks_run_as_the_projects_owner(one: Project) -> None:
    hooks(one, ["sh", "-c", "id -un; touch made"])
    account = pwd.getpwnam("nobody")
    for path in (one.folder, *one.folder.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)
    ran = one.portico("up", "-d", "--json", "--listen", "auto", "app.py")
    assert ran.code == 0, ran.out + ran.err
    assert "nobody" in log_of(one, 1).read_text().splitlines()
    assert (one.folder / "made").stat().st_uid == account.pw_uid
    assert log_of(one, 1).stat().st_uid == 0


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_a_hook_knows_the_commit(one: Project) -> None:
    git = ["git", "-C", str(one.folder), "-c", "user.name=n", "-c", "user.email=e@example.com"]
    hooks(one, ["sh", "-c", "echo revision=$PORTICO_REVISION"])
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert one.up("app.py").code == 0
    assert f"revision={head}" in log_of(one, 1).read_text()
