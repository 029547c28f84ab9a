"""Static files of every release side by side: an old page finds its own, and a release that fails changes nothing."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import brotli
import pytest

from support.bad_input import django
from support.stack import ROOT, Project, until
from support.traffic import Traffic

SETTINGS = """
MIDDLEWARE = []
INSTALLED_APPS = ["django.contrib.staticfiles"]
STATICFILES_DIRS = [BASE_DIR / "assets"]
"""
HASHED = """
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
"""
STATIC_ROOT = 'STATIC_ROOT = BASE_DIR / "collected"\n'
URLS = """
from django.http import HttpResponse
from django.templatetags.static import static
from django.urls import path

urlpatterns = [path("", lambda request: HttpResponse(static("site.css")))]
"""
#: collectstatic that changes nothing before uWSGI has loaded the application; `loads` has what the application read.
WAITS = """
import sys, time
for _ in range(3000):
    if "collectstatic" not in sys.argv or not (BASE_DIR / "loads").exists() or (BASE_DIR / "loads").read_text().count("!"):
        break
    time.sleep(0.01)
"""
READS = """
from django.conf import settings

try:
    import uwsgi
except ImportError:
    pass
else:
    with open(settings.BASE_DIR / "loads", "a") as loads:
        loads.write((settings.STATIC_ROOT / "site.css").read_text() + "!")
"""


def project_of(folder: Path, settings: str) -> Project:
    project = django(folder / "site", SETTINGS + settings)
    project.write("mysite/urls.py", URLS)
    project.write("assets/site.css", "/* 1 */")
    return project


def reload(project: Project, css: str) -> None:
    project.write("assets/site.css", css)
    ran = project.portico("reload", "--json")
    assert ran.code == 0, ran.out + ran.err


def page(project: Project) -> str:
    """The style sheet that the page names."""
    return project.get("/").body.decode()


def css(project: Project, url: str = "/static/site.css") -> bytes:
    answer = project.get(url)
    return answer.body if answer.status == 200 else b"%d" % answer.status


def rendered(project: Project) -> str:
    """nginx's configuration as it runs without Portico."""
    out = project.folder.parent / "out"
    ran = project.portico("render", "--out", str(out), "--json", *(["--allow-root-app"] if ROOT else []))
    assert ran.code == 0, ran.out + ran.err
    return (out / "nginx.conf").read_text()


@pytest.mark.parametrize(("front", "root"), [("none", ""), ("nginx", STATIC_ROOT)], ids=["collected", "static-root"])
def test_a_page_of_the_release_before_finds_its_style_sheet(folder: Path, front: str, root: str) -> None:
    project = project_of(folder, HASHED + root)
    project.write("portico.toml", f'front = "{front}"\n')
    assert project.up().code == 0
    first = page(project)
    assert re.fullmatch(r"/static/site\.[0-9a-f]{12}\.css", first)
    text = "/* 2 */" * 100
    reload(project, text)
    second = page(project)
    assert second != first
    assert (css(project, first), css(project, second)) == (b"/* 1 */", text.encode())
    if front == "nginx":
        compressed = project.get(second, Accept_Encoding="br")
        assert (compressed.headers["content-encoding"], brotli.decompress(compressed.body)) == ("br", text.encode())
        assert f'alias "{project.folder}/collected/";' in rendered(project), "a folder that no release takes away"


def test_what_was_there_before_the_first_release_that_is_kept_goes(folder: Path) -> None:
    project = project_of(folder, HASHED)
    project.write("portico.toml", "[release]\nkeep = 2\nwarm = 0\n")
    project.write("assets/only-once.txt", "once")
    assert project.up().code == 0
    named = [page(project)]
    (project.folder / "assets" / "only-once.txt").unlink()
    for number in (2, 3):
        reload(project, f"/* {number} */")
        named.append(page(project))
        assert [css(project, url) for url in (named[0], "/static/only-once.txt")] == [b"/* 1 */", b"once"], number
    reload(project, "/* 4 */")
    until(lambda: css(project, named[0]) == b"404" == css(project, "/static/only-once.txt"), what="the first is forgotten")
    assert [css(project, url) for url in (named[1], named[2], page(project))] == [b"/* 2 */", b"/* 3 */", b"/* 4 */"]


