"""What `portico tune` writes: two lines of the configuration, pictures, a screen."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import click
import pytest

from portico.actions.tune import save, told, written
from portico.actions.tune.databases import left
from portico.actions.tune.judge import enough, judged
from portico.actions.tune.pictures import plots
from portico.actions.tune.rows import Round, Row
from portico.actions.tune.sizes import Size
from portico.cli import tune_screen
from portico.export.plot_sheet import sheet
from portico.model.errors import PorticoError
from portico.system.memory import free_bytes

SIZE = Size(2, 8)


def test_a_changed_value_keeps_its_comment_and_everything_else_stays() -> None:
    before = '# ours\nlisten = 8000\n\n[uwsgi]\nthreads = 2   # for the bank\nharakiri = "30s"\n\n[nginx]\ngzip = true\n'
    after = written.changed(before, "portico.toml", SIZE)
    assert after == before.replace("threads = 2 ", "threads = 8 ").replace('"30s"\n', '"30s"\nprocesses = 2\n')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[uwsgi]\nprocesses = 2\nthreads = 8\n"),
        ("uwsgi.threads = 2\n", "uwsgi.threads = 8\nuwsgi.processes = 2\n"),
        ("uwsgi = { processes = 9, threads = 1 }  # all\n", "uwsgi = { processes = 2, threads = 8 }  # all\n"),
        ("[uwsgi]\r\nprocesses = 1\r\nthreads = 1\r\n", "[uwsgi]\r\nprocesses = 2\r\nthreads = 8\r\n"),
        ("\ufeff[uwsgi]\nprocesses = 1\nthreads = 1\n", "\ufeff[uwsgi]\nprocesses = 2\nthreads = 8\n"),
    ],
)
def test_whatever_form_the_table_has_it_is_kept(before: str, after: str) -> None:
    assert written.changed(before, "portico.toml", SIZE) == after


def test_in_pyproject_the_lines_go_where_the_configuration_is() -> None:
    before = '[project]\nname = "shop"  # ours\n\n[tool.portico]\nlisten = 8000\n\n[tool.black]\nline-length = 99\n'
    after = written.changed(before, "pyproject.toml", SIZE)
    added = "[tool.portico.uwsgi]\nprocesses = 2\nthreads = 8\n"
    assert added in after
    assert [line for line in after.replace(added, "").splitlines() if line] == [line for line in before.splitlines() if line]
    assert written.lines("pyproject.toml", SIZE).startswith("[tool.portico.uwsgi]\n")


def test_what_is_written_is_the_change_that_is_shown(tmp_path: Path) -> None:
    (tmp_path / "portico.toml").write_text("[uwsgi]\nprocesses = 2\nthreads = 2\n")
    made = save.change(tmp_path, "portico.toml", SIZE)
    assert [line for line in made.diff.splitlines() if line[0] in "+-"][2:] == ["-threads = 2", "+threads = 8"]
    assert "threads = 2" in (tmp_path / "portico.toml").read_text()
    save.apply(tmp_path, made)
    assert (tmp_path / "portico.toml").read_text() == made.after


def test_a_project_without_a_configuration_gets_one(tmp_path: Path) -> None:
    save.apply(tmp_path, save.change(tmp_path, "portico.toml", SIZE))
    assert (tmp_path / "portico.toml").read_text() == "[uwsgi]\nprocesses = 2\nthreads = 8\n"


def measured(*rows: tuple[Size, float, int]) -> dict[str, Any]:
    """The data of a run in which each size had so many requests a second, and lost so many."""
    made = [
        Row(size, tuple(Round(rate + number, 5.0, 9.0, 4.0, 300.0, 5e7, lost, others=0.0) for number in range(3)))
        for size, rate, lost in rows
    ]
    present = made[0].size
    found = judged(made, present, 64)
    return {
        "project": "/srv/<shop>",
        "paths": ["/a?b=<c>&d"],
        "clients": 64,
        "host": "localhost",
        "cores": 2,
        "interrupted": False,
        "enough": True,
        "present": {"processes": present.processes, "threads": present.threads},
        "first": {"statuses": {}, "wall_us": 50_000, "cpu_us": 500, "waits": True, "share": 0.99},
        "settings": told.settings(made, present, found),
        "recommendation": told.recommendation(found),
        "caveats": [{"about": "paths", "says": "only these", "evidence": ["GET /"]}],
        "notes": ["something"],
        **{"toml": None, "file": None, "change": None, "written": None, "svg": None, "next": []},
    }


def test_the_picture_is_one_file_of_valid_xml_that_names_what_is_set_and_what_is_recommended() -> None:
    text = sheet(plots(measured((Size(2, 2), 80, 0), (Size(2, 8), 300, 0), (Size(4, 8), 250, 0))))
    root = ET.fromstring(text)
    inner = root.findall("{http://www.w3.org/2000/svg}svg")
    assert len(inner) == 2
    assert float(inner[1].attrib["y"]) == float(inner[0].attrib["height"])
    assert "now: 2 x 2" in text
    assert "recommended: 2 x 8" in text


def test_the_screen_marks_the_present_setting_and_the_recommended_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = click.unstyle(tune_screen.text(measured((Size(2, 2), 80, 0), (Size(2, 8), 300, 0), (Size(4, 8), 900, 2))))
    marked = {line.split("<- ")[1]: line.split()[:3] for line in shown.splitlines() if "<- " in line}
    assert marked == {"now": ["2", "x", "2"], "recommended": ["2", "x", "8"]}
    assert "Recommended: 2 processes x 8 threads" in shown
    assert any("4 x 8" in line and "6 failed" in line for line in shown.splitlines())


def test_a_screen_without_anything_measured_says_why() -> None:
    data = measured((Size(2, 2), 80, 0), (Size(2, 8), 300, 0))
    data["settings"], data["recommendation"] = [], {"outcome": "none", "processes": None, "threads": None, "why": ["so"]}
    shown = click.unstyle(tune_screen.text(data))
    assert "No recommendation\n  so" in shown


@pytest.mark.parametrize("columns", [40, 60, 80, 112])
def test_the_screen_is_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    data = measured((Size(2, 16), 8234, 0), (Size(2, 8), 13_000, 0), (Size(4, 8), 19_000, 2000))
    data["settings"][0]["failed"] = "it did not start: the application had not finished loading"
    data["next"] = ["portico tune --write   # or: measures again and writes them"]
    lines = click.unstyle(tune_screen.text(data)).splitlines()
    assert [line for line in lines if len(line) > columns] == []
    shown = "\n".join(lines)
    for kept in ("requests/s", "p99 ms", "failed", "<- now", "<- recommended", "4 x 8"):
        assert kept in shown
    assert ("CPU us" in next(line for line in lines if "requests/s" in line)) == (columns > 60)


def test_a_run_that_was_broken_off_early_offers_no_picture() -> None:
    data = measured((Size(2, 2), 80, 0), (Size(2, 8), 300, 0))
    data.update(interrupted=True, enough=False)
    shown = click.unstyle(tune_screen.text(data))
    assert "Stopped before enough was measured" in shown
    assert "█" not in shown
    for row in data["settings"]:
        row["rounds"] = 0
    shown = click.unstyle(tune_screen.text(data))
    assert "Stopped before anything was measured." in shown
    assert "medians of" not in shown


def test_one_round_is_not_enough_to_compare() -> None:
    one = Round(80.0, 5.0, 9.0, 4.0, 300.0, 5e7)
    rows = [Row(Size(2, 2), (one,) * 2), Row(Size(2, 8), (one,))]
    assert not enough(rows, Size(2, 2))
    assert enough([rows[0], Row(Size(2, 8), (one,) * 2)], Size(2, 2))


def test_the_narrowest_database_counts_and_some_connections_are_left_to_the_site() -> None:
    wide = {"vendor": "postgresql", "max_connections": 500, "connections": 10, "conn_max_age_s": 0}
    narrow = {"vendor": "postgresql", "max_connections": 100, "connections": 20, "conn_max_age_s": None}
    assert left((wide, narrow)) == (70, True)
    assert left((wide,)) == (440, False)
    assert left(({"vendor": "sqlite"},)) == (None, False)
    assert left(None) == (None, False)


def test_a_container_has_as_much_memory_as_its_group_allows(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("2500000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 200000\n")
    assert free_bytes(tmp_path) == 700_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_bytes(tmp_path) > 700_000


def test_a_configuration_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "portico.toml").mkdir()
    with pytest.raises(PorticoError):
        save.change(tmp_path, "portico.toml", SIZE)
