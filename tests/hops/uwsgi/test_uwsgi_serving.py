"""The rendered files under the real uWSGI: it accepts them, serves, and stops as they say."""

from __future__ import annotations

import grp
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from real_uwsgi import (
    APP,
    AS_NOBODY,
    Instance,
    accepts,
    ask,
    ask_raw,
    can_become_nobody,
    local_plan,
    names,
    serving,
    started,
    wait_until,
)

from portico.hops.uwsgi.facts import classify, parse_request_line, parse_stats
from portico.hops.uwsgi.packet import encode, parse_head
from portico.hops.uwsgi.probe import request_variables
from portico.system.sockets import free_port

LOADING = "\nprint('loading', flush=True)\ntime.sleep(30)\n"


class Asked(threading.Thread):
    """A request in the background."""

    def __init__(self, instance: Instance, path: str) -> None:
        super().__init__(daemon=True)
        self.instance, self.path = instance, path
        self.answer: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = self.instance.get(self.path, timeout_s=20)
        except (OSError, ValueError) as error:
            self.answer = error


def test_serves_what_the_application_says(base: Path) -> None:
    with serving(local_plan(base)) as instance:
        assert instance.get("/some/path", "00ff") == (200, "path=/some/path rid=00ff")
        assert (
            parse_head(ask(instance.plan.uwsgi.instance_socket, "/")).header("content-type") == "text/plain; charset=utf-8"
        )
        assert Path(instance.plan.uwsgi.instance_socket).stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize("worker_sockets", [False, True])
def test_every_line_it_writes_is_known_as_its_own(base: Path, worker_sockets: bool) -> None:
    (base / "app.py").write_text(APP + "print('from the application')\n")
    with serving(local_plan(base, uwsgi={"request_log": "all", "worker_sockets": worker_sockets})) as instance:
        instance.get("/")
        instance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: instance.text().count("(master-start)") >= 4)
        instance.process.terminate()
        instance.process.wait(15)
        lines = instance.text().splitlines()
    assert {line for line in lines if line and classify(line) == "app"} == {"from the application"}
    assert any(classify(line) == "request" for line in lines)


@pytest.mark.parametrize("threads", [1, 2])
def test_sigterm_lets_a_request_finish_and_leaves_no_socket(base: Path, threads: int) -> None:
    with serving(local_plan(base, uwsgi={"threads": threads})) as instance:
        request = Asked(instance, "/sleep/1")
        instance.wait_asleep()
        instance.process.terminate()
        assert instance.process.wait(15) == 0
        request.join(20)
        assert request.answer == (200, "path=/sleep/1 rid=0123abcd")
        assert names(base / "run") == ["fifo-1"], "uWSGI does not remove the fifo"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_other_signals_stop_at_once(base: Path, number: int) -> None:
    with serving(local_plan(base, uwsgi={"graceful_s": 60})) as instance:
        request = Asked(instance, "/sleep/60")
        instance.wait_asleep()
        instance.process.send_signal(number)
        assert instance.process.wait(15) == 0
        request.join(20)
        assert isinstance(request.answer, (OSError, ValueError))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_while_the_application_loads(base: Path, number: int) -> None:
    (base / "app.py").write_text(APP + LOADING)
    with started(local_plan(base)) as instance:
        wait_until(lambda: "loading" in instance.text())
        instance.process.send_signal(number)
        assert instance.process.wait(15) == number
    (base / "app.py").write_text(APP)
    instance.log.unlink()
    with serving(local_plan(base)) as instance:
        assert instance.get("/")[0] == 200, "the socket that stayed behind is replaced"


@pytest.mark.parametrize(
    "marker", ["added ", "WSGI app 0", "spawned uWSGI worker 1", "spawned uWSGI worker 4", "(master-start)"]
)
def test_sigterm_is_never_lost_while_it_starts(base: Path, marker: str) -> None:
    # A worker that was just starting may at worst be killed at the end of the time for requests.
    with started(local_plan(base, uwsgi={"processes": 4, "graceful_s": 3})) as instance:
        wait_until(lambda: marker in instance.text() or instance.process.poll() is not None)
        instance.process.terminate()
        instance.process.wait(30)
        wait_until(lambda: not _members(instance.process.pid))


