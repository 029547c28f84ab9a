"""Folders with names that nginx, uWSGI, supervisord or a shell would take for something else: they work or are refused."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from portico.system.sockets import free_port
from support.bad_input import APP, clean_up, django, refused, untouched
from support.stack import ROOT, Project

URLS = """
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.urls import path


def upload(request):
    name = default_storage.save("na\\u00efve name.txt", ContentFile(request.body))
    return HttpResponse(default_storage.url(name))


urlpatterns = [path("", lambda request: HttpResponse("a page")), path("upload", upload)]
"""
SETTINGS = """
MIDDLEWARE = []
STATIC_ROOT = BASE_DIR / {static!r}
MEDIA_URL = "/media/"
MEDIA_ROOT = BASE_DIR / {media!r}
"""

#: Each folder lies in the one before it.
NESTED = {
    "quotes and expansions": (
        *("a b", "it's", 'say "x"', " lead", "`id`", "two  spaces"),
        *("50%", "%d %s", "$HOME", "${uri}", "$(id)", "@(x)", "a@b", "~", "!x"),
    ),
    "signs, patterns and alphabets": (
        *("a;b", "#c", "{x}", "}", "back\\slash", "\\", "<in>", "a|b&c", "k=v", "x:y", "a,b"),
        *("[x]", "a*b", "a?", "-lead", "-C", "é漢", "\u2028", "\u202etxet", "x" * 150),
    ),
}


def folder_for(base: Path, names: tuple[str, ...]) -> Path:
    folder = base.joinpath(*names)
    folder.parent.mkdir(parents=True)
    return folder


def serves_page_static_and_upload(project: Project) -> None:
    assert project.get("/").body == b"a page"
    assert project.get("/static/admin/css/base.css").status == 200
    stored = project.get("/upload", method="POST", body=b"what was sent")
    assert stored.status == 200, stored.body
    assert project.get(quote(stored.body.decode(), safe="/%")).body == b"what was sent"


@pytest.mark.parametrize("names", NESTED.values(), ids=NESTED)
def test_a_project_anywhere_is_served(folder: Path, names: tuple[str, ...]) -> None:
    project = django(folder_for(folder, names), SETTINGS.format(static="static", media="media"))
    project.write("mysite/urls.py", URLS)
    ran = project.up()
    assert ran.code == 0, ran.out
    serves_page_static_and_upload(project)
    status = project.status()
    assert (status.code, status.result["project"]) == (0, str(project.folder))
    assert project.portico("restart", "--json").code == 0
    assert project.get("/").body == b"a page"
    assert project.portico("logs", "--json").result["entries"]
    clean_up(project)
    assert sorted(path.name for path in project.folder.iterdir()) == [".portico", "manage.py", "media", "mysite", "static"]


@pytest.mark.parametrize("front", ["nginx", "none"])
def test_static_and_media_folders_of_any_name(folder: Path, front: str) -> None:
    static, media = ('a b/it\'s/"x"', "50%/$HOME/${uri}/$(id)"), ("@(x)/{x};#/\\", "[x]/a*b?/é漢")
    project = django(folder / "site", SETTINGS.format(static="/".join(static), media="/".join(media)))
    project.write("mysite/urls.py", URLS)
    ran = project.up("--front", front)
    assert ran.code == 0, ran.out
    serves_page_static_and_upload(project)
    assert project.get("/static/%2e%2e/manage.py").status in (400, 404)
    clean_up(project)


def test_mapped_folders_of_any_name(folder: Path) -> None:
    names = [name for group in NESTED.values() for name in group] + ["plain"]
    project = Project(folder / "site")
    project.write("app.py", APP)
    lines = []
    for number, name in enumerate(names):
        project.write(f"files/{number}/{name}/file.txt", f"file {number}")
        escaped = f"files/{number}/{name}".replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'"/f{number}/" = "{escaped}"')
    project.write("files/url/file.txt", "by another name")
    urls = (
        "/sp ace/",
        "/q'uote/",
        "/per%25cent/",
        "/$uri/",
        "/re.g(e)x[+]*/",
        "/{curly};/",
        "/é/",
        "/@(x)/",
        "/back\\\\slash/",
    )
    lines += [f'"{url}" = "files/url"' for url in urls]
    project.write("portico.toml", "[static]\n" + "\n".join(lines) + "\n")
    ran = project.up("app.py")
    assert ran.code == 0, ran.out
    connection = http.client.HTTPConnection("127.0.0.1", int(project.url.rsplit(":", 1)[1].strip("/")), timeout=20)
    for number, name in enumerate(names):
        connection.request("GET", f"/f{number}/file.txt")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, f"file {number}".encode()), name
    for url in urls:
        path = quote(url.replace("%25", "%").replace("\\\\", "\\"))
        connection.request("GET", f"{path}file.txt")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"by another name"), url
    connection.close()
    clean_up(project)


@pytest.mark.parametrize(
    "name", ["line\nbreak", "tab\t", "bell\x07", "%(x)", "trail ", os.fsdecode(b"not utf-8 \xff")], ids=repr
)
def test_a_name_that_no_configuration_file_can_hold_is_refused_before_anything_is_written(folder: Path, name: str) -> None:
    project = Project(folder / name)
    project.write("app.py", APP)
    with untouched(project.folder):
        ran = project.up("app.py")
    refused(ran, "config.E005", 2, "rename the folder")
    assert len(ran.json["findings"]) == 1
    assert project.status().code == project.portico("down", "--json").code == 0


@pytest.mark.parametrize("name", ["line\nbreak", "%(x)"], ids=repr)
def test_a_static_root_that_no_configuration_file_can_hold_need_not_be_in_one(folder: Path, name: str) -> None:
    project = django(folder / "site", SETTINGS.format(static=name, media="media"), **{"mysite/urls.py": URLS})
    assert project.up("--front", "none").code == 0
    serves_page_static_and_upload(project)
    assert (project.folder / name / "admin").is_dir()


@pytest.mark.parametrize("name", ["line\nbreak", "%(x)"], ids=repr)
def test_a_media_root_that_no_configuration_file_can_hold_names_the_setting(folder: Path, name: str) -> None:
    project = django(folder / "site", SETTINGS.format(static="static", media=name))
    with untouched(project.folder):
        # nginx can be given a `%(`; uWSGI, which serves the folder without nginx, cannot.
        ran = project.up("--front", "none")
    refused(ran, "config.E005", 2, "settings.MEDIA_URL and _ROOT")


def test_the_folder_may_be_named_like_a_flag_and_be_where_one_stands(folder: Path) -> None:
    project = Project(folder / "-lead")
    project.write("app.py", APP)
    flags = ["--json", "--listen", str(free_port()), *(["--allow-root-app"] * ROOT)]
    argv = [sys.executable, "-m", "portico", "-C", "-lead", "check", "app.py", *flags]
    named = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    here = subprocess.run([*argv[:3], *argv[5:]], cwd=project.folder, capture_output=True, text=True, check=False)
    assert (named.returncode, here.returncode) == (0, 0), named.stdout + here.stdout
    assert named.stdout == here.stdout
