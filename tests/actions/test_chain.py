"""The trial that comes before `--fast`: code that does not load is told of before a worker is touched."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from portico.actions import chain
from portico.actions.instance import Release
from portico.actions.places import places
from portico.hops.wsgi import render
from portico.model.errors import Exit, PorticoError
from portico.system import accounts, files
from support.plans import make_plan

ENTRY = Path(chain.__file__).parents[1] / "inside"


def refused(base: Path, code: str, limit_s: int) -> PorticoError:
    """What comes of a release of a plain WSGI module with that code."""
    (base / "hello.py").write_text(code, encoding="utf-8")
    plan = make_plan(str(base), site={"module": "hello", "settings": "", "framework": "wsgi", "python_path": (str(base),)})
    plan = replace(
        plan,
        interpreter=replace(plan.interpreter, executable=sys.executable),
        release=replace(plan.release, load_timeout_s=limit_s),
    )
    for name in ("entry.py", "request_body.py"):
        (base / name).write_bytes((ENTRY / name).read_bytes())
    files.write_all(base, render.files(plan))
    with pytest.raises(PorticoError) as caught:
        chain.reload(places(base, ".portico"), Release(plan, base, {}, accounts.ourselves()), lambda _: None)
    assert caught.value.code == Exit.ROLLED_BACK
    return caught.value


def test_an_import_that_hangs_is_named_with_its_line(tmp_path: Path) -> None:
    finding = refused(tmp_path, "import threading\n\ndef wait():\n    threading.Event().wait()\n\nwait()\n", 4).findings[0]
    assert finding.cause.startswith("it did not load in 4 s: ")
    assert f"{tmp_path}/hello.py line 4 in wait" in finding.cause
    assert any(f"{tmp_path}/hello.py line 4" in step for step in finding.fix)


def test_an_import_that_fails_is_told_with_what_it_raised(tmp_path: Path) -> None:
    finding = refused(tmp_path, "raise LookupError('no such price')\n", 60).findings[0]
    assert finding.cause == "LookupError: no such price"