def _members(group: int) -> list[str]:
    return subprocess.run(["pgrep", "-g", str(group)], capture_output=True, text=True).stdout.split()


def test_sighup_reloads_and_goes_on_serving(base: Path) -> None:
    with serving(local_plan(base)) as instance:
        (base / "app.py").write_text(APP.replace('"path="', '"new="'))
        instance.process.send_signal(signal.SIGHUP)
        wait_until(lambda: instance.get("/x")[1].startswith("new=/x"))
        assert instance.process.poll() is None


def test_fifo_commands_replace_workers_one_after_another(base: Path) -> None:
    with serving(local_plan(base)) as instance:
        # uWSGI leaves those alone that have only just started.
        wait_until(lambda: '"accepting":0' not in instance.stats())
        before = {worker.pid for worker in parse_stats(instance.stats()).workers}  # type: ignore[union-attr]
        with Path(instance.plan.uwsgi.fifo).open("w") as fifo:
            fifo.write("c")
        wait_until(lambda: (s := parse_stats(instance.stats())) and not before & {worker.pid for worker in s.workers})
        assert instance.get("/")[0] == 200


def test_a_killed_master_takes_its_workers_along(base: Path) -> None:
    with serving(local_plan(base)) as instance:
        instance.process.kill()
        instance.process.wait(10)
        wait_until(lambda: not accepts(instance.plan.uwsgi.instance_socket))
        wait_until(lambda: not _members(instance.process.pid))


def test_a_request_that_takes_too_long_loses_its_worker_and_says_so(base: Path) -> None:
    with serving(local_plan(base, uwsgi={"harakiri_s": 3, "threads": 1})) as instance:
        with pytest.raises(ValueError, match="without an answer"):
            instance.get("/sleep/60", timeout_s=30)
        assert instance.get("/")[0] == 200
        assert "HARAKIRI [core 0] 127.0.0.1 - GET /sleep/60 " in instance.text()


def test_large_headers_pass(base: Path) -> None:
    with serving(local_plan(base)) as instance:
        variables = {**request_variables("localhost", "/", "00"), "HTTP_COOKIE": "a" * 30_000}
        assert parse_head(ask_raw(instance.plan.uwsgi.instance_socket, encode(variables))).status == 200


