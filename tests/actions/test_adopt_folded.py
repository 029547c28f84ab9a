"""The ledger as people see it: one row for a block, for lines that meet the same fate, and for a whole other site."""

from __future__ import annotations

import click
import tomllib

from portico.actions.adopt.folded import folded
from portico.actions.adopt.merge import merge
from portico.actions.adopt.written import text
from portico.cli import adopt_screen
from portico.model.adoption import Carried

KEY = "nginx.extra_server"
RAW = [
    Carried("/n.conf:10", "add_header X-A 1", "raw", KEY, ("add_header X-A 1;",)),
    Carried("/n.conf:11", "add_header X-B 1", "raw", KEY, ("add_header X-B 1;",)),
    Carried("/n.conf:12", "location /old/", "raw", KEY, ("location /old/ {", "}")),
    *(Carried(f"/n.conf:{at}", f"x_{at} 1", "raw", KEY, None, "part of the block in line 12") for at in range(13, 30)),
    Carried("/n.conf:31", "add_header X-C 1", "raw", KEY, ("add_header X-C 1;",)),
]
OTHER = "another site: adopt it on its own, --server b.example"
LEFT = [
    Carried("/n.conf:40", "server", "left", why=OTHER),
    Carried("/n.conf:41", "listen 80", "left", why=OTHER),
    *(Carried(f"/uwsgi_params:{at}", f"uwsgi_param A{at} 1", "left", why=OTHER) for at in range(1, 20)),
    Carried("/n.conf:44", "autoindex on", "left", why="it is odd"),
    Carried("/n.conf:50", "server", "left", why=OTHER),
    Carried("/n.conf:51", "listen 81", "left", why=OTHER),
    Carried("/u.ini:3", "foo = 1", "left", why="uWSGI has no such option"),
]


def test_a_block_is_one_row_and_so_are_lines_of_one_fate() -> None:
    rows = folded(RAW, "raw")
    assert [row.where for row in rows] == ["/n.conf:10-11", "/n.conf:12-29", "/n.conf:31"]
    assert rows[0].text == "add_header X-A 1; add_header X-B 1"
    assert rows[1].text == "location /old/, and 17 more lines"
    assert all(row.key == KEY and not row.why for row in rows)


def test_nothing_is_no_row() -> None:
    assert folded([], "left") == folded(RAW, "left") == []


def test_variables_for_uwsgi_are_never_told_one_by_one() -> None:
    lines = [Carried(f"/uwsgi_params:{at}", f"uwsgi_param A{at} 1", "raw", KEY, (), f"why {at % 2}") for at in range(1, 20)]
    (row,) = folded(lines, "raw")
    assert (row.where, row.why) == ("/uwsgi_params:1-19", "why 1; why 0")


def test_another_site_is_one_sentence_and_hides_nothing_between() -> None:
    rows = folded([*RAW, *LEFT], "left")
    assert [row.where for row in rows] == [
        "/n.conf:40-41, /n.conf:50-51, /uwsgi_params:1-19",
        "/n.conf:44",
        "/u.ini:3",
    ]
    assert rows[0].text == "server, and 22 more lines"


def test_the_file_and_the_screen_are_folded_alike() -> None:
    written = text(merge(LEFT), ["/n.conf"], LEFT)
    assert tomllib.loads(written) == {}
    remarks = [line for line in written.splitlines() if line.startswith("#   ")]
    assert len(remarks) == 3
    assert "n.conf:44: autoindex on  (it is odd)" in remarks[1]
    lines = [vars(line) for line in (*RAW, *LEFT)]
    shown = click.unstyle(
        adopt_screen.text(
            {
                **{"server": None, "uwsgi": [], "nginx": "", "counts": {"raw": len(RAW), "left": len(LEFT)}},
                **{"lines": lines, "toml": "x = 1\n", "written": None, "unknown": [], "next": ["portico up"]},
                "proof": {"verdict": "different", "requests": [], "adjusted": [], "notes": []},
            }
        )
    )
    assert shown.splitlines()[0].startswith("Proof: different")
    assert shown.count("another site") == 1
    assert "part of the block" not in shown
