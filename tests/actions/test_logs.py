"""Merging and joining log lines, on text as nginx, uWSGI and Django write it."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from portico.actions.log_entries import Filter, Source, merged
from portico.actions.logs import make_filter
from portico.cli.main import run as portico
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


@pytest.mark.parametrize(
    "told",
    [
        json.dumps({"message": "Internal Server Error: /boom/", "exc_info": TRACEBACK}) + "\n",
        "Internal Server Error: /boom/\n  + Exception Group Traceback (most recent call last):\n"
        '  |   File "views.py", line 3, in boom\n  | ExceptionGroup: no luck (1 sub-exception)\n',
    ],
)
def test_a_traceback_of_another_form_is_joined_as_well(tmp_path: Path, told: str) -> None:
    nginx = access(1700000002.2, "bbbbbbbb", 500, "/boom/") + "\n"
    entries = merged(sources(tmp_path, nginx, "said earlier\n" + told + REQUEST), Filter(request_id="bbbbbbbb"))
    assert [entry.hop for entry in entries] == ["django", "uwsgi", "nginx"]
    assert entries[0].text == told.rstrip("\n")


def test_the_error_log_of_another_time_zone(tmp_path: Path) -> None:
    """nginx was started with another one than the reader has."""
    path = tmp_path / "error"
    written = 1_700_000_000.0
    moment = time.strftime("%Y/%m/%d %H:%M:%S", time.localtime(written - 5.5 * 3600))
    path.write_text(f'{moment} [error] 1#1: *1 broke, client: ::1, server: _, request: "GET / HTTP/1.1", host: "a"\n')
    os.utime(path, (written + 1, written + 1))
    assert [entry.time for entry in Source("error", path).read()] == [written]


def test_a_start_in_a_time_to_come_does_not_stand_last(tmp_path: Path) -> None:
    """uWSGI was started in a zone ahead of the reader's."""
    ahead = time.strftime("%a %b %d %H:%M:%S %Y", time.localtime(time.time() + 3600))
    start = f"*** Starting uWSGI 2.0.30 (64bit) on [{ahead}] ***\n"
    nginx = access(1700000003.0, "bbbbbbbb", 500) + "\n"
    assert [entry.hop for entry in merged(sources(tmp_path, nginx, start + REQUEST), Filter())] == [
        "uwsgi",
        "uwsgi",
        "nginx",
    ]


@pytest.mark.parametrize("t", ["1e999", "NaN", "1e20", "null", "[" * 9000])
def test_a_line_that_only_looks_like_one_of_ours(tmp_path: Path, t: str) -> None:
    line = f'{{"t":{t},"rid":"a","path":"/","exc":"x"}}\n' + f'{{"t":{"9" * 5000},"rid":"a","status":1,"us":1}}\n'
    entries = merged(
        sources(tmp_path, line.replace('"t"', '"time"'), line + '{"t":1,"rid":"a","path":"/","exc":null}\n'), Filter()
    )
    assert all(datetime.fromtimestamp(entry.time, timezone.utc) for entry in entries) and len(entries) == 5


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


def test_silence_is_explained_file_by_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "portico.toml").write_text(f'state_dir = "{tmp_path}/state"\n')
    (tmp_path / "state" / "log").mkdir(parents=True)
    (tmp_path / "state" / "log" / "uwsgi.log").write_text("")
    (tmp_path / "state" / "log" / "nginx-error.log").write_text("2020/01/01 00:00:00 [error] 1#1: *1 long ago\n")
    with pytest.raises(SystemExit) as stop:
        raise SystemExit(portico(["logs", "-C", str(tmp_path), "--since", "1m"]))
    said = capsys.readouterr()
    assert (stop.value.code, said.out) == (0, "")
    rows = {
        Path(row.removeprefix("nothing from ").partition(": ")[0]).name: row.partition(": ")[2]
        for row in said.err.splitlines()
    }
    assert rows == {
        "nginx-access.log": "No such file or directory",
        "nginx-error.log": "no line in it is wanted",
        "uwsgi.log": "it is empty",
    }