@pytest.mark.parametrize("settings", ["", STATIC_ROOT + HASHED], ids=["collected", "hashed-static-root"])
def test_a_release_that_fails_changes_nothing_for_visitors(folder: Path, settings: str) -> None:
    project = project_of(folder, settings)
    assert project.up().code == 0
    named = page(project)
    project.write("assets/site.css", "/* new */")
    project.write("assets/new.css", "new")
    project.write("mysite/urls.py", URLS.replace('static("site.css")', "1 / 0"))
    with Traffic(int(project.url.rsplit(":", 1)[1].strip("/")), "/static/site.css") as traffic:
        ran = project.portico("reload", "--json")
    assert ran.code == 4, ran.out + ran.err
    assert not traffic.failures
    assert [css(project), css(project, named), css(project, "/static/new.css")] == [b"/* 1 */", b"/* 1 */", b"404"]
    assert {page(project) for _ in range(20)} == {named}, "every worker knows the names of its own release"
    project.write("mysite/urls.py", URLS)
    reload(project, "/* newer */")
    assert css(project, "/static/new.css") == b"new", "what no cache of nginx can know is there at once"
    if not settings:
        until(lambda: css(project) == b"/* newer */", what="nginx looks again every five seconds")


def test_no_request_fails_while_static_files_change(folder: Path) -> None:
    project = project_of(folder, HASHED)
    assert project.up().code == 0
    port = int(project.url.rsplit(":", 1)[1].strip("/"))
    first = page(project)
    with Traffic(port, first) as hashed, Traffic(port, "/static/site.css", keep_alive=True) as plain:
        for number in (2, 3):
            reload(project, f"/* {number} */")
            assert (css(project, first), css(project, page(project))) == (b"/* 1 */", b"/* %d */" % number)
    assert (hashed.failures, plain.failures) == ([], [])
    assert min(len(hashed.replies), len(plain.replies)) > 20


def test_a_page_of_the_release_that_was_left_by_a_rollback_finds_its_style_sheet(folder: Path) -> None:
    project = project_of(folder, HASHED)
    assert project.up().code == 0
    first = page(project)
    reload(project, "/* 2 */")
    second = page(project)
    ran = project.portico("rollback", "--json")
    assert ran.code == 0, ran.out + ran.err
    assert page(project) == first
    assert (css(project, first), css(project, second)) == (b"/* 1 */", b"/* 2 */")
    live = (project.folder / ".portico" / "static").resolve() / "1"
    assert f'alias "{live}/";' in rendered(project), "without STATIC_ROOT, those of the live release"


def test_static_root_stays_as_it_is_and_uploads_in_it_are_served(folder: Path) -> None:
    media = 'MEDIA_ROOT = STATIC_ROOT / "media"\nMEDIA_URL = "https://cdn.example/"\n'
    project = project_of(folder, STATIC_ROOT + media)
    project.write("collected/by-hand.txt", "mine")
    assert project.up().code == 0
    project.write("collected/media/later.txt", "an upload")
    assert css(project, "/static/media/later.txt") == b"an upload"
    assert css(project, "/static/by-hand.txt") == b"mine"
    reload(project, "/* 2 */")
    assert sorted(path.name for path in (project.folder / "collected").iterdir()) == ["by-hand.txt", "media", "site.css"]


def test_an_application_that_reads_static_root_when_it_loads_reads_what_was_collected(folder: Path) -> None:
    project = project_of(folder, STATIC_ROOT + WAITS)
    project.write("mysite/urls.py", READS + URLS)
    assert project.up().code == 0
    # To collectstatic a file of the same second is the same file.
    earlier = time.time() - 10
    os.utime(project.folder / "collected/site.css", (earlier, earlier))
    project.write("loads", "")
    reload(project, "2")
    assert (project.folder / "loads").read_text() == "/* 1 */!2!", (
        "it was loaded meanwhile, and again when a file had changed"
    )
    project.write("loads", "")
    assert project.portico("reload", "--json").code == 0
    assert (project.folder / "loads").read_text() == "2!", "once where nothing has changed"


def test_where_portico_does_not_collect_static_root_is_served_in_place(folder: Path) -> None:
    project = project_of(folder, STATIC_ROOT)
    project.write("portico.toml", "collect_static = false\n")
    project.write("collected/site.css", "/* by hand */")
    assert project.up().code == 0
    project.write("collected/later.css", "later")
    assert (css(project), css(project, "/static/later.css")) == (b"/* by hand */", b"later")
