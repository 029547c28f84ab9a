"""Commands as values, and what the real nginx makes of them."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from pathlib import Path

import pytest
from nginx_lab import binary, make_server_plan, serving, settle, stack, wait_for, write

from portico.hops.nginx import commands
from portico.hops.nginx.facts import emerg_reason
from portico.model.command import Command
from portico.model.plan import NginxBinary
from support.plans import make_plan


def test_build_info() -> None:
    command = commands.build_info("/opt/nginx")
    assert command == Command(("/opt/nginx", "-V"), why="ask nginx for its version and modules", timeout_s=10.0)


@pytest.mark.parametrize(
    ("version", "switch"), [((1, 19, 5), True), ((1, 31, 3), True), ((1, 19, 4), False), ((1, 18, 0), False)]
)
def test_the_error_log_switch_only_where_nginx_knows_it(version: tuple[int, int, int], switch: bool) -> None:
    plan = make_plan("/srv/d", binary={"version": version})
    prefix = ("-p", "/srv/d/.portico/")
    stderr, log = (("-e", "stderr"), ("-e", "/srv/d/.portico/log/nginx.log")) if version >= (1, 19, 5) else ((), ())
    assert commands.prove(plan, "/c").argv == ("/usr/sbin/nginx", "-t", "-q", *prefix, *stderr, "-c", "/c")
    assert commands.serve_argv(plan, "/c") == ("/usr/sbin/nginx", *prefix, *log, "-g", "daemon off;", "-c", "/c")


def test_no_nginx_in_the_plan() -> None:
    with pytest.raises(ValueError, match="no nginx"):
        commands.serve_argv(make_plan(front="none"), "/c")


def prove(plan: object, conf: str) -> subprocess.CompletedProcess[str]:
    command = commands.prove(plan, conf)  # type: ignore[arg-type]
    return subprocess.run(command.argv, capture_output=True, text=True, timeout=command.timeout_s, check=False)


def test_a_refusal_names_the_place(nginx: NginxBinary, base: Path) -> None:
    plan = settle(make_server_plan(base, nginx, nginx={"extra_server": ("uwsgi_passs x;",)}))
    conf = write(plan)
    outcome = prove(plan, conf)
    reason = emerg_reason(outcome.stderr)
    assert outcome.returncode == 1
    assert reason is not None
    assert (reason.message, reason.file) == ('unknown directive "uwsgi_passs"', conf)
    lines = Path(conf).read_text().splitlines()
    assert lines[(reason.line or 0) - 1].strip() == "uwsgi_passs x;"


def test_a_missing_folder_is_named_with_its_error_number(nginx: NginxBinary, base: Path) -> None:
    plan = settle(make_server_plan(base, nginx))
    conf = write(plan)
    Path(plan.paths.tmp).rmdir()
    reason = emerg_reason(prove(plan, conf).stderr)
    assert reason is not None
    assert (reason.errno, plan.paths.tmp in reason.message) == (2, True)


def test_a_port_in_use_passes_the_test_and_is_the_reason_of_the_start(nginx: NginxBinary, base: Path) -> None:
    with serving(make_server_plan(base, nginx)) as first:
        plan, conf = first.plan, f"{first.plan.paths.conf}/nginx.conf"
        assert prove(plan, conf).returncode == 0
        argv = commands.serve_argv(plan, conf)
        second = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    reason = emerg_reason(second.stderr)
    assert second.returncode == 1
    assert reason is not None
    assert (reason.errno, str(plan.listen) in str(reason)) == (98, True)


def test_the_files_run_by_themselves(nginx: NginxBinary, base: Path) -> None:
    """`nginx -c` and no more, from a folder of its own, goes to the background and serves."""
    with stack(make_server_plan(base, nginx)) as (server, _):
        plan = server.plan
    settle(plan)
    (Path(plan.paths.static) / "x.txt").write_text("standing alone")
    pid_file = Path(plan.paths.run, "nginx.pid")
    pid_file.unlink(missing_ok=True)
    environ = {name: value for name, value in os.environ.items() if name != "NGINX"}
    argv = (nginx.path, "-c", f"{plan.paths.conf}/nginx.conf")
    subprocess.run(argv, check=True, timeout=10, cwd=base, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # The parent is gone before its child has written the file.
    pid = int(wait_for(lambda: pid_file.read_text() if pid_file.exists() else "", bool))
    try:
        with urllib.request.urlopen(f"{plan.listen.url}static/x.txt", timeout=10) as answer:
            assert answer.read() == b"standing alone"
    finally:
        os.kill(pid, 15)
        wait_for(pid_file.exists, lambda there: not there)
    assert {path.name for path in base.iterdir()} <= {".portico", "run", "media"}, "nothing dropped where it was started"


def test_a_binary_says_what_it_is(nginx: NginxBinary) -> None:
    assert binary(nginx.path) == nginx
    assert nginx.version >= (1, 18, 0)
