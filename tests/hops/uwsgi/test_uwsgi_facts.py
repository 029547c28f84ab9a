"""What uWSGI says of itself, as it was captured from the real one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from portico.hops.uwsgi.facts import RequestEntry, WorkerStats, classify, parse_request_line, parse_stats
from portico.hops.uwsgi.load_failure import Frame, LoadFailure, load_failure

CAPTURED = Path(__file__).parents[2] / "captured" / "uwsgi"


def captured(name: str) -> str:
    return (CAPTURED / name).read_text()


def failure(name: str) -> LoadFailure:
    found = load_failure(captured(f"load-{name}.log"))
    assert found is not None
    return found


def test_stats_of_an_idle_and_a_busy_worker() -> None:
    stats = parse_stats(captured("stats.json"))
    assert stats is not None
    assert (stats.version, stats.apps, len(stats.workers)) == ("2.0.30", 1, 2)
    assert stats.pid > 0
    idle, busy = stats.workers
    assert (idle.status, idle.requests, idle.cores, idle.cores_busy) == ("idle", 0, 2, 0)
    assert busy == WorkerStats(2, busy.pid, "busy", 2, 0, 0, 1, 0, busy.last_spawn_s, busy.avg_rt_us, 2, 1, accepting=True)
    assert busy.avg_rt_us > 1000 and busy.last_spawn_s > 1_700_000_000


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": "2"}', '{"version":"2","pid":1,"workers":[{"id":1}]}'])
def test_half_an_answer_is_no_stats(text: str) -> None:
    assert parse_stats(text) is None


def test_stats_cut_anywhere_are_no_stats() -> None:
    text = captured("stats.json").rstrip()
    assert all(parse_stats(text[:end]) is None for end in range(0, len(text), 97))


def test_a_line_of_the_request_log() -> None:
    lines = [line for line in captured("serving.log").splitlines() if classify(line) == "request"]
    entries = [parse_request_line(line) for line in lines]
    assert [entry.status for entry in entries if entry] == [200, 500, 200, 200]
    first = entries[0]
    rid = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert first is not None
    assert first == RequestEntry(first.time_s, rid, 200, first.duration_us, 2, 2, 0)
    assert first.time_s > 1_700_000_000 and 100 < first.duration_us < 1_000_000


def test_a_request_without_an_id() -> None:
    line = '{"t":1795447368394,"rid":"-","status":200,"us":215,"bytes":7,"worker":2,"core":1}'
    assert parse_request_line(line) == RequestEntry(1795447368.394, "", 200, 215, 7, 2, 1)


@pytest.mark.parametrize(
    "line",
    [
        "",
        '{"t": 1795447368.3, "rid": "a", "level": "ERROR"}',
        '{"t":1,"rid":"a","status":200}',
        '{"t":1,"rid":"a"b","status":200,"us":1,"bytes":1,"worker":1,"core":1}',
        "[pid: 1|app: 0|req: 1/1] 127.0.0.1 () {28 vars in 400 bytes} GET / => generated 2 bytes",
    ],
)
def test_other_lines_are_no_request(line: str) -> None:
    assert parse_request_line(line) is None
    assert classify(line) == "app"


def test_every_line_of_a_day_in_the_life_is_told_apart() -> None:
    lines = captured("serving.log").splitlines()
    app = [line for line in lines if classify(line) == "app"]
    assert app[:2] == ["loading the library", "*** not uWSGI ***"]
    assert len(app) == 3 and json.loads(app[2])["path"] == "/boom"


@pytest.mark.parametrize("path", sorted(CAPTURED.glob("load-*.log")), ids=lambda path: path.stem)
def test_a_failed_start_leaves_only_its_traceback_to_the_application(path: Path) -> None:
    app = [line for line in path.read_text().splitlines() if line.strip() and classify(line) == "app"]
    traceback = re.compile(r"Traceback \(most|  |\w+(Error|Exit)\b|The above exception")
    assert [line for line in app if not traceback.match(line)] == []


@pytest.mark.parametrize("line", ["running migrations", "mapped 3 tables", "WSGI app is fine", "os.environ", "*** hi"])
def test_what_merely_looks_like_uwsgi_is_the_applications(line: str) -> None:
    assert classify(line) == "app"


def test_an_exception_in_the_project_names_its_place() -> None:
    found = failure("traceback")
    assert (found.kind, found.exception, found.message) == (
        "traceback",
        "ModuleNotFoundError",
        "No module named 'rest_framework'",
    )
    assert found.frame == Frame("/srv/destiny/destiny/views.py", 1, "<module>", "import rest_framework")
    assert found.cause == "ModuleNotFoundError: No module named 'rest_framework' in /srv/destiny/destiny/views.py line 1"
    assert found.evidence[-1] == "ModuleNotFoundError: No module named 'rest_framework'"
    assert len(found.evidence) <= 8
    assert "pip install" in found.fix[0] and "'rest_framework'" in found.fix[0]


def test_a_missing_environment_variable_is_named() -> None:
    found = failure("settings-keyerror")
    assert (found.exception, found.message) == ("KeyError", "'DJANGO_SECRET'")
    assert found.frame == Frame("/srv/destiny/destiny/settings.py", 2, "<module>", "SECRET_KEY=os.environ['DJANGO_SECRET']")
    assert found.fix == ("set the environment variable DJANGO_SECRET for the application",)


def test_a_syntax_error_names_the_line_that_has_it() -> None:
    found = failure("syntax-error")
    assert found.exception == "SyntaxError"
    assert found.frame == Frame("/srv/destiny/destiny/wsgi.py", 3, "", "def application(environ, start_response)")


def test_the_frame_is_found_behind_a_chained_exception() -> None:
    found = failure("sys-exit")
    assert (found.exception, found.frame and found.frame.code) == ("RuntimeError", "raise SystemExit(4)")


def test_a_module_that_does_not_exist() -> None:
    for name in ("entry-no-module", "module-missing"):
        found = failure(name)
        assert (found.kind, found.exception, found.frame) == ("traceback", "ModuleNotFoundError", None)
        assert "'destny'" in found.fix[0]


@pytest.mark.parametrize(
    ("name", "kind", "cause", "number"),
    [
        ("entry-no-callable", "no-app", "AttributeError: module 'destiny.wsgi' has no attribute 'app'", 0),
        ("callable-missing", "no-app", "it has no callable of the name", 0),
        ("file-callable-missing", "no-app", "/srv/destiny/destiny/wsgi.py has no callable", 0),
        ("file-missing", "no-app", "there is no Python file /srv/destiny/destiny/wsgii.py", 0),
        ("unknown-option", "unknown-option", "uWSGI has no option `proceses`", 0),
        ("backlog", "backlog", "net.core.somaxconn is 4096", 0),
        ("name-too-long", "socket-name", "longer than the 102 bytes", 0),
        ("bind-permission", "bind", "No such file or directory (errno 2)", 2),
        ("bind-in-use", "bind", "127.0.0.1:58515 is taken: Address already in use (errno 98)", 98),
        ("python-mismatch", "python", "cpython-312-x86_64-linux-gnu.so is not for Python 3.11", 0),
        ("not-loadable", "python", "cannot be loaded by Python 3.11", 0),
        ("killed", "silent", "it hangs, it ended the process itself", 0),
        ("segfault", "killed", "segmentation fault", 0),
    ],
)
def test_other_reasons(name: str, kind: str, cause: str, number: int) -> None:
    found = failure(name)
    assert (found.kind, found.errno) == (kind, number)
    assert cause in found.cause
    assert found.evidence and all(line in captured(f"load-{name}.log") for line in found.evidence)


@pytest.mark.parametrize(
    ("said", "kind", "cause"),
    [
        (
            'open("/nowhere/x.log"): Permission denied [core/logging.c line 288]',
            "path",
            "/nowhere/x.log cannot be opened",
        ),
        ("chdir(): No such file or directory [core/uwsgi.c line 2616]", "path", "chdir() failed: No such file"),
        (
            "uwsgi_master_fifo()/mkfifo(): File exists [core/fifo.c line 112]",
            "path",
            "mkfifo() failed: File exists",
        ),
        ("realpath() of /x.ini failed: No such file or directory [core/utils.c line 3640]", "path", "/x.ini cannot be read"),
        ("[strict-mode] unknown config directive: wsgi-file", "python", "built without Python"),
        ("!!! Python Home is not a directory: /nonexistent !!!", "python", "does not fit"),
        ("ModuleNotFoundError: No module named 'encodings'", "python", "does not fit"),
        ("guard: cannot run /x/python: No such file or directory", "path", "cannot run /x/python"),
        ("DAMN ! worker 1 (pid: 7) died, killed by signal 9 :( trying respawn ...", "killed", "signal 9"),
        ("DAMN ! worker 1 (pid: 7) died, killed by signal 6 :( trying respawn ...", "killed", "died of signal 6"),
    ],
)
def test_reasons_of_one_line(said: str, kind: str, cause: str) -> None:
    found = load_failure(f"[uWSGI] getting INI configuration from /x.ini\n{said}\n")
    assert found is not None
    assert (found.kind, found.evidence) == (kind, (said,))
    assert cause in found.cause


END = "unable to load app 0 (mountpoint='') (callable not found or import error)\n*** no app loaded. GAME OVER ***\n"
BEGIN = "*** Operational MODE: single process ***\n"


@pytest.mark.parametrize(
    ("traceback", "expected"),
    [
        # Python 3.8 has no marks below the code; a module of the project may lie in a folder called lib.
        (
            'Traceback (most recent call last):\n  File "/srv/lib/app/wsgi.py", line 2, in <module>\n    boom()\n'
            '  File "/usr/lib/python3.8/ssl.py", line 5, in boom\n    raise\nssl.SSLError: bad\nsecond line\n',
            ("ssl.SSLError", "bad\nsecond line", "/srv/lib/app/wsgi.py"),
        ),
        (
            'Traceback (most recent call last):\n  File "/srv/app.py", line 1, in <module>\n    f()\nsocket.gaierror\n',
            ("socket.gaierror", "", "/srv/app.py"),
        ),
        (
            "an ordinary line: with words\nTraceback (most recent call last):\n"
            '  File "/srv/app/.venv/lib/python3.12/site-packages/x.py", line 1, in f\n    g()\nMemoryError\n',
            ("MemoryError", "", None),
        ),
        (
            '  + Exception Group Traceback (most recent call last):\n  |   File "/srv/app.py", line 1, in <module>\n'
            "  | ExceptionGroup: two (2 sub-exceptions)\n  +------------------------------------\n",
            ("ExceptionGroup", "two (2 sub-exceptions)\n+------------------------------------", "/srv/app.py"),
        ),
        (
            'Traceback (most recent call last):\n  File "/srv/app.py", line 1, in <module>\n    f()\nOSError: it said:\n'
            'Traceback (most recent call last):\n  File "/far.py", line 1, in x\nKeyError: far\n',
            (
                "OSError",
                'it said:\nTraceback (most recent call last):\nFile "/far.py", line 1, in x\nKeyError: far',
                "/srv/app.py",
            ),
        ),
        (
            'Traceback (most recent call last):\n  File "/srv/app.py", line 1, in <module>\n    f()\nOSError:\n  so it is\n',
            ("OSError", "so it is", "/srv/app.py"),
        ),
    ],
)
def test_forms_of_a_traceback(traceback: str, expected: tuple[Any, ...]) -> None:
    found = load_failure(BEGIN + traceback + END)
    assert found is not None
    assert found.kind == "traceback"
    assert (found.exception, found.message, found.frame and found.frame.file) == expected
    assert found.evidence


def test_a_traceback_that_was_handled_is_not_the_reason() -> None:
    handled = 'Traceback (most recent call last):\n  File "/srv/app.py", line 1, in <module>\n    f()\nValueError: no\n'
    ready = "WSGI app 0 (mountpoint='') ready in 1 seconds on interpreter 0x1 pid: 7 (default app)\n"
    assert load_failure(BEGIN + handled + ready) is None


def test_a_killed_worker_after_harakiri_is_a_long_request() -> None:
    log = captured("serving.log").split("!!! uWSGI process")[0].split("Respawned uWSGI worker 1 (new pid: ", 1)[1]
    ready = "WSGI app 0 (mountpoint='') ready in 1 seconds\n"
    found = load_failure(ready + log)
    assert found is not None
    assert found.kind == "killed" and "longer than harakiri allows" in found.cause
    assert "HARAKIRI ON WORKER" in found.evidence[0]


@pytest.mark.parametrize("text", ["", "\n", "guard: stopping what a killed predecessor left: 7\n", "just a line\n"])
def test_no_reason_is_no_guess(text: str) -> None:
    assert load_failure(text) is None


STACKS = """\
Timeout (0:01:48)!
Thread 0x00007f0000000001 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 331 in wait
  File "/srv/app/worker.py", line 3 in run

