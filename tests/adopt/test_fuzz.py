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

SHAPES = Path(__file__).parent / "shapes"
NGINX = sorted(path for path in SHAPES.rglob("*") if path.is_file() and b"uwsgi_pass" in path.read_bytes())
UWSGI = sorted(path for path in SHAPES.rglob("*") if path.suffix in (".ini", ".xml", ".yaml", ".yml", ".json"))
ODD = (
    "",
    "{",
    "}",
    ";",
    '"',
    "'",
    "\\",
    "#",
    "$",
    "%(",
    "%(x)",
    "@(",
    "$(",
    "=",
    "[",
    "]",
    "<",
    ">",
    ":",
    "\n",
    "\t",
    "\0",
    "é",
    "-1",
)
ODD += (
    "99999999999999999999",
    "include *;",
    "for = a b",
    "endfor =",
    "if-env = X",
    "endif =",
    "[uwsgi]",
    "ini = :x",
    "null",
    "🙂",
)


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """gixy and uWSGI are asked in other tests; here they would only take time."""
    monkeypatch.setattr(run, "audited", lambda conf, **_: Looked())
    monkeypatch.setattr(gather, "proved", lambda seen, *_, **__: (seen, ()))


def mutated(text: str, chance: random.Random) -> str:
    """Lines and words left out, doubled, exchanged; characters of both languages put in between."""
    lines = text.splitlines(keepends=True)
    for _ in range(chance.randint(1, 6)):
        if not lines:
            break
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        action = chance.randrange(6)
        if action == 0:
            del lines[at]
        elif action == 1:
            lines.insert(at, lines[other])
        elif action == 2:
            lines[at], lines[other] = lines[other], lines[at]
        else:
            line = lines[at]
            cut = chance.randrange(len(line) + 1)
            rest = chance.randrange(cut, len(line) + 1) if action == 3 else cut
            lines[at] = line[:cut] + chance.choice(ODD) + line[rest:]
    return "".join(lines)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_an_adoption_ends_well(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    chance = random.Random(seed)
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
