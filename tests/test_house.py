"""Promises of the house: generated pages match the code, ids are unique, every verb is documented."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

import portico
from portico.cli.main import VERBS
from portico.export.findings_pages import pages
from portico.model.config import Config
from portico.model.finding import Kind, Place

ROOT = Path(__file__).parent.parent


def test_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "generate_docs.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kinds() -> set[Kind]:
    return set(_generator().kinds())


def test_every_finding_has_an_id_of_its_own_in_the_right_form(kinds: set[Kind]) -> None:
    repeated = [name for name, count in Counter(kind.id for kind in kinds).items() if count > 1]
    assert not repeated
    wrong = [kind.id for kind in kinds if not re.fullmatch(rf"{re.escape(kind.hop)}\.[EWI]\d{{3}}", kind.id)]
    assert not wrong


def test_every_finding_says_why_how_it_shows_and_what_to_do(kinds: set[Kind]) -> None:
    needed = ("title", "why", "shows", "example", "cure")
    lacking = sorted(f"{kind.id} lacks {name}" for kind in kinds for name in needed if not getattr(kind, name).strip())
    assert not lacking
    unfinished = sorted(kind.id for kind in kinds if not kind.why.endswith("."))
    assert not unfinished, "a sentence that says why ends with a full stop"


def test_a_finding_leads_only_to_other_findings_that_exist(kinds: set[Kind]) -> None:
    known = {kind.id for kind in kinds}
    astray = [(kind.id, name) for kind in kinds for name in kind.leads_to if name not in known or name == kind.id]
    assert not astray


def test_a_finding_names_the_page_that_explains_it(kinds: set[Kind]) -> None:
    pages = {kind.found("").docs for kind in kinds}
    assert [page for page in sorted(pages) if not (ROOT / page).is_file()] == []


def test_a_page_that_is_missing_stale_or_superfluous_is_noticed_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    generator = _generator()
    monkeypatch.setattr(generator, "DOCS", docs)

    def run(*flags: str) -> int:
        monkeypatch.setattr(sys, "argv", ["generate_docs.py", *flags])
        return int(generator.main())

    assert (run(), run("--check")) == (0, 0)
    folder = docs / "findings"
    (folder / "config.E001.md").unlink()
    (folder / "config.E002.md").write_text("old", encoding="utf-8")
    (folder / "config.E000.md").write_text("of an id that is gone", encoding="utf-8")
    assert run("--check") == 1
    said = capsys.readouterr().err
    assert [name for name in ("E000", "E001", "E002") if f"docs/findings/config.{name}.md" not in said] == []
    assert "config.E003" not in said
    assert (run(), run("--check")) == (0, 0)
    assert not (folder / "config.E000.md").exists()


def test_the_pages_of_a_cause_and_its_effect_link_to_each_other() -> None:
    effect = Kind("nginx.E002", "nginx", "Effect | `a|b` <x>", "Bad.", source="docs/howto.md")
    cause = Kind("uwsgi.E001", "uwsgi", "Cause", "Bad.", leads_to=("nginx.E002",))
    made = {file.path: file.text for file in pages({effect: {"b.py", "a.py"}, cause: {"c.py"}})}
    assert sorted(made) == ["findings/README.md", "findings/nginx.E002.md", "findings/uwsgi.E001.md"]
    assert "## Often caused by\n\n- [uwsgi.E001](uwsgi.E001.md): Cause\n" in made["findings/nginx.E002.md"]
    assert "## Often causes\n\n- [nginx.E002](nginx.E002.md)" in made["findings/uwsgi.E001.md"]
    assert "Raised by `a.py`, `b.py`." in made["findings/nginx.E002.md"]
    assert "[docs/howto.md](../howto.md)" in made["findings/nginx.E002.md"]
    index = made["findings/README.md"]
    assert "| [nginx.E002](nginx.E002.md) | Effect \\| `a\\|b` &lt;x> | error |" in index
    assert index.index("nginx.E002") < index.index("uwsgi.E001")


def test_links_between_pages_lead_to_a_page() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not dead


def test_ids_in_the_documents_are_those_of_findings(kinds: set[Kind]) -> None:
    known = {kind.id for kind in kinds}
    places = "|".join(re.escape(place) for place in get_args(Place))
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = {
        (page.name, name)
        for page in pages
        for name in re.findall(rf"(?<![\w-])(?:{places})\.[EWI]\d{{3}}\b", page.read_text(encoding="utf-8"))
    }
    assert named
    assert sorted(entry for entry in named if entry[1] not in known) == []


def test_there_is_one_version() -> None:
    assert version("portico") == portico.__version__


def test_the_readme_names_every_verb_and_opens_with_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert [verb for verb in VERBS if f"portico {verb}" not in text] == []
    assert text.index("make demo") < text.index("make test") < text.index("pip install")


def test_every_key_of_the_configuration_is_described() -> None:
    schema = Config.model_json_schema()
    for table in (schema, *schema["$defs"].values()):
        for key, entry in table["properties"].items():
            assert "$ref" in entry or entry.get("description") or key in ("nginx", "uwsgi", "release", "upstream"), key


def test_files_are_small() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / "src").rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 300
    }
    assert not long
