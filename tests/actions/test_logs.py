"""Merging and joining log lines, on text as nginx, uWSGI and Django write it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portico.actions.log_entries import Filter, Source, merged
from portico.actions.logs import make_filter
from portico.model.errors import Exit, PorticoError


def access(time: float, request_id: str, status: int, uri: str = "/") -> str:
    row = {
        **{"time": time, "request_id": request_id, "remote_addr": "127.0.0.1", "method": "GET", "host": "localhost"},
        **{"uri": uri, "status": str(status), "bytes": 10, "request_time": 0.012, "upstream_connect_time": "0.000"},
        **{"upstream_header_time": "0.011", "upstream_response_time": "0.011", "upstream_status": str(status)},
        **{"user_agent": "", "referer": ""},
    }
    return json.dumps(row)


TRACEBACK = """Internal Server Error: /boom/
Traceback (most recent call last):
  File "views.py", line 3, in boom
    raise RuntimeError("no luck")
RuntimeError: no luck
"""
REQUEST = '{"t":1700000002100,"rid":"bbbbbbbb","status":500,"us":2500,"bytes":145,"worker":1,"core":0}\n'


def sources(folder: Path, nginx: str, uwsgi: str) -> list[Source]:
    (folder / "access").write_text(nginx)
    (folder / "uwsgi").write_text(uwsgi)
    return [Source("access", folder / "access"), Source("uwsgi", folder / "uwsgi")]


def test_a_traceback_is_joined_to_the_request_that_failed(tmp_path: Path) -> None:
    nginx = access(1700000001.0, "aaaaaaaa", 200) + "\n" + access(1700000002.2, "bbbbbbbb", 500, "/boom/") + "\n"
    entries = merged(sources(tmp_path, nginx, "said earlier\n" + TRACEBACK + REQUEST), Filter(status="5xx"))
    assert [entry.hop for entry in entries] == ["django", "uwsgi", "nginx"]
    assert entries[0].request_id == "bbbbbbbb"
    assert "RuntimeError: no luck" in entries[0].text
    assert "said earlier" not in entries[0].text


def test_entries_of_all_files_come_in_the_order_of_time(tmp_path: Path) -> None:
    nginx = "".join(access(1700000000.0 + n, f"request-{n}", 200) + "\n" for n in (3, 1, 2))
    entries = merged(sources(tmp_path, nginx, REQUEST), Filter())
    assert [entry.time for entry in entries] == sorted(entry.time for entry in entries)
    assert {entry.hop for entry in entries} == {"nginx", "uwsgi"}


def test_only_new_and_complete_lines_are_read_on(tmp_path: Path) -> None:
    path = tmp_path / "access"
    path.write_text(access(1.0, "aaaaaaaa", 200) + "\n" + '{"time":')
    source = Source("access", path)
    assert len(source.read()) == 1
    with path.open("a") as stream:
        stream.write(access(2.0, "bbbbbbbb", 404).removeprefix('{"time":') + "\n")
    assert [entry.request_id for entry in source.read()] == ["bbbbbbbb"]
    path.unlink()
    path.write_text(access(3.0, "cccccccc", 200) + "\n")
    assert [entry.request_id for entry in source.read()] == ["cccccccc"], "a rotated file is read from its start"


def test_a_filter_by_hop_and_time(tmp_path: Path) -> None:
    files = sources(tmp_path, access(5.0, "aaaaaaaa", 200) + "\n" + access(50.0, "bbbbbbbb", 200) + "\n", "hello\n")
    assert [entry.request_id for entry in merged(files, Filter(hop="nginx", since=10.0))] == ["bbbbbbbb"]


def test_one_request_by_its_id(tmp_path: Path) -> None:
    nginx = access(1700000001.0, "aaaaaaaa", 200) + "\n" + access(1700000002.2, "bbbbbbbb", 500, "/boom/") + "\n"
    entries = merged(sources(tmp_path, nginx, TRACEBACK + REQUEST), make_filter("", "", "", "bbbbbbbb"))
    assert [entry.hop for entry in entries] == ["django", "uwsgi", "nginx"]
    assert {entry.request_id for entry in entries} == {"bbbbbbbb"}


@pytest.mark.parametrize(("since", "status"), [("soon", ""), ("", "6xx"), ("", "50"), ("10 parsecs", "")])
def test_a_filter_that_makes_no_sense_is_an_error(since: str, status: str) -> None:
    with pytest.raises(PorticoError) as caught:
        make_filter("", since, status)
    assert caught.value.code == Exit.USAGE
