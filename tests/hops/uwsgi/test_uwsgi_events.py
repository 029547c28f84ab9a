"""uWSGI's log as events: on captured logs of pyuwsgi 2.0.30, and on what a real one writes."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico.hops.uwsgi.events import events, last_start
from portico.model.log import Event

CAPTURED = Path(__file__).parents[2] / "captured" / "uwsgi"
#: What every start says.
USUAL = {
    "as-root",
    "backlog",
    "binary-path",
    "config-read",
    "cores",
    "cwd",
    "fd-limit",
    "mode",
    "python-version",
    "vm-initialized",
}


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The captured logs are of a machine whose time is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def captured(name: str) -> tuple[Event, ...]:
    return events((CAPTURED / name).read_text("utf-8", "replace"))


def unusual(found: tuple[Event, ...]) -> list[str]:
    return [event.kind for event in found if event.kind not in USUAL]


def of(found: tuple[Event, ...], kind: str) -> list[dict[str, str]]:
    return [dict(event.data) for event in found if event.kind == kind]


def one(text: str) -> Event:
    found = events(text)
    assert len(found) == 1, found
    return found[0]


def test_a_start():
    found = captured("load-bind-in-use.log")
    start = of(found, "start")[0]
    assert start["version"] == "2.0.30"
    assert of(found, "config-read") == [{"what": "INI", "path": "/srv/destiny/.portico/conf/uwsgi.ini"}]
    assert of(found, "fd-limit") == [{"number": "20000"}]
    assert of(found, "cores") == [{"number": "2"}]
    assert of(found, "other-instance") == [{"address": "127.0.0.1:58515"}]
    failed = of(found, "bind-failed")[0]
    assert (failed["errno"], failed["address"]) == (str(errno.EADDRINUSE), "127.0.0.1:58515")
    assert failed["source"] == "core/socket.c line 769"


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("no-section", ["ini-no-section", "start", "no-master", "no-socket"]),
        ("noapp", ["start", "socket-bound", "traceback", "app-not-loaded", "game-over"]),
        ("config-missing", ["unrecognized-option", "getopt-error"]),
        ("config-at", ["start", "no-group"]),
        ("bind", ["start", "no-master", "bind-failed"]),
        (
            "paths",
            [
                "start",
                "no-master",
                "socket-bound",
                "open-python-file-failed",
                "app-not-loaded",
                "no-app-dynamic",
                "worker-spawned",
            ],
        ),
    ],
)
def test_what_the_last_start_says(name: str, kinds: list[str]):
    history, since = last_start(captured(f"events-{name}.log"))
    assert unusual(since) == kinds
    assert history + since == captured(f"events-{name}.log")


def test_all_ways_a_configuration_is_missing():
    found = captured("events-config-missing.log") + captured("events-config-at.log")
    assert [(data["path"], data["errno"]) for data in of(found, "ini-file-missing")] == [
        ("/tmp/run/nope.ini", str(errno.ENOENT)),
        ("/tmp/run/none.yaml", str(errno.ENOENT)),
        ("/tmp/run/hello.ini", str(errno.ENOENT)),
    ]
    assert of(found, "config-unreadable") == [{"path": "/tmp/run/x.conf"}]
    assert of(found, "unrecognized-option") == [{"name": "proceses"}, {"name": "Y"}]
    assert [(data["what"], data["path"]) for data in of(found, "open-failed")] == [("config", "/tmp/run/none")]
    assert of(captured("events-no-section.log"), "ini-no-section") == [{"section": "uwsgi", "file": "/tmp/run/a.ini"}]
    assert of(captured("load-unknown-option.log"), "option-unknown")[0]["name"]


def test_paths_that_cannot_be_opened():
    found = captured("events-paths.log")
    assert [(data["what"], data["path"], data["errno"]) for data in of(found, "open-failed")] == [
        ("log", "/tmp/run/nodir/x.log", "2"),
        ("pid", "/tmp/run/nodir/x.pid", "2"),
        ("log", "/tmp/run/nodir/x.log", "2"),
    ]
    assert of(found, "chdir") == [{"path": "/tmp/run/nodir"}]
    assert of(found, "chdir-failed")[0]["errno"] == "2"
    assert of(found, "no-user") == [{"name": "nobodyx"}]
    assert of(found, "open-python-file-failed") == [{"path": "/tmp/run/none.py"}]


def test_addresses_that_cannot_be_bound():
    found = captured("events-bind.log")
    assert [data["errno"] for data in of(found, "bind-failed")] == ["2", "99"]
    assert of(found, "backlog-too-long") == [{"somaxconn": "4096"}]
    assert len(of(found, "invalid-socket-name")) == 1
    assert [data["address"] for data in of(found, "socket-bound")] == ["127.0.0.1:1"]


def test_plugins():
    found = captured("events-plugin.log")
    assert [(data["name"].partition(":")[0], data["fatal"]) for data in of(found, "plugin-failed")] == [
        ("./python3_plugin.so", "false"),
        ("./python3_plugin.so", "false"),
        ("python3", "true"),
    ]
    assert {data["what"] for data in of(found, "open-failed")} == {"plugin"}


def test_requests_it_did_not_take():
    found = captured("events-requests.log")
    assert of(found, "block-size") == [{"size": "21573", "max": "4096"}, {"size": "5348", "max": "4096"}]
    assert of(found, "http-size-exceeded") == [{"max": "4096"}]
    assert of(found, "bad-iterator") == [{"object": "'a'"}, {"object": "'b'"}]
    assert len(of(found, "content-length-too-big")) == len(of(found, "websocket-no-ssl")) == 1
    assert of(found, "listen-queue")[0] == {"address": "127.0.0.1:19643", "count": "3", "limit": "2"}
    assert [data["app"] for data in of(found, "request")] == ["0", "0", "-1", "0"]
    cut = of(found, "request")[2]
    assert (cut["method"], cut["uri"], cut["ip"], cut["vars"]) == ("POST", "", "", "6")
    # SIGTERM reloads, and the Python that it starts has no packages.
    after = unusual(found)[-5:]
    assert after == ["worker-gone", "reload-exec", "chdir", "reload-exec", "python-module-missing-pyuwsgi"]
    assert len(of(found, "term-reload")) == 1
    assert of(found, "reload-exec")[1] == {"path": "/usr/local/bin/python3.11"}


def test_a_request():
    found = captured("events-django.log")
    assert of(found, "request")[1] == {
        "pid": "22525",
        "app": "0",
        "req": "2",
        "total": "2",
        "ip": "127.0.0.1",
        "user": "",
        "vars": "32",
        "vars_bytes": "348",
        "when": "Fri Nov 27 02:35:30 2026",
        "method": "GET",
        "uri": "/boom/",
        "bytes": "145",
        "msecs": "7",
        "protocol": "HTTP/1.1",
        "status": "500",
        "headers": "6",
        "headers_bytes": "226",
        "rid": "",
    }
    line = (
        "[pid: 9|app: 0|req: 1/1] 10.0.0.1 (ann) {32 vars in 338 bytes} [Fri Nov 27 02:35:29 2026] GET /a => b => generated "
        "5 bytes in 2500 micros via sendfile() (HTTP/1.1 200) 4 headers in 100 bytes (1 switches on core 0)"
    )
    data = one(line).data
    assert (data["uri"], data["msecs"], data["user"], data["via"]) == ("/a => b", "2", "ann", "sendfile")


def test_what_django_logs():
    found = captured("events-django.log")
    assert of(found, "disallowed-host") == [{"host": "a_b", "rfc": "true"}, {"host": "other.example", "rfc": "false"}]
    assert of(found, "csrf") == [
        {"reason": "CSRF cookie not set.", "path": "/form/"},
        {"reason": "Origin checking failed - https://x.example does not match any trusted origins.", "path": "/form/"},
    ]
    assert of(found, "django") == [
        {"what": "Internal Server Error", "path": "/boom/"},
        {"what": "Not Found", "path": "/missing"},
    ]
    formatted = (
        "2026-11-27 02:00:00,123 WARNING django.security.csrf Forbidden (Referer checking failed - no Referer.): /pay/"
    )
    assert one(formatted).data == {"reason": "Referer checking failed - no Referer.", "path": "/pay/"}


def test_workers_that_died():
    found = captured("events-django.log")
    assert of(found, "harakiri") == [{"worker": "1", "pid": "22525", "try": "1"}]
    request = of(found, "harakiri-request")[0]
    assert (request["method"], request["uri"]) == ("GET", "/slow/?s=8")
    assert [(data["pid"], data["signal"]) for data in of(found, "worker-died")] == [
        ("22525", "9"),
        ("22549", "11"),
        ("22552", ""),
    ]
    assert [data["pid"] for data in of(found, "worker-respawned")] == ["22549", "22552", "22672"]
    assert of(found, "as-limit") == [{"bytes": "1073741824"}]
    assert len(of(found, "sigpipe")) == 1
    assert (of(found, "write-error")[0]["errno"], of(found, "write-error")[0]["uri"]) == (str(errno.EPIPE), "/slow/?s=1.5")
    assert of(captured("load-segfault.log"), "segfault")[0]["pid"].isdigit()


def test_a_traceback_names_the_place_in_the_project():
    boom = of(captured("events-django.log"), "traceback")[0]
    assert boom == {
        "exception": "ValueError",
        "message": "boom",
        "first": "",
        "file": "/tmp/site/shop/views.py",
        "line": "43",
        "function": "boom",
        "last_file": "/tmp/site/shop/views.py",
        "last_line": "43",
        "frames": "3",
        "bare": "",
    }


def test_tracebacks_that_led_to_one_another_are_one():
    (chained,) = of(captured("events-database.log"), "traceback")
    assert chained["exception"] == "django.core.exceptions.ImproperlyConfigured"
    assert chained["first"] == "ModuleNotFoundError: No module named 'psycopg'"
    assert (chained["file"], chained["line"]) == ("/tmp/site/mysite/wsgi.py", "4")
    assert chained["last_file"].endswith("/postgresql/base.py")


def test_an_error_without_frames_is_bare():
    bare = of(captured("events-noapp.log"), "traceback")[0]
    assert (bare["exception"], bare["message"], bare["bare"]) == ("ModuleNotFoundError", "No module named 'nope'", "true")


def test_a_message_of_several_lines():
    text = (
        "Traceback (most recent call last):\n"
        '  File "/srv/shop/views.py", line 3, in items\n'
        "    list(Item.objects.all())\n"
        'django.db.utils.OperationalError: connection to server at "127.0.0.1", port 5432 failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?\n"
        "\n"
        "goodbye to uWSGI.\n"
    )
    failed, goodbye = events(text)
    assert failed.data["message"].endswith("refused\nIs the server running on that host and accepting TCP/IP connections?")
    assert failed.data["exception"] == "django.db.utils.OperationalError"
    assert goodbye.kind == "goodbye"


def test_a_traceback_that_is_cut_off_and_one_of_syntax():
    cut = events('Traceback (most recent call last):\n  File "/srv/a.py", line 3, in f')
    assert (cut[0].data["exception"], cut[0].data["file"]) == ("", "/srv/a.py")
    (wrong,) = of(captured("load-syntax-error.log"), "traceback")
    assert wrong["exception"] == "SyntaxError"
    assert wrong["file"].endswith(".py") and wrong["line"].isdigit() and wrong["function"] == ""


FRAME = '  File "/srv/shop/views.py", line 3, in items\n    work()\n'
ELSEWHERE = 'Traceback (most recent call last):\n  File "/far/away.py", line 9, in far\n    x()\nOSError: far\n'


@pytest.mark.parametrize(
    ("said", "exception", "message"),
    [
        ("ValueError:\n  on the next line\n", "ValueError", "on the next line"),
        ("ValueError: \non the next line\n", "ValueError", "on the next line"),
        ("shop.views.Ärger: Käse\n", "shop.views.Ärger", "Käse"),
        ("shop.views.items.<locals>.Odd: x\n", "shop.views.items.<locals>.Odd", "x"),
        (f"RuntimeError: it said:\n{ELSEWHERE}", "RuntimeError", "it said:"),
        (
            f'pool._RemoteTraceback:\n"""\n{ELSEWHERE}"""\n\nThe above exception was the direct cause of the following '
            f"exception:\n\nTraceback (most recent call last):\n{FRAME}OSError: near\n",
            "OSError",
            "near",
        ),
    ],
)
def test_an_exception_is_told_as_it_was_raised_here(said: str, exception: str, message: str):
    failed, goodbye = events(f"Traceback (most recent call last):\n{FRAME}{said}goodbye to uWSGI.\n")
    assert (failed.data["exception"], failed.data["message"].partition("\n")[0]) == (exception, message)
    assert (failed.data["file"], failed.data["line"]) == ("/srv/shop/views.py", "3")
    assert goodbye.kind == "goodbye"


@pytest.mark.parametrize(
    "before", ["", ELSEWHERE + "\nDuring handling of the above exception, another exception occurred:\n\n"]
)
def test_an_exception_group(before: str):
    text = (
        "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "/srv/shop/views.py", line 3, in items\n'
        "  |     work()\n"
        "  | ExceptionGroup: several (2 sub-exceptions)\n"
        "  +-+---------------- 1 ----------------\n"
        "    | Traceback (most recent call last):\n"
        '    |   File "/srv/shop/one.py", line 1, in one\n'
        "    | ValueError: one\n"
        "    +---------------- 2 ----------------\n"
        "    | TypeError: two\n"
        "    +------------------------------------\n"
    )
    failed, goodbye = events(f"{before}{text}goodbye to uWSGI.\n")
    assert (failed.data["exception"], failed.data["file"]) == ("ExceptionGroup", "/srv/shop/views.py")
    assert failed.data["message"].startswith("several (2 sub-exceptions)\n")
    assert "ValueError: one" in failed.data["message"] and failed.data["first"] == ("OSError: far" if before else "")
    assert goodbye.kind == "goodbye"


RAISED = f"Traceback (most recent call last):\n{FRAME}ValueError: boom"


@pytest.mark.parametrize(
    "line",
    [
        {"message": "Internal Server Error: /a/", "exc_info": RAISED},
        {"exc_type": "ValueError: boom", "error": {"stack_trace": RAISED}, "log": {"said": ["Internal Server Error: /a/"]}},
        {"m": f"Internal Server Error: /a/\n{RAISED}"},
    ],
)
def test_a_line_of_json_says_what_is_in_it(line: dict[str, object]):
    said, failed, goodbye = events(json.dumps(line) + "\ngoodbye to uWSGI.\n")
    assert (said.kind, said.data["path"]) == ("django", "/a/")
    assert (failed.data["exception"], failed.data["message"], failed.data["line"]) == ("ValueError", "boom", "3")
    assert goodbye.kind == "goodbye"


@pytest.mark.parametrize(
    "line", ['{"a": ' * 90_000, '{"a": "b', '{"a": 1e999}', '{"t":"x","exc":5}', '{"t":1e999,"exc":"a"}']
)
def test_a_line_that_is_hardly_json(line: str):
    assert all(event.kind == "traceback" for event in events(line))


@pytest.mark.parametrize("date", ["2026-11-27 21:34:20 - ", "2026-11-27 21:34:20 ", "[2026-11-27T21:34:20,123+0100] "])
def test_a_date_of_another_form_before_each_line(date: str):
    text = "*** Starting uWSGI 2.0.30 (64bit) on [Fri Nov 27 21:34:20 2026] ***\nValueError: as others log it\n"
    assert unusual(events("".join(f"{date}{line}\n" for line in text.splitlines()))) == ["start"]


def test_a_time_zone_behind_is_known_without_a_start():
    """Of a log that was rotated, or of which only the end is read."""
    line = "Fri Nov 27 15:29:01 2026 - goodbye to uWSGI.\n"
    written = time.mktime((2026, 11, 27, 15, 29, 1, 0, 0, -1))
    assert [event.time_s for event in events(line, written + 6 * 3600 + 2)] == [written + 6 * 3600]
    assert [event.time_s for event in events(line, written + 400)] == [written]


def test_lines_of_portico():
    found = captured("serving.log")
    assert of(found, "request-json")[1] == {
        "rid": "4bf92f3577b34da6a3ce929d0e0e4736",
        "status": "500",
        "msecs": "13",
        "bytes": "145",
        "worker": "2",
        "core": "1",
    }
    failed = of(found, "traceback")[0]
    assert (failed["exception"], failed["path"], failed["line"]) == ("ZeroDivisionError", "/boom", "6")
    assert of(found, "stats-bound") == [{"address": "unix:/run/portico/destiny/stats-1.sock"}]
    assert of(captured("load-not-loadable.log"), "launcher")[0]["message"]


def test_a_reload():
    found = captured("events-reload.log")
    kinds = unusual(found)
    assert kinds.index("reload") < kinds.index("reload-exec")
    assert of(found, "reload-exec")[-1] == {"path": "/tmp/venv/bin/python"}
    assert of(found, "call-failed")[0]["call"] == "execvp"
    assert of(found, "http-bound") == [{"address": "127.0.0.1:19642"}]
    assert of(found, "zergpool-bound")[0]["address"] == "unix:/tmp/run/p.sock"
    assert of(found, "setuid") == [{"uid": "33"}]
    assert len(of(found, "mountpoint-dup")) == 1
    assert [data["pid"] for data in of(found, "worker-done")] == ["24884", "24911"]


@pytest.mark.parametrize(
    ("line", "kind", "data"),
    [
        ("-- unavailable modifier requested: 22 --", "modifier", {"number": "22"}),
        ("!!! Python Home is not a directory: /srv/x y !!!", "python-home-bad", {"path": "/srv/x y"}),
        ("Set PythonHome to /srv/venv", "python-home-set", {"path": "/srv/venv"}),
        ("no request plugin is loaded, you will not be able to manage requests.", "no-request-plugin", {}),
        ("*** Python threads support is disabled. You can enable it with --enable-threads ***", "threads-disabled", {}),
        ("VACUUM WARNING: unix socket /run/a b.sock changed inode. Skip removal", "vacuum-inode", {"path": "/run/a b.sock"}),
        (
            "uwsgi socket 0 bound to TCP address :40985 (port auto-assigned) fd 3",
            "socket-bound",
            {"number": "0", "kind": "TCP", "address": "0.0.0.0:40985"},
        ),
        (
            "uwsgi socket 1 inherited INET address 127.0.0.1:80 fd 0",
            "socket-bound",
            {"number": "1", "kind": "INET", "address": "127.0.0.1:80"},
        ),
        (
            '*** uWSGI listen queue of socket "/run/a.sock" (fd: 3) full !!! (9/8) ***',
            "listen-queue",
            {"address": "unix:/run/a.sock", "count": "9", "limit": "8"},
        ),
        ("uwsgi: unrecognized option: proceses", "unrecognized-option", {"name": "proceses"}),
        ("/usr/bin/uwsgi: unrecognized option '--module'", "unrecognized-option", {"name": "module"}),
        (
            "spawned uWSGI worker 1 (and the only) (pid: 7, cores: 2)",
            "worker-spawned",
            {"worker": "1", "pid": "7", "cores": "2"},
        ),
        (
            "SIGPIPE: writing to a closed pipe/socket/fd (probably the client disconnected) on request /a?b (ip ::1) !!!",
            "sigpipe",
            {"uri": "/a?b", "ip": "::1"},
        ),
    ],
)
def test_single_lines(line: str, kind: str, data: dict[str, str]):
    found = one(line)
    assert (found.kind, found.data, found.text) == (kind, data, line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x",
        "hello from the application",
        "Error: something went wrong",
        "the option of last resort",
        "Traceback of my own making",
        "GET /a/b/Not Found",
        "running 3 jobs",
        "{not json",
        '{"exc": 3}',
        '{"exc": ["x"]}',
        "[]",
        "�� caf� �",
        "worker 5 of my own pool",
    ],
)
def test_lines_of_the_application_are_no_events(line: str):
    assert [event for event in events(line) if event.kind != "traceback"] == []


def test_times():
    text = (
        "realpath() of /x failed: No such file or directory [core/utils.c line 3640]\n"
        "*** Starting uWSGI 2.0.30 (64bit) on [Fri Nov 27 01:46:20 2026] ***\n"
        "spawned uWSGI master process (pid: 1)\n"
        "Fri Nov 27 01:46:25 2026 - *** HARAKIRI ON WORKER 1 (pid: 2, try: 1, graceful: yes) ***\n"
        "goodbye to uWSGI.\n"
    )
    start = 1795743980.0
    assert [event.time_s for event in events(text)] == [0, start, start, start + 5, start + 5]
    assert events(text, 7.0)[0].time_s == 7.0
    assert events("*** Starting uWSGI 2 (64bit) on [Xyz Nov 99 01:46:20 2026] ***", 7.0)[0].time_s == 7.0


def test_the_time_zone_of_the_application_is_taken_out():
    found = captured("events-database.log")
    times = [event.time_s for event in found]
    assert times == sorted(times)
    # The log says 20:40:01 of the day before: six hours behind.
    assert next(event.time_s for event in found if event.kind == "request") == 1795747201
    harakiri = next(event for event in captured("serving.log") if event.kind == "harakiri-request")
    assert 0 <= harakiri.time_s - int(harakiri.data["since"]) < 5


def test_a_time_zone_ahead_is_known_from_a_harakiri():
    text = (
        "*** Starting uWSGI 2.0.30 (64bit) on [Fri Nov 27 01:46:20 2026] ***\n"
        "Fri Nov 27 09:46:32 2026 - HARAKIRI [core 0] 127.0.0.1 - GET /slow since 1795743990\n"
        "Fri Nov 27 09:46:40 2026 - *** HARAKIRI ON WORKER 1 (pid: 2, try: 1, graceful: yes) ***\n"
    )
    assert [event.time_s - 1795743980 for event in events(text)] == [0, 12, 20]


START = "*** Starting uWSGI 2.0.30 (64bit) on [Fri Nov 27 01:46:20 2026] ***\n"
READ = "[uWSGI] getting INI configuration from /srv/a.ini\n"


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("goodbye to uWSGI.\n", ["goodbye"]),
        ("", []),
        (READ + START + "goodbye to uWSGI.\n" + READ + READ + START, ["config-read", "config-read", "start"]),
        # A start that failed at once and then one that did not: the failure is over.
        (READ + "[strict-mode] unknown config directive: x\n" + READ + START, ["config-read", "start"]),
        # The other way round.
        (
            READ + START + "goodbye to uWSGI.\n" + READ + "[strict-mode] unknown config directive: x\n",
            ["config-read", "option-unknown"],
        ),
        (
            START + "u: unrecognized option '--a'\ngetopt_long() error\nu: unrecognized option '--b'\ngetopt_long() error\n",
            ["unrecognized-option", "getopt-error"],
        ),
        ('open("/l"): No such file or directory [core/logging.c line 288]\n' + START, ["start"]),
    ],
)
def test_where_the_last_start_begins(text: str, since: list[str]):
    assert [event.kind for event in last_start(events(text))[1]] == since


def test_a_log_with_dates_before_every_line(base: Path):
    """`logdate`, as distributions set it; the log is a real one."""
    argv = [sys.executable, "-c", "import pyuwsgi, sys; sys.argv[0] = 'uwsgi'; pyuwsgi.run()", "--logdate", "--master"]
    argv += ["--socket", str(base / "a.sock"), "--module", "no.such", "--need-app"]
    done = subprocess.run(argv, cwd=base, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, errors="replace")
    found = events(done.stdout + done.stderr)
    kinds = unusual(found)
    assert kinds[0] == "start"
    assert kinds[-1] == "game-over"
    assert of(found, "socket-bound")[0]["address"] == f"unix:{base}/a.sock"
    assert "traceback" in kinds
    assert {event.time_s for event in found} <= {found[0].time_s + seconds for seconds in range(30)}
    assert abs(found[0].time_s - time.time()) < 60


def test_long_logs_take_little_time():
    """A line of each kind, 64,000 in all; the bound is ten times what was measured."""
    text = "".join(path.read_text("utf-8", "replace") for path in sorted(CAPTURED.glob("*.log")))
    copies = 64_000 // text.count("\n") + 1
    begun = time.process_time()
    found = events(text * copies)
    assert time.process_time() - begun < 5
    assert len(found) > 20_000


def test_long_lines_and_long_tracebacks_take_little_time():
    hostile = [
        "[pid: 1|app: 0|req: 1/1] " + "=> generated " * 20_000,
        "Forbidden (" * 20_000,
        "a(" * 50_000 + ".c line 5]",
        "uwsgi socket 0 bound to " * 20_000,
        "HARAKIRI [core 1] " + " - " * 50_000,
        "Traceback (most recent call last):\n" + '  File "/srv/a.py", line 1, in f\n' * 30_000,
        ("Traceback (most recent call last):\nValueError: x\n\nDuring handling of the above exception, another\n\n") * 5_000,
        ": option" * 30_000,
        "A" * 200_000 + "Error",
        "a." * 100_000 + "Error:",
    ]
    for text in hostile:
        begun = time.process_time()
        events(text)
        assert time.process_time() - begun < 3, text[:40]
