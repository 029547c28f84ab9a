"""What `portico adopt` says to do about what it cannot take over: the cure of that very thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.actions.adopt.asked import Asked
from portico.actions.adopt.choice import choose
from portico.actions.adopt.gather import gather
from portico.actions.adopt.ledger import ledger
from portico.actions.adopt.missing import finding as missing
from portico.actions.adopt.save import save
from portico.hops.nginx.checks import unparsed
from portico.hops.nginx.misspelt import misspelt
from portico.hops.wsgi.facts import InspectFailure
from portico.hops.wsgi.failures import Context, finding
from portico.model.adoption import PathMap
from portico.model.directive import Directive
from portico.model.errors import PorticoError
from portico.model.finding import Finding
from portico.seams.faults.socket import reachable

GOOD = "[uwsgi]\nsocket = 127.0.0.1:9090\nmodule = shop:application\n"
NGINX = "server { listen 80; server_name a.example; %s location / { uwsgi_pass 127.0.0.1:9090; } }\n"


def _refused(asked: Asked) -> Finding:
    with pytest.raises(PorticoError) as caught:
        choose(gather(asked))
    return caught.value.findings[0]


@pytest.mark.parametrize(
    ("name", "text", "fix"),
    [
        ("a.json", '{ "uwsgi": { "a": 1, } }', "correct {path}:1:22"),
        ("a.xml", "<uwsgi><a>", "correct {path}:1:11"),
        ("a.ini", "[other]\nmodule = x\n", "[uwsgi]   #"),
        ("a.yaml", "module: x\n", "uwsgi:   #"),
        ("nosuch.ini", None, "ls -ld {path}"),
    ],
)
def test_a_file_that_is_wrong_is_to_be_corrected(tmp_path: Path, name: str, text: str | None, fix: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    said = _refused(Asked(tmp_path, uwsgi=(str(path),)))
    assert said.fix[0].startswith(fix.format(path=path))


def test_a_stray_file_that_nobody_named_is_told_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "uwsgi.ini").write_text(GOOD)
    (tmp_path / "old-backup.ini").write_text("this was [uwsgi] once\n" + GOOD)
    (tmp_path / "broken.ini").write_text("see [uwsgi] in the wiki\n")
    seen = gather(Asked(tmp_path))
    assert [one.name for one in seen.instances] == [str(tmp_path / "uwsgi.ini")]
    told = [one.reason for one in seen.skipped]
    assert any(text.startswith(f"{tmp_path}/old-backup.ini:1") for text in told)
    assert any(f"{tmp_path}/broken.ini" in text for text in told)
    assert len(told) == 2

    (tmp_path / "uwsgi.ini").unlink()
    last = gather(Asked(tmp_path))
    assert [one.name for one in last.instances] == [str(tmp_path / "old-backup.ini")], "nothing better is left"
    (tmp_path / "old-backup.ini").write_text("gone\n[uwsgi\n")
    assert _refused(Asked(tmp_path)).id == "config.E032"


def test_a_named_file_is_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "uwsgi.ini").write_text(GOOD)
    (tmp_path / "broken.ini").write_text("see [uwsgi] in the wiki\n")
    names = tuple(str(tmp_path / name) for name in ("uwsgi.ini", "broken.ini"))
    assert _refused(Asked(tmp_path, uwsgi=names)).id == "config.E032"


def test_a_name_that_no_site_has(tmp_path: Path) -> None:
    (tmp_path / "n.conf").write_text(NGINX % "")
    said = _refused(Asked(tmp_path, nginx=str(tmp_path / "n.conf"), server="nosuch"))
    assert "more than one" not in said.title
    assert "--server a.example" in said.fix[0]


def test_an_include_that_is_not_here_is_called_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "n.conf").write_text(NGINX % "include /srv/else/where/snippets/of-the-shop.conf;")
    (tmp_path / "u.ini").write_text(GOOD)
    seen = gather(Asked(tmp_path, nginx=str(tmp_path / "n.conf"), uwsgi=(str(tmp_path / "u.ini"),)))
    lines = ledger(seen, choose(seen)).lines
    assert not any("Errno" in line.text for line in lines)
    (told,) = [line for line in lines if line.fate == "left" and "of-the-shop" in line.text]
    assert told.text == "include /srv/else/where/snippets/of-the-shop.conf"
    assert told.why.startswith("no such file or directory")


def _absent(path: str, *pairs: tuple[str, str]) -> tuple[str, ...]:
    (found,) = missing([{"path": path, "key": "x", "where": ["n.conf:1"]}], PathMap(pairs), Path("/home/ana/shop"))
    return found.fix


def test_paths_are_to_be_mapped_once() -> None:
    assert _absent("/code/static")[0].startswith("portico adopt --map /code=DIR")
    assert any("--root" in line for line in _absent("/code/static"))
    mapped = _absent("/tmp/new/static", ("/code", "/tmp/new"))
    assert not any("--map" in line or "--root" in line for line in mapped)
    assert "/tmp/new" in mapped[0]
    rooted = _absent("/mnt/old/code", ("", "/mnt/old"))
    assert not any("--root" in line for line in rooted)
    assert not any("--map" in line for line in _absent("/home/ana/shop/static"))


@pytest.mark.parametrize(
    "problem",
    ["n.conf: not a text: there is a NUL byte in line 2", "n.conf:2: includes itself", "n.conf: larger than 4 MiB"],
)
def test_what_is_no_semicolon_is_not_called_one(problem: str) -> None:
    (said,) = unparsed([problem])
    assert "semicolon" not in " ".join(said.fix)
    assert "semicolon" in " ".join(unparsed(["n.conf:2:1: unexpected end of file"])[0].fix)


@pytest.mark.parametrize(
    ("name", "block", "fix"),
    [
        ("locatoin", (), "location / { ... }   #"),
        ("locatoin", None, "location / { ... }   #"),
        ("serve_name", None, "server_name /;"),
    ],
)
def test_a_block_has_braces(name: str, block: tuple[Directive, ...] | None, fix: str) -> None:
    entry = Directive(name, ("/",), "/n.conf", 3, block)
    (said,) = misspelt(Directive("", (), "/n.conf", 0, (entry,)))
    assert said.fix[0].startswith(fix)


def test_a_wildcard_is_no_address_to_connect_to() -> None:
    addresses = ("0.0.0.0:1", ":1", "[::]:1", "10.0.0.7:1", "unix:/run/a.sock")
    assert [reachable(one) for one in addresses] == [
        "127.0.0.1:1",
        "127.0.0.1:1",
        "[::1]:1",
        "10.0.0.7:1",
        "unix:/run/a.sock",
    ]


def test_only_django_has_a_manage_py() -> None:
    failed = InspectFailure(stage="import", type="RuntimeError", message="no", traceback=())
    flask = finding(failed, Context(python="/py", module="shop:app"))
    assert flask.fix == ("/py -c 'import shop'   # see it fail by itself",)
    assert "manage.py check" in finding(failed, Context(python="/py", module="shop.wsgi", settings="shop.settings")).fix[0]


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    # A file in the folder's place is refused to root, too.
    project = tmp_path / "shop"
    project.write_text("")
    with pytest.raises(PorticoError) as caught:
        save(Asked(project), "x = 1\n", False)
    said = caught.value.findings[0]
    assert said.id == "system.E002"
    assert "state_dir" not in " ".join(said.fix)
    assert f"chmod u+w {project}" in said.fix
