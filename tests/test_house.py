"""Promises of the house: generated pages match the code, ids are unique, every verb is documented."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import portico
from portico.cli.main import VERBS
from portico.model.config import Config

ROOT = Path(__file__).parent.parent


def test_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "generate_docs.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_finding_has_an_id_of_its_own_in_the_right_form() -> None:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kinds = set(module.kinds())
    repeated = [name for name, count in Counter(kind.id for kind in kinds).items() if count > 1]
    assert not repeated
    for kind in kinds:
        assert kind.severity in ("error", "warning", "info")
        assert kind.why.endswith("."), f"{kind.id} needs a sentence that says why"


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
