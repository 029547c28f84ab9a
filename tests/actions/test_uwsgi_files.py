"""Whole configurations of a uWSGI on disk: includes, other machines, emperors, and files that are none."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from portico.actions.uwsgi_files import configured, read_uwsgi, vassals
from portico.model.adoption import PathMap
from portico.model.evidence import UwsgiSeen


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def values(seen: UwsgiSeen, folder: Path | None = None) -> list[tuple[str, str, str]]:
    return [(one.name, one.value, one.where.removeprefix(f"{folder}/")) for one in seen.options]


def test_what_is_included_stands_where_it_is_included(tmp_path: Path):
    write(
        tmp_path,
        a_dot_ini="[uwsgi]\nmaster = 1\nini = b.ini\ninclude = sub/c.yml\nprocesses = 2\n",
        b_dot_ini="[uwsgi]\nthreads = 4\n",
        sub__c_dot_yml="uwsgi:\n  listen: 7\n",
    )
    seen = read_uwsgi(str(tmp_path / "a.ini"))
    assert values(seen, tmp_path) == [
        ("master", "true", "a.ini:2"),
        ("ini", "b.ini", "a.ini:3"),
        ("threads", "4", "b.ini:2"),
        ("include", "sub/c.yml", "a.ini:4"),
        ("listen", "7", "sub/c.yml:2"),
        ("processes", "2", "a.ini:5"),
    ]
    assert seen.files == tuple(str(tmp_path / name) for name in ("a.ini", "b.ini", "sub/c.yml"))
    assert (seen.missing_files, seen.unread, seen.untaken) == ((), (), ())
    assert seen.option("threads").raw == "4"  # type: ignore[union-attr]


def test_relative_names_start_where_uwsgi_is_started_and_a_guess_is_told(tmp_path: Path):
    write(tmp_path, conf__a_dot_ini="[uwsgi]\nini = conf/b.ini\n", conf__b_dot_ini="[uwsgi]\nlisten = 1\n")
    seen = read_uwsgi(str(tmp_path / "conf/a.ini"), started_in=str(tmp_path))
    assert seen.value("listen") == "1"
    assert seen.problems == ()
    guessed = read_uwsgi(str(tmp_path / "conf/a.ini"))
    assert guessed.missing_files == (str(tmp_path / "conf/conf/b.ini"),)
    assert [
        problem for problem in guessed.problems if problem.startswith(f"{tmp_path}/conf/a.ini:2: `conf/b.ini` is looked")
    ]


def test_a_file_that_includes_itself_ends(tmp_path: Path):
    write(tmp_path, a_dot_ini="[uwsgi]\na = 1\nini = b.ini\n", b_dot_ini="[uwsgi]\ninclude = a.ini\nb = 2\n")
    seen = read_uwsgi(str(tmp_path / "a.ini"))
    assert [(one.name, one.value) for one in seen.options if "i" not in one.name] == [("a", "1"), ("b", "2")]
    assert any("includes itself" in problem for problem in seen.problems)


def test_files_that_include_each_other_without_end_are_given_up(tmp_path: Path):
    names = [f"f{number}.ini" for number in range(9)]
    for name in names:
        (tmp_path / name).write_text("[uwsgi]\n" + "".join(f"ini = {other}\n" for other in names))
    began = time.process_time()
    seen = read_uwsgi(str(tmp_path / "f0.ini"))
    assert time.process_time() - began < 5
    assert any("more than 200 files" in problem for problem in seen.unread)


BOMBS = {
    "placeholders": "[uwsgi]\n" + "".join(f"p{n} = {f'%(p{n + 1})' * 9}\n" for n in range(20)) + "p20 = x\n",
    "placeholders of one's own": "[uwsgi]\na = %(a)%(a)\n" + "b = %(a)\n" * 2000,
    "loops": "[uwsgi]\nfor-times = 9999\n" + "env = " + "%(_)" * 5000 + "\n" + "endfor =\n",
    "brackets": "[uwsgi]\na = " + "%(" * 100_000 + "\nb = " + "%(a)" * 20_000 + "\n",
    "magic": "[uwsgi]\na = " + "%p" * 1_500_000 + "\n",
    "lines": "[uwsgi]\n" + "a=1\n" * 1_000_000,
    "options": "[uwsgi]\n" + "a=1\n" * 49_000,
    "a glob": "[uwsgi]\nfor-glob = /*/*/*/*/*/*/*\nenv = %(_)\nendfor =\n",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=list(BOMBS))
def test_nothing_grows_without_end(tmp_path: Path, text: str):
    (tmp_path / "a.ini").write_text(text)
    began = time.process_time()
    read_uwsgi(str(tmp_path / "a.ini"))
    assert time.process_time() - began < 12


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: os.mkfifo(path), "it is no ordinary file"),
        (lambda path: path.mkdir(), "it is a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "it is no ordinary file"),
        (lambda path: path.write_bytes(b"[uwsgi]\n" + b"a" * (4 << 20)), "larger than 4 MiB"),
    ],
)
def test_what_is_no_file_of_options_is_said_to_be(tmp_path: Path, make, says: str):  # type: ignore[no-untyped-def]
    make(tmp_path / "a.ini")
    seen = read_uwsgi(str(tmp_path / "a.ini"))
    assert seen.options == ()
    assert len(seen.unread) == 1
    assert seen.unread[0].startswith(f"{tmp_path}/a.ini: {says}")


def test_what_is_not_there_is_missing_and_no_more(tmp_path: Path):
    seen = read_uwsgi(str(tmp_path / "none.ini"))
    assert (seen.missing_files, seen.unread, seen.options) == ((f"{tmp_path}/none.ini",), (), ())


@pytest.mark.parametrize("data", [b"\x7fELF\0\0\1\2\xff\xfe", "[uwsgi]\na = 1\n".encode("utf-16"), b"\0" * 5000])
@pytest.mark.parametrize("name", ["a.ini", "a.yml", "a.xml", "a.json"])
def test_bytes_that_are_no_text_are_told(tmp_path: Path, name: str, data: bytes):
    (tmp_path / name).write_bytes(data)
    seen = read_uwsgi(str(tmp_path / name))
    assert seen.options == ()
    assert seen.problems or seen.unread


def test_options_under_a_condition_that_does_not_hold_are_kept_apart(tmp_path: Path):
    text = "[uwsgi]\nif-exists = no.ini\nini = no.ini\nendif =\nif-env = STAGE=prod\nprocesses = 8\nendif =\nlisten = 9\n"
    (tmp_path / "a.ini").write_text(text)
    seen = read_uwsgi(str(tmp_path / "a.ini"), started_in=str(tmp_path), environ={"STAGE": "test"})
    assert [(one.name, one.value, one.where) for one in seen.untaken] == [
        ("ini", "no.ini", f"{tmp_path}/a.ini:3"),
        ("processes", "8", f"{tmp_path}/a.ini:6"),
    ]
    assert seen.value("listen") == "9"
    assert seen.value("processes") == ""
    unknown = read_uwsgi(str(tmp_path / "a.ini"), started_in=str(tmp_path))
    assert unknown.value("processes") == "8"
    assert unknown.problems == (f"{tmp_path}/a.ini:5: what stands under `if-env` was taken as if it held",)


def test_what_other_programs_would_tell_is_never_fetched(tmp_path: Path):
    mark = tmp_path / "mark"
    text = (
        f"[uwsgi]\nenv = A=@(exec://touch {mark})\nini = exec://touch {mark}\ninclude = http://127.0.0.1:1/a\nlisten = 3\n"
    )
    (tmp_path / "a.ini").write_text(text)
    seen = read_uwsgi(str(tmp_path / "a.ini"))
    assert not mark.exists()
    assert seen.value("env") == f"A=@(exec://touch {mark})"
    assert seen.value("listen") == "3"
    assert [problem.removeprefix(f"{tmp_path}/a.ini:")[:26] for problem in seen.problems] == [
        "3: `exec://` is not follow",
        "4: `http://` is not follow",
    ]


@pytest.mark.parametrize("maps", [(("", "ROOT"),), (("/etc", "ROOT/etc"), ("/srv", "ROOT/srv"))])
def test_files_of_another_machine(tmp_path: Path, maps: tuple[tuple[str, str], ...]):
    root = tmp_path / "root"
    write(
        root,
        etc__uwsgi__shop_dot_ini="[uwsgi]\nini = /srv/base.ini\nchdir = %d\nif-exists = /srv/there\na = %(_)\nendif =\n"
        "if-file = /srv/gone\nb = 1\nendif =\nif-dir = /opt/x/y\nc = 1\nendif =\n"
        "for-glob = /srv/*.txt\nd = %(_)\nendfor =\n",
        srv__base_dot_ini="[uwsgi]\nbase = %d%n @(/srv/t.txt)\n",
        srv__there="",
        srv__t_dot_txt="text\n",
    )
    paths = PathMap(tuple((old, new.replace("ROOT", str(root))) for old, new in maps))
    seen = read_uwsgi(str(root / "etc/uwsgi/shop.ini"), paths=paths)
    assert seen.files == (f"{root}/etc/uwsgi/shop.ini", f"{root}/srv/base.ini")
    found = {one.name: one.value for one in seen.options}
    assert found["chdir"] == "/etc/uwsgi/"
    assert found["base"] == "/srv/base text"
    assert (found["a"], found["d"]) == ("/srv/there", "/srv/t.txt")
    assert "b" not in found
    # Nothing of /opt was brought along, so nobody knows.
    assert found["c"] == "1"
    assert any(":10: what stands under `if-dir` was taken" in problem for problem in seen.problems)


def test_a_file_that_lies_elsewhere_than_its_map_says(tmp_path: Path):
    write(tmp_path, my_dot_ini="[uwsgi]\nini = /etc/base.ini\n", root__etc__base_dot_ini="[uwsgi]\nlisten = 4\n")
    seen = read_uwsgi(str(tmp_path / "my.ini"), paths=PathMap((("", f"{tmp_path}/root"),)))
    assert seen.value("listen") == "4"


def test_an_emperor_and_what_it_gives_to_its_vassals(tmp_path: Path):
    write(
        tmp_path,
        emperor_dot_ini="[uwsgi]\nemperor = %d/vassals\nvassals-inherit = %dall.ini\nvassals-include-before = %dfirst.ini\n"
        "vassals-set = processes=3\n",
        all_dot_ini="[uwsgi]\nlog = %n\n",
        first_dot_ini="[uwsgi]\nbase = /srv\n",
        vassals__a_dot_ini="[uwsgi]\nchdir = %(base)/%n\n",
        vassals__b_dot_yml="uwsgi:\n  chdir: /b\n",
        vassals__notes_dot_txt="",
        vassals__c_dot_ini_dot_off="",
    )
    emperor = read_uwsgi(str(tmp_path / "emperor.ini"))
    files = vassals(emperor)
    assert files == (f"{tmp_path}/vassals/a.ini", f"{tmp_path}/vassals/b.yml")
    seen = read_uwsgi(files[0], emperor=emperor)
    assert [(one.name, one.value) for one in seen.options] == [
        ("include", f"{tmp_path}/first.ini"),
        ("base", "/srv"),
        ("set", "processes=3"),
        ("processes", "3"),
        ("chdir", "/srv/a"),
        ("inherit", f"{tmp_path}/all.ini"),
        ("log", "all"),
    ]
    assert vassals(seen) == ()


def test_the_environment_gives_options_too(tmp_path: Path):
    write(tmp_path, a_dot_ini="[uwsgi]\nchdir = $(HOME)\n")
    seen = read_uwsgi(str(tmp_path / "a.ini"), environ={"UWSGI_LISTEN": "5", "UWSGI_RELOADS": "1", "HOME": "/h"})
    assert [(one.name, one.value, one.where.rpartition("/")[2]) for one in seen.options] == [
        ("listen", "5", "environment"),
        ("chdir", "/h", "a.ini:2"),
    ]


def test_what_makes_uwsgi_end_is_told_with_its_place(tmp_path: Path):
    text = "[uwsgi]\nset = x\nset-ph = processes=3\nif-env = A\nif-env = B\nendif =\ninclude = a.conf\nini = :\nyaml = :x\n"
    (tmp_path / "a.ini").write_text(text)
    seen = read_uwsgi(str(tmp_path / "a.ini"), environ={"A": "", "B": ""})
    told = [int(one.split(":")[1]) for one in seen.problems if one.endswith("uWSGI does not start")]
    assert told == [2, 3, 5, 7, 8, 9]


def test_several_files_and_the_command_line_of_one_that_runs(tmp_path: Path):
    write(tmp_path, a_dot_ini="[uwsgi]\nchdir = %(base)\n", b_dot_ini="[uwsgi]\nbase = /srv\n")
    seen = configured([str(tmp_path / "a.ini"), str(tmp_path / "b.ini"), "/nowhere.ini"], ())
    assert [(one.name, one.value) for one in seen.options] == [("chdir", "/srv"), ("base", "/srv")]
    assert seen.missing_files == ("/nowhere.ini",)
    assert seen.unread == ("/nowhere.ini: it does not exist",)


def test_what_only_the_machine_knows_stays_and_is_told(tmp_path: Path):
    write(tmp_path, a_dot_ini="[uwsgi]\nlog = /var/%h/%%h.log\n")
    seen = read_uwsgi(str(tmp_path / "a.ini"))
    assert seen.value("log") == "/var/%h/%h.log"
    assert seen.problems == (f"{tmp_path}/a.ini:2: `%h` stays: what it stands for is not known here",)
