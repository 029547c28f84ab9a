"""collectstatic is left out where it would find everything as it has left it, and only there."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from support.inside_projects import django_project, run_script, write

SETTINGS = (
    "STATIC_ROOT = BASE_DIR / 'root'\nSTATICFILES_DIRS = [BASE_DIR / 'assets']\n"
    "STORAGES = {'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'}, 'staticfiles': {'BACKEND': '%s'}}\n"
)
DJANGOS = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
OWN = "from django.contrib.staticfiles.storage import ManifestStaticFilesStorage as Base\nclass Own(Base): pass\n"


def project_with(folder: Path, storage: str) -> Path:
    files = {"assets/site.css": "body {}", "assets/a.txt": "a", "own.py": OWN}
    return write(django_project(folder, SETTINGS % storage), files)


def collect(project: Path, number: int) -> dict[str, Any]:
    (project / "static").mkdir(exist_ok=True)
    destination = str(project / "static" / str(number))
    answer, done = run_script("collect_static.py", sys.executable, project, destination=destination)
    assert answer is not None and answer["ok"], (answer, done)
    assert answer["copied"] + answer["unmodified"] == 2
    return answer


def manifest(project: Path) -> tuple[int, int]:
    """A run writes it anew, whatever is in it."""
    seen = (project / "root" / "staticfiles.json").stat()
    return seen.st_ino, seen.st_mtime_ns


def test_nothing_to_do_and_something_to_do(tmp_path: Path) -> None:
    project = project_with(tmp_path, DJANGOS)
    assert collect(project, 1)["changed"] is True
    first = manifest(project)
    again = collect(project, 2)
    assert (again["changed"], again["unmodified"], manifest(project)) == (False, 2, first)
    assert (project / "static" / "2" / "staticfiles.json").samefile(project / "root" / "staticfiles.json")

    source = project / "assets" / "site.css"
    seen = source.stat()
    source.write_text("main {}")
    os.utime(source, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    collect(project, 3)
    assert (second := manifest(project)) != first, "the same size and the same time, and yet changed"

    (project / "root" / "a.txt").unlink()
    assert collect(project, 4)["changed"] is True
    assert ((project / "static" / "4" / "a.txt").read_text(), manifest(project) != second) == ("a", True)

    (project / "root" / "linked").symlink_to(project / "assets")
    collect(project, 4)
    linked = manifest(project)
    (project / "root" / "linked").unlink()
    (project / "root" / "linked").symlink_to(project / "mysite")
    collect(project, 4)
    assert manifest(project) != linked, "a link to a folder leads elsewhere"

    third = manifest(project)
    write(project, {"mysite/settings.py": (project / "mysite" / "settings.py").read_text() + "STATIC_URL = '/other/'\n"})
    collect(project, 5)
    assert manifest(project) != third, "what style sheets refer to has another name"


def test_a_storage_of_the_projects_own_may_do_anything(tmp_path: Path) -> None:
    project = project_with(tmp_path, "own.Own")
    collect(project, 1)
    first = manifest(project)
    assert collect(project, 2)["changed"] is True
    assert manifest(project) != first
