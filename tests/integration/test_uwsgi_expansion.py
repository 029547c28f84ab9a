"""uWSGI's configuration in all its formats, with its logic: read as the real uWSGI reads it, file by file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico.actions.adopt.expansion import proved
from portico.actions.uwsgi_files import read_uwsgi
from portico.hops.uwsgi import conditions, expand, formats
from portico.hops.uwsgi.normal import normal
from portico.model.directive import Option
from portico.model.evidence import UwsgiSeen
from portico.model.finding import CouldNotTell

_RUN = (sys.executable, "-c", "import pyuwsgi, sys; sys.argv[0] = 'uwsgi'; pyuwsgi.run()")
ENVIRON = {"PATH": os.environ["PATH"], "PLACE": "/srv/place", "EMPTY": "", "STAGE": "prod"}

_SHAPES = Path(__file__).parent.parent / "captured" / "uwsgi-shapes.txt"


def shapes() -> Iterator[tuple[str, str, dict[str, str]]]:
    """What a shape is about, the file that uWSGI is given (with a section), and all files of it."""
    for shape in _SHAPES.read_text().split("\n=== ")[1:]:
        head, *files = ("\n" + shape).split("\n--- ")
        about, _, name = head.strip().partition(" | ")
        parts = (file.partition("\n") for file in files)
        yield about, name, {path: text.replace("\\r", "\r") + ("\n" if text else "") for path, _, text in parts}


CASES = list(shapes())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shapes").resolve()


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())


def shown(name: str, folder: Path) -> list[tuple[str, str]]:
    """Names and values in order, as the real uWSGI has them after all."""
    kind = formats.by_name(name.partition(":")[0]) or "ini"
    argv = [*_RUN, "--show-config", "--chdir", "/dev/null/x", f"--{kind}", name]
    done = subprocess.run(
        argv, cwd=folder, env=ENVIRON, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, text=True
    )
    head, mark, rest = (done.stdout + done.stderr).partition(";uWSGI instance configuration\n[uwsgi]\n")
    assert mark, head
    lines = rest.partition("\n;end of configuration")[0].split("\n")
    pairs = [(key, value) for key, _, value in (line.partition(" = ") for line in lines)]
    assert [key for key, _ in pairs[:3]] == ["show-config", "chdir", kind]
    return pairs[3:]


def understood(options: tuple[Option, ...]) -> list[tuple[str, str]]:
    return [(option.name, option.value) for option in options]


def normalised(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Under first names; flags as they are taken."""
    return understood(tuple(normal(Option(name, value, "")) for name, value in pairs))


