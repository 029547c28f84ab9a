"""A request of the past, from logs as nginx and uWSGI write them; no process is started."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import click
import pytest

from portico.actions import state
from portico.actions.places import Places
from portico.actions.state import State, plan_data
from portico.actions.trace.past import past
from portico.cli import trace_screen
from portico.export.otlp import otlp
from portico.export.trace_page import page
from portico.hops.nginx import render as nginx
from portico.model.errors import PorticoError
from support.plans import make_plan

NOW = 1_795_761_545.683
ID = "340c021e52ccb798d0261719c7eed98d"


class Logs:
    """A stack that is said to run in `folder`, and its logs."""

    def __init__(self, folder: Path, **overrides: Any) -> None:
        self.where = Places(folder, folder / ".portico", folder / ".portico", folder / "run")
        self.plan = make_plan(str(folder), paths={"run": str(folder / "run")}, **overrides)
        self.folder = Path(self.plan.paths.log)
        self.folder.mkdir(parents=True)
        state.write(self.where, State(7, "", NOW - 60, "http://127.0.0.1:8000/", {}, plan_data(self.plan)))
        if self.plan.nginx:
            for file in nginx.files(self.plan):
                path = self.where.release_dir(7) / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(file.text)

    def write(self, kind: str, *lines: str | bytes) -> Logs:
        names = {"access": "access.log", "error": "nginx.log", "uwsgi": Path(self.plan.uwsgi.log or "uwsgi.log").name}
        data = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n"
        with (self.folder / names.get(kind, kind)).open("ab") as log:
            log.write(data)
        return self

    def past(self, request_id: str = "", status: str = "") -> dict[str, Any]:
        told = past(self.where, request_id, status)
        json.dumps(told)
        return told


def access(
    status: str, uri: str = "/slow/?s=8", request_id: str = ID, end: float = NOW, took: float = 1.887, **more: str
) -> str:
    row: dict[str, Any] = {
        **{"time": end, "request_id": request_id, "remote_addr": "127.0.0.1", "method": "GET", "host": "127.0.0.1"},
        **{"uri": uri, "status": status, "bytes": 150, "request_time": took, "upstream_connect_time": "0.001"},
        **{"upstream_header_time": str(took), "upstream_response_time": str(took), "upstream_status": status},
        **{"user_agent": "curl/7.88.1", "referer": ""},
    }
    return json.dumps({**row, **more})


def by_itself(status: str, uri: str, **more: str) -> str:
    """A request that nginx answered without uWSGI."""
    nothing = {f"upstream_{name}": "" for name in ("connect_time", "header_time", "response_time", "status")}
    return access(status, uri, took=0.001, **{**nothing, **more})


def error(message: str, uri: str = "/slow/?s=8", at: float = NOW) -> str:
    moment = time.strftime("%Y/%m/%d %H:%M:%S", time.localtime(at))
    context = f'client: 127.0.0.1, server: localhost, request: "GET {uri} HTTP/1.1", host: "127.0.0.1:8000"'
    return f"{moment} [error] 30419#30419: *12 {message}, {context}"


def hop(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in told["hops"] if one["hop"] == name)


REQUEST = f'{{"t":{int((NOW - 1.886) * 1000)},"rid":"{ID}","status":500,"us":1880123,"bytes":145,"worker":2,"core":1}}'
TRACEBACK = (
    "2026-11-27 06:39:03,787 ERROR django.request: Internal Server Error: /slow/",
    "Traceback (most recent call last):",
    '  File "/srv/.venv/lib/python3.11/site-packages/django/core/handlers/base.py", line 197, in _get_response',
    "    response = wrapped_callback(request)",
    '  File "/srv/destiny/journal/views.py", line 92, in boom',
    '    raise RuntimeError("on purpose")',
    "RuntimeError: on purpose",
)
HARAKIRI = (
    "Fri Nov 27 06:39:05 2026 - *** HARAKIRI ON WORKER 1 (pid: 30414, try: 1, graceful: yes) ***",
    "HARAKIRI: -- wchan> hrtimer_nanosleep",
    f"Fri Nov 27 06:39:05 2026 - HARAKIRI [core 0] 127.0.0.1 - GET /slow/?s=8 since {int(NOW - 1.887)}",
    f"Fri Nov 27 06:39:05 2026 - HARAKIRI [core 1] 127.0.0.1 - GET /api/hello/ since {int(NOW)}",
    "Fri Nov 27 06:39:05 2026 - HARAKIRI triggered by worker 1 core 0 !!!",
    "DAMN ! worker 1 (pid: 30414) died, killed by signal 9 :( trying respawn ...",
)
BROKE = "upstream prematurely closed connection while reading response header from upstream"


def test_a_request_that_the_application_failed(tmp_path: Path) -> None:
    logs = Logs(tmp_path).write("access", access("500")).write("uwsgi", "chatter", *TRACEBACK, REQUEST)
    told = logs.past()
    assert [one["hop"] for one in told["hops"]] == ["client", "nginx", "uwsgi", "wsgi", "django"]
    assert (told["kind"], told["request_id"], told["status"], told["release"]) == ("logs", ID, 500, 7)
    assert told["started"] == pytest.approx(NOW - 1.887)
    assert told["died_at"] == "django"
    raised = hop(told, "django")["exceptions"][0]
    assert (raised["type"], raised["message"]) == ("RuntimeError", "on purpose")
    place = {"file": "/srv/destiny/journal/views.py", "line": 92, "function": "boom"}
    assert raised["frame"] == {**place, "code": 'raise RuntimeError("on purpose")'}
    assert "chatter" not in "".join(raised["traceback"])
    uwsgi = hop(told, "uwsgi")
    assert (uwsgi["worker"], uwsgi["core"], uwsgi["started_us"]) == (2, 1, 1000)
    assert uwsgi["started_us"] + uwsgi["duration_us"] <= told["duration_us"] == 1_887_000
    assert hop(told, "nginx")["location"]["match"] == "/"


def test_an_exception_with_the_id_is_found_wherever_it_stands(tmp_path: Path) -> None:
    line = {"t": NOW - 1, "rid": ID, "level": "ERROR", "path": "/slow/", "exc": "\n".join(TRACEBACK[1:]) + "\n"}
    other = json.dumps({**line, "rid": "other-request", "exc": "KeyError: 'other'"})
    logs = Logs(tmp_path).write("access", access("500")).write("uwsgi", json.dumps(line), other, *TRACEBACK[1:3])
    told = logs.past(ID)
    assert [one["type"] for one in hop(told, "django")["exceptions"]] == ["RuntimeError"]
    assert told["died"] == "RuntimeError: on purpose, in boom (/srv/destiny/journal/views.py:92)"


@pytest.mark.parametrize(
    ("uri", "logged"),
    [("//slow/./?s=8", "/slow/"), ("/a%20b/", "/a b/"), ("/caf%C3%A9/", "/café/"), ("/caf%C3%A9/", "/caf\\xe9/")],
)
def test_a_traceback_is_found_by_the_path_as_the_application_sees_it(tmp_path: Path, uri: str, logged: str) -> None:
    own = TRACEBACK[0].replace("/slow/", logged)
    logs = Logs(tmp_path).write("access", access("500", uri)).write("uwsgi", own, *TRACEBACK[1:], REQUEST)
    assert [one["type"] for one in hop(logs.past(), "django")["exceptions"]] == ["RuntimeError"]


def test_errors_of_an_nginx_that_has_another_time_zone(tmp_path: Path) -> None:
    logs = Logs(tmp_path).write("access", access("502")).write("error", error(BROKE, at=NOW - 5.5 * 3600))
    os.utime(logs.folder / "nginx.log", (NOW, NOW))
    assert BROKE in hop(logs.past(), "nginx")["errors"][0]


def test_a_traceback_in_a_line_of_json(tmp_path: Path) -> None:
    line = json.dumps({"message": "Internal Server Error: /slow/", "exc_info": "\n".join(TRACEBACK[1:])})
    other = line.replace("/slow/", "/other/").replace("RuntimeError", "KeyError")
    logs = Logs(tmp_path).write("access", access("500")).write("uwsgi", line, other, REQUEST)
    assert logs.past()["died"] == "RuntimeError: on purpose, in boom (/srv/destiny/journal/views.py:92)"


def test_an_exception_group_has_its_place(tmp_path: Path) -> None:
    block = ["  + Exception Group Traceback (most recent call last):", *(f"  | {line}" for line in TRACEBACK[2:-1])]
    block += ["  | ExceptionGroup:  (1 sub-exception)", "  +-+---------------- 1 ----------------", "    | ValueError: one"]
    block += ["    +------------------------------------"]
    logs = Logs(tmp_path).write("access", access("500")).write("uwsgi", TRACEBACK[0], *block, REQUEST)
    told = logs.past()["died"]
    assert told == "ExceptionGroup: (1 sub-exception), in boom (/srv/destiny/journal/views.py:92)"


def test_a_traceback_of_another_path_is_not_taken(tmp_path: Path) -> None:
    other = TRACEBACK[0].replace("/slow/", "/other/")
    logs = Logs(tmp_path).write("access", access("500")).write("uwsgi", other, *TRACEBACK[1:], REQUEST)
    told = logs.past()
    assert hop(told, "django")["exceptions"] == []
    assert told["died"] == "the application answered 500; no exception of it is in the logs"


@pytest.mark.parametrize(
    ("uri", "core", "said"),
    [("/slow/?s=8", 0, "took longer than harakiri allows"), ("/api/hello/", 1, "because another request in it")],
)
def test_a_worker_that_harakiri_killed(tmp_path: Path, uri: str, core: int, said: str) -> None:
    took = 1.887 if core == 0 else 0.2
    line = access("502", uri, took=took, upstream_header_time="-")
    told = Logs(tmp_path).write("access", line).write("error", error(BROKE, uri)).write("uwsgi", *HARAKIRI).past()
    assert told["died_at"] == "uwsgi"
    assert said in told["died"]
    uwsgi = hop(told, "uwsgi")
    assert (uwsgi["worker"], uwsgi["pid"], uwsgi["core"], uwsgi["killed"]["signal"]) == (1, 30414, core, 9)
    assert [one["hop"] for one in told["hops"]] == ["client", "nginx", "uwsgi"]
    assert BROKE in hop(told, "nginx")["errors"][0]


def test_a_worker_that_died_is_joined_by_time_alone(tmp_path: Path) -> None:
    died = "DAMN ! worker 2 (pid: 99) died, killed by signal 11 :( trying respawn ..."
    before = REQUEST.replace(ID, "earlier-request").replace(str(int((NOW - 1.886) * 1000)), str(int((NOW - 5) * 1000)))
    after = before.replace(str(int((NOW - 5) * 1000)), str(int((NOW + 2) * 1000)))
    broke = access("502", upstream_header_time="-")
    told = Logs(tmp_path).write("access", broke).write("uwsgi", before, died, after).past()
    assert (told["died_at"], hop(told, "uwsgi")["killed"]["signal"]) == ("uwsgi", 11)
    earlier = access("502", end=NOW - 100, upstream_header_time="-")
    told = Logs(tmp_path / "other").write("access", earlier).write("uwsgi", before, died, after).past()
    assert "killed" not in hop(told, "uwsgi")
    assert told["died"] == "uWSGI broke off: no answer came"


def test_several_tries_keep_their_order(tmp_path: Path) -> None:
    tries = {"upstream_connect_time": "-, 0.002", "upstream_header_time": "-, 0.900", "upstream_status": "502, 200"}
    line = access("200", took=1.5, **{**tries, "upstream_response_time": "0.500, 0.950"})
    told = Logs(tmp_path).write("access", line).past()
    first, second = hop(told, "nginx")["tries"]
    assert first == {"connect_us": None, "header_us": None, "response_us": 500_000, "status": 502}
    assert second == {"connect_us": 2000, "header_us": 900_000, "response_us": 950_000, "status": 200}
    assert hop(told, "uwsgi")["started_us"] == 502_000
    assert told["died_at"] is None


def test_nobody_listens(tmp_path: Path) -> None:
    nothing = {"upstream_connect_time": "-", "upstream_header_time": "-"}
    refused = "connect() to unix:/run/portico/destiny/app.sock failed (111: Connection refused) while connecting to upstream"
    told = Logs(tmp_path).write("access", access("502", took=0.0, **nothing)).write("error", error(refused)).past()
    assert told["died_at"] == "nginx"
    assert "111: Connection refused" in told["died"]


def test_an_answer_that_did_not_come_in_time(tmp_path: Path) -> None:
    late = error("upstream timed out (110: Connection timed out) while reading response header from upstream")
    line = access("504", took=65.001, upstream_header_time="-")
    told = Logs(tmp_path).write("access", line).write("error", late).past()
    assert (told["died_at"], told["died"]) == ("uwsgi", "uWSGI gave no answer within 65 s, and nginx stopped waiting")


def test_a_client_that_left(tmp_path: Path) -> None:
    line = access("499", took=0.5, upstream_header_time="-", upstream_status="-")
    told = Logs(tmp_path).write("access", line).write("uwsgi", REQUEST.replace('"status":500', '"status":200')).past()
    assert (told["status"], told["died_at"], hop(told, "client")["out"]["status"]) == (0, "nginx", 0)
    assert hop(told, "uwsgi")["worked_us"] == 1_880_123
    assert hop(told, "uwsgi")["duration_us"] <= 500_000
    assert any("went on for 1880 ms" in note for note in told["notes"])


def test_a_file_and_one_that_is_not_there(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    static = Path(logs.plan.paths.static)
    static.mkdir()
    (static / "site.0123456789ab.css").write_text("body {}")
    missing = f'open() "{static}/gone.css" failed (2: No such file or directory)'
    logs.write("access", by_itself("200", "/static/site.0123456789ab.css?v=2"), by_itself("404", "/static/gone.css"))
    logs.write("error", error(missing, "/static/gone.css"))
    there = logs.past(status="200")
    assert [one["hop"] for one in there["hops"]] == ["client", "nginx"]
    sum_ = hop(there, "nginx")["static"]
    assert (sum_["prefix"], sum_["rest"], sum_["alias"]) == ("/static/", "site.0123456789ab.css", f"{static}/")
    assert (sum_["file"], sum_["exists"], sum_["bytes"]) == (f"{static}/site.0123456789ab.css", True, 7)
    assert dict(sum_["cache"])["Cache-Control"].startswith("public, max-age=")
    gone = logs.past()
    assert (gone["died_at"], gone["died"]) == ("nginx", f"there is no file {static}/gone.css")
    assert missing in hop(gone, "nginx")["errors"][0]
    assert hop(gone, "nginx")["static"]["cache"] == []


def test_secrets_in_addresses_are_masked(tmp_path: Path) -> None:
    uri = "/pay/?token=abcd1234efgh&x=1"
    line = access("500", uri, referer="https://shop.example/?password=hunter2hunter2")
    told = Logs(tmp_path).write("access", line).write("error", error(BROKE, uri)).past()
    text = json.dumps(told)
    assert "abcd1234efgh" not in text
    assert "hunter2" not in text
    assert "x=1" in told["url"]
    assert told["masked"] is True


def test_lines_that_are_cut_or_no_text_are_passed_over(tmp_path: Path) -> None:
    logs = Logs(tmp_path).write("access", access("200"), b'{"time":1,"uri":"\xff\xfe', access("200", request_id="x")[:80])
    logs.write("uwsgi", b"\xff\x00 not text", '{"t":17,"rid":"' + ID + '","exc"')
    assert logs.past()["request_id"] == ID


def test_a_rotated_log_is_read_as_well(tmp_path: Path) -> None:
    logs = (
        Logs(tmp_path).write("access.log.1", access("500")).write("access.log-20200101", access("200", request_id="older"))
    )
    uwsgi = Path(logs.plan.uwsgi.log or "uwsgi.log").name
    logs.write(f"{uwsgi}.1", *TRACEBACK, REQUEST).write("access", access("200", request_id="newer-request"))
    assert logs.past(ID)["died_at"] == "django"
    assert logs.past()["request_id"] == "newer-request"


def test_an_id_that_is_not_there(tmp_path: Path) -> None:
    logs = Logs(tmp_path).write("access", access("200"))
    with pytest.raises(PorticoError) as caught:
        logs.past("no-such-request")
    told = caught.value.findings[0]
    assert told.id == "nginx.E092"
    assert "8 MB" in told.cause
    assert any(str(logs.folder / "access.log") in row for row in told.evidence)
    with pytest.raises(PorticoError) as caught:
        logs.past(status="5xx")
    assert caught.value.findings[0].id == "nginx.E092"
    with pytest.raises(PorticoError) as caught:
        logs.past(status="teapot")
    assert caught.value.findings[0].id == "config.E009"


def test_without_an_access_log_uwsgi_tells_what_it_can(tmp_path: Path) -> None:
    logs = Logs(tmp_path, nginx={"access_log": "off"})
    with pytest.raises(PorticoError) as caught:
        logs.past()
    assert caught.value.findings[0].id == "nginx.E091"
    told = logs.write("uwsgi", *TRACEBACK, REQUEST).past()
    assert [one["hop"] for one in told["hops"]] == ["client", "uwsgi", "wsgi", "django"]
    assert (told["status"], told["request_id"], told["died_at"]) == (500, ID, "django")
    assert any("it is off" in note for note in told["notes"])


def test_without_a_front_the_request_is_one_of_uwsgi(tmp_path: Path) -> None:
    plain = {"framework": "wsgi", "settings": "", "module": "", "file": "/srv/hello.py"}
    logs = Logs(tmp_path, front="none", site=plain).write("uwsgi", *TRACEBACK[1:], REQUEST.replace(ID, "-"))
    told = logs.past(status="5xx")
    assert [one["hop"] for one in told["hops"]] == ["client", "uwsgi", "wsgi"]
    assert (told["died_at"], told["request_id"]) == ("wsgi", "")
    assert hop(told, "wsgi")["exceptions"][0]["type"] == "RuntimeError"


def test_without_a_stack_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(PorticoError) as caught:
        past(Places(tmp_path, tmp_path / ".portico", tmp_path / ".portico", tmp_path / "run"))
    assert caught.value.findings[0].id == "system.E023"


def test_two_requests_of_the_same_second_share_lines_without_ids(tmp_path: Path) -> None:
    twin = access("502", request_id="the-other-one", upstream_header_time="-")
    logs = Logs(tmp_path).write("access", twin, access("502", upstream_header_time="-")).write("error", error(BROKE))
    assert any("1 other request looked the same" in note for note in logs.past(ID)["notes"])


def test_a_request_is_repeated_only_where_that_is_harmless(tmp_path: Path) -> None:
    logs = Logs(tmp_path).write("access", access("200", "/a b/?x=1"))
    assert any("trace '/a b/?x=1'`" in note for note in logs.past()["notes"])
    logs.write("access", access("500", "/pay/", method="POST"))
    notes = " ".join(logs.past()["notes"])
    assert "it is a POST" in notes
    assert "trace /pay/" not in notes


def test_it_is_drawn_and_sent_like_any_other(tmp_path: Path) -> None:
    logs = (
        Logs(tmp_path)
        .write("access", by_itself("404", "/static/gone.css"), access("500"))
        .write("uwsgi", *TRACEBACK, REQUEST)
    )
    for told in (logs.past(), logs.past(status="404")):
        assert f"died at {told['died_at']}" in click.unstyle(trace_screen.text(told))
        assert told["request_id"] in page(told)
        assert json.dumps(otlp(told))