@pytest.mark.parametrize("size", [10, 60_000, 3_000_000])
def test_a_body_that_the_application_does_not_read_resets_nothing(base: Path, size: int) -> None:
    with serving(local_plan(base, uwsgi={"threads": 1})) as instance:
        variables = {**request_variables("localhost", "/", "00"), "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(size)}
        for _ in range(5):
            answer = ask_raw(instance.plan.uwsgi.instance_socket, encode(variables) + b"x" * size)
            assert answer.endswith(b"path=/ rid=00")


@pytest.mark.parametrize("size", [10, 60_000, 3_000_000])
def test_a_body_arrives_whole(base: Path, size: int) -> None:
    read = 'len(environ["wsgi.input"].read())'
    (base / "app.py").write_text(APP.replace('"path=" + path', f'"size=%d" % {read}'))
    with serving(local_plan(base)) as instance:
        variables = {**request_variables("localhost", "/", "00"), "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(size)}
        answer = ask_raw(instance.plan.uwsgi.instance_socket, encode(variables) + b"x" * size)
        assert answer.endswith(f"size={size} rid=00".encode())


@pytest.mark.parametrize(("wanted", "logged"), [("all", {200, 500}), ("errors", {500}), ("off", set())])
def test_the_request_log(base: Path, wanted: str, logged: set[int]) -> None:
    app = APP.replace('start_response("200 OK"', 'start_response("500 No" if path == "/fails" else "200 OK"')
    (base / "app.py").write_text(app)
    with serving(local_plan(base, uwsgi={"request_log": wanted})) as instance:
        instance.get("/", "aa")
        instance.get("/fails", "bb")
        begin = time.time()
        instance.get("/sleep/1.2", "cc")
        # The line of a request follows its answer.
        if wanted != "off":
            wait_until(lambda: '"rid":"cc"' in instance.text())
        end = time.time()
        entries = [entry for line in instance.text().splitlines() if (entry := parse_request_line(line))]
        assert {entry.status for entry in entries if entry.request_id != "cc"} == logged
        slow = [entry for entry in entries if entry.request_id == "cc"]
        assert len(slow) == (wanted != "off")
        if slow:
            assert 1_200_000 <= slow[0].duration_us <= (end - begin) * 1_000_000
            assert begin - 1 <= slow[0].time_s <= end


def test_stats_count_requests(base: Path) -> None:
    with serving(local_plan(base)) as instance:
        for _ in range(3):
            instance.get("/")
        # A worker that has not been forked yet has no number.
        wait_until(lambda: (seen := parse_stats(instance.stats())) and [worker.id for worker in seen.workers] == [1, 2])
        stats = parse_stats(instance.stats())
        assert stats is not None
        assert stats.version == "2.0.30" and stats.pid == instance.process.pid and stats.apps == 1
        assert sum(worker.requests for worker in stats.workers) == 4
        assert {worker.cores for worker in stats.workers} == {2}


def test_a_great_deal_of_output_while_loading_does_not_stop_it(base: Path) -> None:
    (base / "app.py").write_text(APP + "\nfor _ in range(5000): print('x' * 200)\n")
    with serving(local_plan(base)) as instance:
        assert instance.get("/")[0] == 200
        assert len(instance.text()) > 1_000_000


def test_the_entry_module_is_loaded_from_its_file(base: Path) -> None:
    entry = base / "entry.py"
    entry.write_text(APP)
    with serving(local_plan(base, uwsgi={"entry": str(entry)}, site={"module": "absent"})) as instance:
        assert instance.get("/")[0] == 200


@pytest.mark.parametrize(
    ("site", "text"),
    [
        ({"module": "app", "callable": "application"}, APP),
        ({"module": "app", "callable": "make()"}, APP + "\nreal = application\ndel application\ndef make(): return real\n"),
        ({"module": "", "file": "FILE", "callable": "other"}, APP.replace("def application", "def other")),
    ],
)
def test_the_application_is_found_without_the_entry_module(base: Path, site: dict[str, str], text: str) -> None:
    (base / "app.py").write_text(text)
    site = {key: str(base / "app.py") if value == "FILE" else value for key, value in site.items()}
    with serving(local_plan(base, site=site)) as instance:
        assert instance.get("/")[0] == 200


def test_django_without_a_wsgi_module(base: Path) -> None:
    pytest.importorskip("django")
    (base / "conf_settings.py").write_text("SECRET_KEY = 'x'\nROOT_URLCONF = 'urls'\nALLOWED_HOSTS = ['localhost']\n")
    (base / "urls.py").write_text(
        "from django.http import HttpResponse\nfrom django.urls import path\n"
        "urlpatterns = [path('', lambda request: HttpResponse('django'))]\n"
    )
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "conf_settings"}
    with serving(local_plan(base, site={"module": "", "framework": "django"}), environ=environ) as instance:
        assert instance.get("/") == (200, "django")


@pytest.mark.parametrize("colon", [True, False])
def test_a_path_with_every_awkward_character_is_a_path(base: Path, colon: bool) -> None:
    project = base / ("we ird %d 100% $(HOME) @(x) ;#'\"é [a]*=" + ":" * colon + "\\")
    lib = project / "lib [x]"
    lib.mkdir(parents=True)
    (lib / "helper.py").write_text("VALUE = 'found'\n")
    app = "import helper, os\nassert helper.VALUE == 'found'\nprint('in', os.getcwd(), flush=True)\n" + APP
    (project / "application file.py").write_text(app)
    site = {"module": "", "file": str(project / "application file.py"), "python_path": (str(lib),)}
    # A log's path may hold no colon.
    log = "" if colon else str(project / "the log")
    plan = local_plan(project, base / "run", site=site, uwsgi={"log": log})
    with started(plan) as instance:
        written = Path(log) if log else instance.log
        wait_until(lambda: written.exists() and "(master-start)" in written.read_text())
        assert instance.get("/")[0] == 200
        assert f"in {project}\n" in written.read_text()


def test_python_paths_keep_their_order(base: Path) -> None:
    for name in ("one", "two"):
        (base / name).mkdir()
        (base / name / "which.py").write_text(f"NAME = {name!r}\n")
    (base / "app.py").write_text("import which\nprint('first is', which.NAME, flush=True)\n" + APP)
    with serving(local_plan(base, site={"python_path": (str(base / "one"), str(base / "two"))})) as instance:
        assert "first is one\n" in instance.text()


def test_two_releases_listen_on_one_tcp_port(base: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    first = local_plan(base, uwsgi={"address": address})
    (base / "second").mkdir()
    second = local_plan(base / "second", uwsgi={"address": address})
    with serving(first) as old, serving(second) as new:
        old.process.terminate()
        assert old.process.wait(15) == 0
        assert new.get("/")[0] == 200


def test_extra_lines_come_last_and_win(base: Path) -> None:
    with serving(local_plan(base, uwsgi={"extra": ("; mine", "processes = 3")})) as instance:
        stats = parse_stats(instance.stats())
        assert stats is not None and len(stats.workers) == 3


def test_an_unknown_option_is_refused(base: Path) -> None:
    with started(local_plan(base, uwsgi={"extra": ("proceses = 3",)})) as instance:
        assert instance.process.wait(15) == 1
        assert "unknown config directive: proceses" in instance.text()


def test_the_standalone_log_has_what_both_write(base: Path) -> None:
    log = base / "log" / "own.log"
    (base / "app.py").write_text("print('from the application', flush=True)\n" + APP)
    with started(local_plan(base, uwsgi={"log": str(log)})) as instance:
        wait_until(lambda: log.exists() and "(master-start)" in log.read_text())
        assert "from the application\n" in log.read_text()
        assert instance.get("/")[0] == 200


def test_a_daemon_leaves_its_starter(base: Path) -> None:
    log = base / "log" / "daemon.log"
    with started(local_plan(base, uwsgi={"daemonize": str(log)})) as instance:
        assert instance.process.wait(15) == 0
        wait_until(lambda: log.exists() and "(master-start)" in log.read_text())
        stats = parse_stats(instance.stats())
        assert stats is not None and instance.get("/")[0] == 200
        os.kill(stats.pid, signal.SIGTERM)
        wait_until(lambda: "goodbye to uWSGI" in log.read_text())
        wait_until(lambda: not accepts(instance.plan.uwsgi.stats_socket))


@pytest.mark.skipif(not can_become_nobody(), reason="needs root, and a Python that others can run")
def test_root_starts_it_and_another_account_runs_it(base: Path) -> None:
    (base / "run").mkdir()
    os.chown(base / "run", 65534, 65534)
    plan = local_plan(base, uwsgi={"user": "nobody", "group": "nogroup"}, nginx={"user": "www-data", "group": "www-data"})
    (base / "app.py").write_text("import os\nprint('as', os.getuid(), os.getgid(), flush=True)\n" + APP)
    with started(plan) as instance:
        log = Path(plan.uwsgi.log) if plan.uwsgi.log else instance.log
        wait_until(lambda: "(master-start)" in log.read_text() or instance.process.poll() is not None)
        assert "as 65534 65534\n" in log.read_text()
        owner = Path(plan.uwsgi.instance_socket).stat()
        assert (owner.st_uid, grp.getgrgid(owner.st_gid).gr_name, owner.st_mode & 0o777) == (65534, "www-data", 0o660)
        instance.process.terminate()
        assert instance.process.wait(15) == 0
        assert "app-1.sock" not in names(base / "run")


@pytest.mark.skipif(not can_become_nobody(), reason="needs root, and a Python that others can run")
def test_an_ordinary_user_runs_it(base: Path) -> None:
    plan = local_plan(base)
    for path in (base, *base.rglob("*")):
        os.chown(path, 65534, 65534)
    with started(plan, prefix=AS_NOBODY) as instance:
        wait_until(lambda: "(master-start)" in instance.text() or instance.process.poll() is not None)
        assert instance.get("/")[0] == 200
        instance.process.terminate()
        assert instance.process.wait(15) == 0
