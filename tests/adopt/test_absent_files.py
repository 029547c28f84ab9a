"""An include of a file that is not here: told, and looked for elsewhere only where nginx would look there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portico.actions.adopt.asked import Asked
from portico.actions.adopt.run import adopt
from portico.actions.looked import Looked

SITE = "server { listen 8099; location / { include uwsgi_params; uwsgi_pass unix:/run/app.sock; } }"


def lines(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setattr("portico.actions.adopt.run.audited", lambda conf, **_: Looked())
    usual = folder / "usual"
    usual.mkdir()
    (usual / "uwsgi_params").write_text("uwsgi_param QUERY_STRING $query_string;\n", encoding="utf-8")
    (folder / "mine").mkdir()
    conf = folder / "mine" / "site.conf"
    conf.write_text(text, encoding="utf-8")
    found = adopt(Asked(project=folder, nginx=str(conf), maps=(f"/etc/nginx={usual}",))).data["lines"]
    return [line for line in found if "uwsgi_param" in line["text"]]


def test_a_whole_configuration_has_its_files_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = lines(tmp_path, f"events {{}} http {{ {SITE} }}", monkeypatch)
    assert (line["fate"], line["text"]) == ("differs", "include uwsgi_params")
    assert "would not start" in line["why"]


def test_a_part_of_one_has_those_of_its_nginx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = lines(tmp_path, SITE, monkeypatch)
    assert (line["fate"], Path(line["where"].rpartition(":")[0]).parent.name) == ("same", "usual")
