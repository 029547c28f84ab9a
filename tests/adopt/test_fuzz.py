"""Whatever stands in the two files, an adoption ends with a portico.toml that loads, or with a finding, and no traceback."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import tomllib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico.actions.adopt import gather, run
from portico.actions.adopt.asked import Asked
from portico.actions.looked import Looked
from portico.model.config import Config
from portico.model.errors import PorticoError
from support.mutated import mutated

SHAPES = Path(__file__).parent / "shapes"
NGINX = sorted(path for path in SHAPES.rglob("*") if path.is_file() and b"uwsgi_pass" in path.read_bytes())
UWSGI = sorted(path for path in SHAPES.rglob("*") if path.suffix in (".ini", ".xml", ".yaml", ".yml", ".json"))


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """gixy and uWSGI are asked in other tests; here they would only take time."""
    monkeypatch.setattr(run, "audited", lambda conf, **_: Looked())
    monkeypatch.setattr(gather, "proved", lambda seen, *_, **__: (seen, ()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False))
def test_an_adoption_ends_well(tmp_path_factory: pytest.TempPathFactory, chance: random.Random) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    conf, uwsgi = chance.choice(NGINX), chance.choice(UWSGI)
    asked = Asked(
        project=folder,
        nginx=written(folder / conf.name, mutated(text(conf), chance)),
        uwsgi=(written(folder / f"u{uwsgi.suffix}", mutated(text(uwsgi), chance)),),
        write=True,
        force=True,
    )
    try:
        result = run.adopt(asked)
    except PorticoError as error:
        assert error.findings[0].severity == "error"
        assert error.code == 2
        return
    config: dict[str, Any] = tomllib.loads((folder / "portico.toml").read_text(encoding="utf-8"))
    Config.model_validate(config)
    assert {line["fate"] for line in result.data["lines"]} <= {"key", "same", "raw", "differs", "left"}


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def written(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    return str(path)
