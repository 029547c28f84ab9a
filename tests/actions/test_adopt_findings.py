"""What `adopt` finds in files of several sites: it is about the one that was chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.actions.adopt.asked import Asked
from portico.actions.adopt.run import adopt
from portico.actions.looked import Looked

PASS = "location / {{ include uwsgi_params; {lines} uwsgi_pass unix:/run/{name}.sock; }}"
TOLD = 'uwsgi_param HTTP_X_FORWARDED_PROTO $scheme; uwsgi_param HTTP_X_FORWARDED_SSL "";'
MAP = f"/etc/nginx={Path(__file__).parents[1]}/adopt/nginx"
FORGED = "nginx-django.W150"


def server(name: str, lines: str = "", listen: str = "80") -> str:
    return f"server {{ listen {listen}; server_name {name}.example; {PASS.format(name=name, lines=lines)} }}\n"


def found(folder: Path, conf: str, chosen: str) -> set[str]:
    (folder / "site.conf").write_text(conf)
    for name in ("a", "b"):
        (folder / f"{name}.ini").write_text(f"[uwsgi]\nsocket = /run/{name}.sock\nmodule = {name}.wsgi\nmaster = true\n")
    uwsgi = (str(folder / "a.ini"), str(folder / "b.ini"))
    result = adopt(Asked(folder, str(folder / "site.conf"), uwsgi, server=f"{chosen}.example", maps=(MAP,)))
    return {finding.id for finding in result.findings}


@pytest.fixture(autouse=True)
def no_auditor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portico.actions.adopt.run.audited", lambda conf, **_: Looked())


def test_findings_are_about_the_server_that_was_chosen(tmp_path: Path) -> None:
    conf = server("a") + server("b", TOLD)
    assert FORGED in found(tmp_path, conf, "a")
    assert FORGED not in found(tmp_path, conf, "b")
    assert FORGED in found(tmp_path, server("a", TOLD) + server("b"), "b")


def test_a_server_behind_another_one_is_asked_through_it(tmp_path: Path) -> None:
    edge = """server { listen 80; server_name edge.example; location / { proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-SSL ""; proxy_pass http://127.0.0.1:8080; } }\n"""
    inner = server("b", listen="127.0.0.1:8080")
    assert FORGED not in found(tmp_path, edge + inner, "b")
    assert FORGED in found(tmp_path, edge.replace("8080", "8081") + inner, "b")
