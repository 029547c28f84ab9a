"""Logs without secrets: of a release that comes later, too, and each entry as many lines as it was."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from portico.actions.doctor.discretion import Discretion
from portico.actions.log_entries import Entry, Filter, Source, merged
from portico.actions.log_secrets import LogMask, hand_over, taken_over


def _known(*values: str) -> Discretion:
    known = Discretion()
    known.take(values)
    return known


@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_every_line_stays_a_line(tmp_path: Path, ending: str) -> None:
    text = f"GET /?token=abc\n  password = 'open\n\tkept-secret and more\n'  API_TOKEN=x y{ending}"
    (entry,) = LogMask(_known("kept-secret"), tmp_path).shown([Entry(1.0, "django", text, "id", 500)])
    assert entry.text == f"GET /?token=***\n  password = 'open\n\t*** and more\n'  API_TOKEN=*** y{ending}"
    assert (entry.time, entry.hop, entry.request_id, entry.status) == (1.0, "django", "id", 500)


def test_an_entry_without_secrets_is_the_same_one(tmp_path: Path) -> None:
    entry = Entry(1.0, "nginx", "200 GET /shop/?page=2 12ms uwsgi 11ms 5B 127.0.0.1", "id", 200)
    assert next(LogMask(_known("kept-secret"), tmp_path).shown([entry])) is entry


def test_a_release_that_is_started_later_has_secrets_of_its_own(tmp_path: Path) -> None:
    mask = LogMask(_known("of-the-first"), tmp_path)
    entry = Entry(1.0, "django", "of-the-first of-the-second")
    assert [shown.text for shown in mask.shown([entry])] == ["*** of-the-second"]
    (tmp_path / "uwsgi-2.json").write_text(json.dumps({"environ": {"API_TOKEN": "of-the-second"}}))
    (tmp_path / "uwsgi-3.json").write_text("half of")
    os.utime(tmp_path, ns=(time.time_ns(), time.time_ns() + 10**9))
    assert [shown.text for shown in mask.shown([entry])] == ["*** ***"]


def test_the_program_that_takes_this_ones_place_knows_them(tmp_path: Path) -> None:
    descriptor = hand_over(_known("kept-secret", "naïve-word"))
    assert os.get_inheritable(descriptor)
    assert taken_over(descriptor).text("kept-secret, naïve-word") == "***, ***"


def test_the_file_itself_is_not_changed(tmp_path: Path) -> None:
    log = tmp_path / "uwsgi.log"
    log.write_text("kept-secret\n")
    entries = merged([Source("uwsgi", log)], Filter())
    assert [entry.text for entry in LogMask(_known("kept-secret"), tmp_path).shown(entries)] == ["***"]
    assert log.read_text() == "kept-secret\n"
