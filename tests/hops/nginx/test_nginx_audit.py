"""gixy on real configurations: ours have no issue; those that somebody got wrong have the right one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from test_nginx_golden import PLANS

from portico.hops.nginx import audit
from portico.hops.nginx.render import files
from portico.hops.nginx.trace_map import trace_map
from portico.model.command import Command, Outcome
from portico.model.finding import CouldNotTell, Finding
from portico.model.plan import Plan

SERVER = "events {{}}\nhttp {{\n  server_tokens off;\n  server {{\n    listen 80;\n    {line}\n  }}\n}}\n"


def outcome(conf: Path) -> Outcome:
    command = audit.command(sys.executable, str(conf), str(conf.parent))
    done = subprocess.run(command.argv, cwd=command.cwd, capture_output=True, text=True, timeout=60, check=False)
    return Outcome(command, done.returncode, done.stdout, done.stderr, 0.0)


def judged(conf: Path) -> list[Finding]:
    found = audit.issues(outcome(conf))
    assert isinstance(found, tuple), found
    return audit.judge(found, audit.as_written)


@pytest.mark.parametrize("build", PLANS, ids=lambda build: build.__name__)
def test_what_portico_writes_has_no_issue(build: Callable[[str], Plan], tmp_path: Path) -> None:
    """The raw lines of one of these plans are the user's; gixy's word on them is the user's too."""
    plan = build("/srv/destiny")
    plan = replace(plan, paths=replace(plan.paths, run=str(tmp_path)))
    for file in (*files(plan), trace_map(str(tmp_path), "0" * 32)):
        (tmp_path / file.path).write_text(file.text, encoding="utf-8")
    asked = outcome(tmp_path / "nginx.conf")
    found = audit.issues(asked)
    assert isinstance(found, tuple)
    # $portico_backend is the name of an upstream or a unix socket: there is nothing to resolve.
    others = [issue for issue in found if not (issue.plugin == "missing_resolver" and "uwsgi_pass" in issue.reason)]
    assert (others, audit.unread(asked)) == ([], ())


@pytest.mark.parametrize(
    ("line", "plugin", "expected"),
    [
        ("location /files { alias /srv/files/; }", "alias_traversal", "nginx.E081"),
        ("location /to { proxy_pass http://$arg_host; }", "ssrf", "nginx.E081"),
        ("location / { return 301 http://example.com$uri; }", "http_splitting", "nginx.E081"),
        ("location / { proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:1; }", "host_spoofing", "nginx.W082"),
        ("add_header X-A a; location / { add_header X-B b; return 204; }", "add_header_redefinition", "nginx.I083"),
        ("server_tokens on;", "version_disclosure", "nginx.W082"),
    ],
)
def test_what_somebody_got_wrong(line: str, plugin: str, expected: str, tmp_path: Path) -> None:
    conf = tmp_path / "site.conf"
    conf.write_text(SERVER.format(line=line))
    found = {finding.title.split(":")[1].strip(): finding for finding in judged(conf)}
    assert found[plugin].id == expected, found
    assert found[plugin].certainty == "likely"
    assert found[plugin].evidence[0].startswith(f"{conf}:6: gixy, {plugin}")
    assert any("https://gixy." in fix for fix in found[plugin].fix)


def test_no_answer_is_told_and_is_no_pass(tmp_path: Path) -> None:
    missing = audit.issues(outcome(tmp_path / "nowhere.conf"))
    assert isinstance(missing, CouldNotTell)
    command = Command(("gixy",), "", 1.0)
    late = audit.issues(Outcome(command, -9, "", "noise\n", 1.0, timed_out=True))
    assert late == CouldNotTell("nginx.gixy", "it did not end in time")
    gone = audit.issues(Outcome(command, 1, "", "a\n/usr/bin/python: No module named gixy\n", 0.1))
    assert gone == CouldNotTell("nginx.gixy", "/usr/bin/python: No module named gixy")
    assert isinstance(audit.issues(Outcome(command, 0, '{"a": 1}', "", 0.1)), CouldNotTell)


def test_a_file_that_gixy_cannot_find_is_told(tmp_path: Path) -> None:
    conf = tmp_path / "site.conf"
    conf.write_text(SERVER.format(line="include absent.conf;"))
    (told,) = audit.unread(outcome(conf))
    assert (told.check, "absent.conf" in told.reason) == ("nginx.gixy", True)