Thread 0x00007f0000000002 [uwsgi] (most recent call first):
  File "/venv/lib/python3.11/site-packages/psycopg/connection.py", line 700 in connect
  File "/srv/app/db.py", line 12 in connect
  File "/srv/app/__init__.py", line 1 in <module>
  File "<frozen importlib._bootstrap>", line 241 in _call_with_frames_removed
  File "/srv/.portico/releases/3/entry.py", line 60 in _callable
  File "/srv/.portico/releases/3/entry.py", line 40 in _load
"""


def test_an_import_that_hangs_is_named_by_its_place_in_the_project() -> None:
    found = load_failure("*** Operational MODE: preforking+threaded ***\n" + STACKS)
    assert found is not None
    assert (found.kind, found.cause) == ("hang", "after 108 s the import is still at /srv/app/db.py line 12 in connect")
    assert found.frame and (found.frame.file, found.frame.line) == ("/srv/app/db.py", 12)
    assert "psycopg" in found.evidence[0]
    library = load_failure(STACKS.replace("/srv/app/", "/venv/lib/python3.11/site-packages/x/"))
    assert library and library.cause.endswith("psycopg/connection.py line 700 in connect")


def test_stacks_of_an_import_that_ended_are_not_the_reason() -> None:
    failed = load_failure(BEGIN + STACKS + 'Traceback (most recent call last):\n  File "/srv/a.py", line 1, in <module>\n'
                          "    f()\nValueError: no\n" + END)  # fmt: skip
    assert failed and failed.kind == "traceback"
    assert load_failure(STACKS + "WSGI app 0 (mountpoint='') ready in 110 seconds\n") is None
    assert load_failure("Timeout (0:01:48)!\n") is None
