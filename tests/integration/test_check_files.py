"""`portico check --nginx FILE --uwsgi FILE`: two files that were written by hand, looked at before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.stack import Project, Ran

CONF = """events {{}}
http {{
    server {{
        listen 127.0.0.1:8123;
        location / {{
            include uwsgi_params;
            {directive};
        }}
    }}
}}
"""


def check(folder: Path, directive: str, ini: str) -> Ran:
    project = Project(folder)
    conf = project.write("nginx.conf", CONF.format(directive=directive))
    project.write("uwsgi_params", "uwsgi_param REQUEST_METHOD $request_method;\nuwsgi_param PATH_INFO $document_uri;\n")
    written = project.write("uwsgi.ini", f"[uwsgi]\nmaster = true\nmodule = hello\nbuffer-size = 32768\n{ini}\n")
    return project.portico("check", "--json", "--nginx", str(conf), "--uwsgi", str(written))


@pytest.mark.parametrize(
    ("directive", "ini", "wanted"),
    [
        ("uwsgi_pass unix:/run/a.sock", "socket = /run/b.sock", "nginx-uwsgi.E101"),
        ("uwsgi_pass 127.0.0.1:9090", "http-socket = 127.0.0.1:9090", "nginx-uwsgi.E110"),
        ("uwsgi_pass 127.0.0.1:9090", "http = :9090", "nginx-uwsgi.E111"),
        ("proxy_pass http://127.0.0.1:9090", "socket = :9090", "nginx-uwsgi.E113"),
        ("uwsgi_read_timeout 20s; uwsgi_pass unix:/run/a.sock", "socket = /run/a.sock\nharakiri = 30", "nginx-uwsgi.W001"),
        ("client_max_body_size 9m; uwsgi_pass unix:/run/a.sock", "socket = /run/a.sock\nlimit-post = 9", "nginx-uwsgi.W081"),
    ],
)
def test_two_files_that_disagree(folder: Path, directive: str, ini: str, wanted: str) -> None:
    ran = check(folder, directive, ini)
    assert wanted in ran.ids, ran.json["findings"]
    assert ran.code == (1 if ".E" in wanted else 0)
    found = next(one for one in ran.json["findings"] if one["id"] == wanted)
    assert "nginx.conf:" in " ".join(found["evidence"])
    assert "uwsgi.ini:" in " ".join(found["evidence"])


@pytest.mark.parametrize(
    ("directive", "ini"),
    [("uwsgi_pass unix:/run/a.sock", "socket = /run/a.sock"), ("uwsgi_pass 127.0.0.1:9090", "socket = :9090")],
)
def test_two_files_that_agree(folder: Path, directive: str, ini: str) -> None:
    ran = check(folder, directive, ini)
    assert ran.code == 0
    assert [one["id"] for one in ran.json["findings"] if one["severity"] == "error"] == []
