from __future__ import annotations

import json

from portico.hops.wsgi.render import files
from portico.model.site import StaticMap
from support.plans import make_plan


def test_the_entry_of_a_django_site() -> None:
    (file,) = files(make_plan("/srv/destiny"))
    assert (file.path, file.mode & 0o007) == ("entry.json", 0)
    assert json.loads(file.text) == {
        "project": "/srv/destiny",
        "python_path": ["/srv/destiny"],
        "module": "destiny.wsgi",
        "file": "",
        "callable": "application",
        "settings": "destiny.settings",
        "static_root": "/srv/destiny/.portico/static",
        "framework": "django",
        "preload": True,
        "load_limit_s": 120,
        "trace_dir": "/run/portico/destiny/app",
        "trace_header": False,
        "gate": 0,
    }


def test_a_release_looks_hashed_names_up_in_its_own_manifest() -> None:
    maps = (StaticMap("/static/", "/srv/destiny/.portico/static-live", "static", hashed=True),)
    entry = json.loads(files(make_plan("/srv/destiny", site={"maps": maps}, uwsgi={"instance": 7}))[0].text)
    assert entry["static_root"] == "/srv/destiny/.portico/static/7"


def test_a_file_without_static_files() -> None:
    site = {"module": "", "file": "/srv/hello/hello.py", "callable": "app", "settings": "", "framework": "wsgi", "maps": ()}
    entry = json.loads(files(make_plan("/srv/hello", site=site))[0].text)
    assert (entry["file"], entry["callable"], entry["static_root"]) == ("/srv/hello/hello.py", "app", "")