@pytest.mark.parametrize(("name", "files"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_file_is_read_as_the_real_uwsgi_reads_it(
    base: Path, request: pytest.FixtureRequest, name: str, files: dict[str, str]
):
    folder = base / f"case{[case[0] for case in CASES].index(request.node.callspec.id)}"
    write(folder, files)
    file, _, section = name.partition(":")
    seen = read_uwsgi(str(folder / file), section or "uwsgi", str(folder), environ=ENVIRON)
    expected = [(key, value.replace(f"{folder}/", "")) for key, value in normalised(shown(name, folder))]
    assert [(key, value.replace(f"{folder}/", "")) for key, value in understood(seen.options)] == expected
    assert seen.unread == ()


#: Shapes that are not put before the real uWSGI, because copies of them could not be harmless, or alike.
NOT_ASKED = {
    "magic that joins lines",
    "brackets in brackets",
    "a file by the environment",
    "a section of the last file",
    "include inside a loop",
    "xml",
    "ini oddities",
}


@pytest.fixture(scope="module")
def proofs(base: Path) -> dict[str, tuple[UwsgiSeen, UwsgiSeen, tuple[CouldNotTell, ...]]]:
    """Of each shape what was read, and what is left of it before the real uWSGI."""
    found = {}
    for number, (about, name, files) in enumerate(CASES):
        folder = base / f"proof{number}"
        write(folder, files)
        file, _, section = name.partition(":")
        arguments = (str(folder / file), section or "uwsgi")
        seen = read_uwsgi(*arguments, str(folder), environ=ENVIRON)
        found[about] = (seen, *proved(seen, *arguments, started_in=str(folder), environ=ENVIRON))
    return found


def test_what_was_read_stands_before_the_real_uwsgi(
    proofs: dict[str, tuple[UwsgiSeen, UwsgiSeen, tuple[CouldNotTell, ...]]],
):
    assert {about for about, (seen, after, told) in proofs.items() if seen != after} == set()
    assert {about for about, (_, _, told) in proofs.items() if told} == NOT_ASKED
    for about in NOT_ASKED:
        assert all("was not asked" in one.reason and one.check == "uwsgi.expansion" for one in proofs[about][2])


def test_where_the_real_uwsgi_reads_otherwise_it_is_right(base: Path, monkeypatch: pytest.MonkeyPatch):
    folder = base / "otherwise"
    text = "[uwsgi]\na = 1\nif-env = NO\nprocesses = 2\nendif =\nx = %(a)1\nlisten = 9\n"
    write(folder, {"a.ini": text})
    monkeypatch.setattr(conditions, "judge", lambda *_: conditions.Verdict(("wrong",)))
    monkeypatch.setattr(expand, "placeholder", lambda *_: "secret")
    seen = read_uwsgi(str(folder / "a.ini"), environ=ENVIRON)
    after, told = proved(seen, str(folder / "a.ini"), environ=ENVIRON)
    assert (seen.value("processes"), seen.value("x")) == ("2", "secret1")
    assert understood(after.options) == [("a", "1"), ("if-env", "NO"), ("endif", ""), ("x", "11"), ("listen", "9")]
    assert [one.where.rpartition(":")[2] for one in after.options] == ["2", "3", "5", "6", "7"]
    assert [one.reason.removeprefix(f"{folder}/") for one in told] == [
        "a.ini:4: the real uWSGI does not take `processes`",
        "a.ini:6: the real uWSGI has another value for `x`",
    ]


def test_that_the_real_uwsgi_does_not_start_is_told(base: Path):
    folder = base / "ends"
    write(folder, {"a.ini": "[uwsgi]\nif-env = STAGE\nif-env = PLACE\nendif =\n"})
    seen = read_uwsgi(str(folder / "a.ini"), environ=ENVIRON)
    after, told = proved(seen, str(folder / "a.ini"), environ=ENVIRON)
    assert after == seen
    assert "recursive logic in options is not supported" in told[0].reason


HARMFUL = [
    ("an option", "a.ini", "[uwsgi]\nexec-asap = touch MARK\ndaemonize = MARK\npidfile = MARK\n"),
    ("a value", "a.ini", "[uwsgi]\nx = @(exec://touch MARK)\n"),
    ("a value by magic", "a.ini", "[uwsgi]\nx = @%z(exec://touch MARK)\n"),
    ("a value by a loop", "a.ini", "[uwsgi]\nfor = (exec://touch\nx = @%(_) MARK)\nendfor =\n"),
    ("a value by the environment", "a.ini", "[uwsgi]\nx = $(EVIL)\ny = @$(REST)\n"),
    ("a value by a file", "a.ini", "[uwsgi]\nx = @(evil)\nfor-readline = evil\ny = @%(_)\nendfor =\n"),
    ("a file", "a.ini", "[uwsgi]\nini = exec://touch MARK\ninclude = evil.ini\nset = exec-asap=touch MARK\n"),
    ("a file in a loop", "a.ini", "[uwsgi]\nfor = evil.ini\nset = ini=%(_)\nset = include=%(_)\nendfor =\n"),
    ("a name", "a.json", '{"uwsgi": {"x\\nexec-asap": "touch MARK", "y": "a\\nexec-asap = touch MARK"}}'),
    ("a name in YAML", "a.yml", 'uwsgi:\n  "exec-asap = touch MARK": "x"\n  y: |\n    a\n    exec-asap = touch MARK\n'),
    ("a declared option", "a.ini", "[uwsgi]\ndeclare-option = own=exec-asap=touch $1\nown = MARK\n"),
    ("a section", "a.ini", "[uwsgi]\nini = :b\nini = evil.ini:uwsgi\n[b]\nexec-asap = touch MARK\n"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [case[1:] for case in HARMFUL], ids=[case[0] for case in HARMFUL])
def test_nothing_is_done_while_the_real_uwsgi_is_asked(tmp_path: Path, name: str, text: str):
    mark = tmp_path / "mark"
    evil = "[uwsgi]\nexec-asap = touch MARK\n"
    files = {name: text, "evil.ini": evil, "evil": "(exec://touch MARK)"}
    write(tmp_path, {path: data.replace("MARK", str(mark)) for path, data in files.items()})
    environ = {"EVIL": f"@(exec://touch {mark})", "REST": f"(exec://touch {mark})", "PATH": os.environ["PATH"]}
    seen = read_uwsgi(str(tmp_path / name), started_in=str(tmp_path), environ=environ)
    proved(seen, str(tmp_path / name), started_in=str(tmp_path), environ=environ)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)


def test_the_vassal_of_an_emperor_is_asked_about_with_what_it_is_given(tmp_path: Path):
    emperor = (
        "[uwsgi]\nemperor = %d\nvassals-inherit = %dall.ini\nvassals-include-before = %dfirst.ini\nvassals-set = base=/srv\n"
    )
    files = {
        "e.ini": emperor,
        "all.ini": "[uwsgi]\nl = %n\n",
        "first.ini": "[uwsgi]\nf = 1\n",
        "v.ini": "[uwsgi]\nx = %(base)/%n\n",
    }
    write(tmp_path, files)
    ruler = read_uwsgi(str(tmp_path / "e.ini"))
    seen = read_uwsgi(str(tmp_path / "v.ini"), emperor=ruler)
    assert proved(seen, str(tmp_path / "v.ini"), emperor=ruler) == (seen, ())
    assert [value for _, value in understood(seen.options)][-3:] == ["/srv/v", f"{tmp_path}/all.ini", "all"]
