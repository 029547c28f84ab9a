"""A proof that speaks against a portico.toml keeps it from being written; what it asks for goes over the wire as a URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.actions.adopt import run
from portico.actions.adopt.asked import Asked
from portico.actions.adopt.proof.requests import encoded
from portico.actions.adopt.proof.told import different
from portico.model.proof import Answer, Ask, Compared, Difference, Proof
from support.stack import Project

NGINX = "server { listen 80; server_name a.example; location / { uwsgi_pass 127.0.0.1:9090; } }\n"
UWSGI = "[uwsgi]\nsocket = 127.0.0.1:9090\nmodule = shop:application\n"


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    (tmp_path / "n.conf").write_text(NGINX)
    (tmp_path / "u.ini").write_text(UWSGI)
    return Asked(tmp_path, str(tmp_path / "n.conf"), (str(tmp_path / "u.ini"),), write=True, prove=True)


def _proof(*differences: Difference) -> Proof:
    done = (Compared(Ask("a page", "GET", "/"), Answer(200), Answer(404), differences),)
    return Proof(requests=done, findings=tuple(different(done)))


@pytest.mark.parametrize("force", [False, True])
def test_what_differs_is_written_by_force_only(asked: Asked, force: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "prove", lambda _: _proof(Difference("status", "200", "404")))
    forced = Asked(**{**vars(asked), "force": force})
    made = run.adopt(forced)
    assert (asked.project / "portico.toml").exists() is force
    assert (made.data["written"] is not None) is force
    (told,) = [one for one in made.findings if one.id == "config.W040"]
    assert any("not written" in line for line in told.fix) is not force
    assert any(step.endswith("--write --force") for step in made.data["next"]) is not force
    assert made.code == 1


def test_what_does_not_differ_is_written(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "prove", lambda _: _proof())
    assert run.adopt(asked).data["written"] == str(asked.project / "portico.toml")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("/a b", "/a%20b"),
        ("a/ü?q=ä b", "/a/%C3%BC?q=%C3%A4%20b"),
        ("/a%20b?x=%zz", "/a%20b?x=%25zz"),
        ("/a\r\nHost: x", "/a%0D%0AHost:%20x"),
        ("/catalogue/?page=2&x=[1]", "/catalogue/?page=2&x=[1]"),
        ("/a#b", "/a%23b"),
    ],
)
def test_what_a_url_cannot_hold_is_encoded(typed: str, sent: str) -> None:
    assert encoded(typed) == sent


def test_a_request_without_a_proof_is_refused(asked: Asked) -> None:
    ran = Project(asked.project).portico("adopt", "--nginx", asked.nginx, "--request", "/x")
    assert ran.code == 2
    assert "--prove" in ran.err
