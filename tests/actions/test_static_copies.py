"""What `up` says of the copies it makes, and that it goes on without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.actions.static_copies import make
from portico.model.plan import Plan
from portico.model.site import LIVE, StaticMap
from support.plans import make_plan

TEXT = b"p { color: red }\n" * 200


def collected(base: Path, **nginx: object) -> tuple[Plan, Path]:
    state = base / ".portico"
    folder = state / "static" / "1"
    folder.mkdir(parents=True)
    (folder / "site.css").write_bytes(TEXT)
    maps = (StaticMap("/static/", str(state / LIVE), "static"),)
    return make_plan(str(base), site={"maps": maps}, paths={"static": str(state / "static")}, nginx=nginx), folder


def test_what_is_said(tmp_path: Path) -> None:
    plan, folder = collected(tmp_path)
    assert make(plan, folder, 2) == "; 1 compressed from 4 to 1 KB"
    assert (folder / ".encoded" / "br" / "site.css").is_file()


def test_a_release_goes_on_without_copies(tmp_path: Path) -> None:
    plan, folder = collected(tmp_path)
    (folder.parent / "kept-copies").write_bytes(b"in the way")
    assert make(plan, folder, 2) == "; not compressed beforehand (File exists), so nginx does it while it sends them"
    assert not (folder / ".encoded").exists()


@pytest.mark.parametrize("root", ["/srv/destiny/assets", ""])
def test_none_are_made_that_nginx_would_not_ask_for(tmp_path: Path, root: str) -> None:
    """`root`: a folder of the user's; without one, nginx.gzip is off."""
    plan, folder = collected(tmp_path, gzip=bool(root))
    if root:
        plan = make_plan(str(tmp_path), site={"maps": (StaticMap("/static/", root, "static"),)})
    assert make(plan, folder, 2) == ""
    assert not (folder / ".encoded").exists()
