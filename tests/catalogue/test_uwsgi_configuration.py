"""uwsgi.ini does not say what it seems to say."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from catalogue.kit import Kit, uwsgi_params
from catalogue.uwsgi_start import SERVE, by_log, ids, ini, judged
from support.stack import until

Names = Callable[..., dict[str, Any]]


def site(kit: Kit, *lines: str, application: str = "module = hello") -> str:
    """uwsgi.ini with these lines in it, started behind nginx; its path."""
    text = ["[uwsgi]", *lines, "master = true", application, f"socket = {kit.socket}", "chmod-socket = 666"]
    file = ini(kit, "\n".join(text) + "\n", "project/uwsgi.ini")
    kit.uwsgi("--ini", file)
    kit.nginx(f"location / {{ {kit.app} }}")
    return file


def test_ini_typo_ignored(kit: Kit, names: Names) -> None:
    file = site(kit, "proceses = 8", "enable_threads = true", "harikiri = 30")
    assert kit.get().status == 200
    envelope = kit.doctor()
    found = names(envelope, "ini-typo-ignored", "uwsgi.W141", certain=True)
    assert f"{file}:2" in found["evidence"][0]
    assert [line.partition(" ")[0] for line in found["fix"][:3]] == ["processes", "enable-threads", "harakiri"]
    assert envelope["code"] == 0


@pytest.mark.parametrize("line", ["modul = hello", "mdoule = hello"])
def test_ini_typo_that_leaves_no_application(kit: Kit, names: Names, line: str) -> None:
    site(kit, application=line)
    assert kit.get().status == 500
    found = names(kit.doctor(), "ini-typo-ignored", "uwsgi.E140", certain=True)
    assert found["fix"][0].startswith("module = hello")


def test_ini_typo_that_leaves_no_socket(kit: Kit, names: Names) -> None:
    file = ini(kit, f"[uwsgi]\nmodule = hello\nsokcet = {kit.socket}\n", "project/uwsgi.ini")
    assert kit.uwsgi("--ini", file).wait(10) == 1
    envelope = kit.portico("doctor", "--uwsgi", file, "--log", str(kit.log))
    names(envelope, "ini-typo-ignored", "uwsgi.E140", certain=True)
    assert "uwsgi.E108" in ids(envelope)


def test_ini_typo_that_strict_refuses(kit: Kit, names: Names) -> None:
    file = ini(kit, f"[uwsgi]\nstrict = true\nproceses = 8\nmodule = hello\nsocket = {kit.socket}\n", "project/uwsgi.ini")
    assert kit.uwsgi("--ini", file).wait(10) == 1
    found = names(by_log(kit), "ini-typo-ignored", "uwsgi.E117", certain=True)
    assert "`processes` is meant" in found["cause"]


def test_typo_on_the_command_line(kit: Kit, names: Names) -> None:
    assert kit.uwsgi("--proceses=8", *SERVE, kit.socket).wait(10) == 1
    names(by_log(kit), "ini-typo-ignored", "uwsgi.E117", certain=True)


def test_the_value_of_a_misspelt_variable_is_not_shown(kit: Kit) -> None:
    site(kit, "envs = PASSWORD=topsecret")
    envelope = kit.doctor()
    assert "uwsgi.W141" in ids(envelope)
    assert "topsecret" not in str(envelope)


def test_variables_of_ones_own_are_no_typos(kit: Kit) -> None:
    site(kit, "project = hello", "proces = 3", "set-placeholder = modul=x", "procname = %(project)-%(proces)")
    assert kit.get().status == 200
    assert not {"uwsgi.W141", "uwsgi.E140", "uwsgi.W143"} & ids(kit.doctor())


def test_ini_duplicate_keys(kit: Kit, names: Names) -> None:
    file = site(kit, "processes = 2", "threads = 2", "processes = 3")
    assert kit.get().status == 200
    found = names(kit.doctor(), "ini-duplicate-keys", "uwsgi.W142", certain=True)
    assert {f"{file}:2: processes = 2", f"{file}:4: processes = 3"} <= set(found["evidence"])


def test_ini_duplicate_applications(kit: Kit, names: Names) -> None:
    site(kit, "wsgi-file = hello.py")
    found = names(kit.doctor(), "ini-duplicate-keys", "uwsgi.W142", certain=True)
    assert any("already configured" in row for row in found["evidence"])


def test_two_sockets_and_an_override_are_no_duplicates(kit: Kit) -> None:
    base = ini(kit, "[uwsgi]\nprocesses = 1\n", "base.ini")
    site(kit, f"ini = {base}", "processes = 2", f"socket = 127.0.0.1:{kit.spare}", "threads = 2", "threads = 2")
    assert kit.get().status == 200
    assert "uwsgi.W142" not in ids(kit.doctor())


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("procname-prefix = 100%sure", "%s"),
        ("logdate = %Y-%m-%d", "%Y"),
        ("env = PASSWORD=topsecret%dq", "%d"),
        ("procname-append = 50%", "%"),
    ],
)
def test_ini_magic_characters(kit: Kit, names: Names, line: str, shown: str) -> None:
    file = site(kit, line)
    assert kit.get().status == 200
    envelope = kit.doctor()
    # A variable does not get to the application in any case.
    wanted = ("uwsgi.W143", "uwsgi.W123") if line.startswith("env") else ("uwsgi.W143",)
    names(envelope, "ini-magic-characters", *wanted, certain=True)
    found = next(one for one in envelope["findings"] if one["id"] == "uwsgi.W143")
    assert f"{file}:2" in found["evidence"][0]
    assert shown in found["evidence"][0]
    assert ("takes the line end with it" in found["cause"]) is line.endswith("%")
    assert "topsecret" not in str(envelope)


def test_ini_magic_file_that_is_missing(kit: Kit, names: Names) -> None:
    file = site(kit, "procname-prefix = x@(/nonexistent)")
    assert kit.get().status == 502
    found = names(kit.doctor(), "ini-magic-characters", "uwsgi.E118", certain=True)
    assert f"{file}:2" in found["evidence"][1]


def test_magic_where_it_belongs_is_not_blamed(kit: Kit) -> None:
    site(kit, "pidfile = %d%n.pid", "stats = %d/stats.sock", "procname-prefix = 100%% ", "log-format = %(method) %(uri)")
    assert kit.get().status == 200
    assert "uwsgi.W143" not in ids(kit.doctor())


@pytest.mark.parametrize("line", ['module = "hello"', "module = 'hello'", "module = hello  # mine", "module = hello ; mine"])
def test_quotes_and_comments_become_a_part_of_the_module(kit: Kit, names: Names, line: str) -> None:
    site(kit, application=line)
    assert kit.get().status == 500
    found = names(kit.doctor(), "ini-literal-values", "uwsgi.E144", certain=True)
    assert found["fix"][0].startswith("module = hello  ")


def test_a_comment_becomes_a_part_of_the_socket(kit: Kit, names: Names) -> None:
    file = ini(kit, f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = {kit.socket}  # as in nginx\n", "project/uwsgi.ini")
    kit.uwsgi("--ini", file)
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 502
    envelope = kit.doctor()
    names(envelope, "ini-literal-values", "uwsgi.E144", certain=True)
    assert "nginx-uwsgi.E101" in ids(envelope)


def test_a_comment_switches_an_option_on(kit: Kit, names: Names) -> None:
    site(kit, "vacuum = false   # not yet")
    assert kit.get().status == 200
    names(kit.doctor(), "ini-literal-values", "uwsgi.W145", certain=True)


def test_the_mode_that_tutorials_have(kit: Kit, names: Names) -> None:
    lines = f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = {kit.socket}\nchmod-socket=664\n"
    file = ini(kit, lines, "project/uwsgi.ini")
    names(kit.portico("doctor", "--uwsgi", file), "chmod-socket-664", "uwsgi.W146", certain=False)
    other = ini(kit, lines + "chown-socket = me:www-data\n", "project/uwsgi.ini")
    assert "uwsgi.W146" not in ids(kit.portico("doctor", "--uwsgi", other))


def test_the_mode_of_a_port(kit: Kit) -> None:
    lines = f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = 127.0.0.1:{kit.spare}\nchmod-socket=664\n"
    envelope = kit.portico("doctor", "--uwsgi", ini(kit, lines, "project/uwsgi.ini"))
    assert "uwsgi.I147" in ids(envelope)
    assert envelope["code"] == 0


def test_harakiri_while_a_body_is_read(kit: Kit, names: Names) -> None:
    """As uWSGI advises when it starts: `post-buffering`, because of `harakiri`."""
    limits = ("--threads=2", "--harakiri=1800", "--post-buffering=1024")
    kit.uwsgi("--master", "--module", "mysite.wsgi", "--socket", kit.socket, "--chmod-socket=666", *limits)
    kit.nginx(f"location / {{ {kit.app} uwsgi_request_buffering off; }}")
    head = b"POST /read/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", kit.port)) as client:
        client.sendall(head + b"a" * 2000)

        def killed() -> bool:
            # While it is read, another thread's request ends; nginx may have given this one up by then.
            with suppress(OSError):
                kit.get()
                client.sendall(b"a" * 200)
            return "killed by signal 9" in kit.log.read_text()

        until(killed, 30)
    found = names(kit.doctor("/"), "harakiri-post-buffering", "uwsgi.E148", certain=True)
    assert "harakiri is 1800" in found["cause"]


def test_harakiri_of_a_page_that_was_slow_is_not_blamed_on_bodies(kit: Kit) -> None:
    limits = ("--threads=2", "--harakiri=1", "--post-buffering=1024")
    kit.uwsgi("--master", "--module", "mysite.wsgi", "--socket", kit.socket, "--chmod-socket=666", *limits)
    kit.nginx(f"location / {{ {kit.app} }}")
    found = ids(kit.doctor("/slow/?s=3"))
    assert "uwsgi.E148" not in found
    assert "uwsgi.W149" in found


THREAD = """import threading, time
def run():
    while True:
        time.sleep(0.05)
threading.Thread(target=run, daemon=True, name="refresher").start()
def application(environ, start_response):
    start_response("200 OK", [])
    return [b""]
"""


def test_threads_started_at_import_are_dead(kit: Kit, names: Names) -> None:
    kit.write("project/starts.py", THREAD)
    site(kit, application="module = starts")
    found = names(kit.doctor(), "threads-started-at-import-are-dead", "uwsgi.W109", certain=True)
    assert "refresher" in found["cause"]


def test_threads_of_lazy_applications_live(kit: Kit) -> None:
    kit.write("project/starts.py", THREAD)
    site(kit, "lazy-apps = true", application="module = starts")
    assert kit.get().status == 200
    assert "uwsgi.W109" not in ids(kit.doctor())


def test_threads_without_a_fork_live(kit: Kit) -> None:
    kit.write("project/starts.py", THREAD)
    kit.uwsgi("--module", "starts", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass unix:{kit.socket}; }}")
    assert "uwsgi.W109" not in ids(kit.doctor())


@pytest.mark.parametrize("number", ["1073741816", "1048576"])
def test_max_fd_memory_blowup(number: str) -> None:
    """From a captured log: a limit like this needs a kernel that permits it."""
    start = "*** Starting uWSGI 2.0.30 (64bit) on [Fri Nov 27 02:36:03 2026] ***"
    log = f"{start}\ndetected max file descriptor number: {number}\n"
    found = judged(log, kind="pyuwsgi")
    assert [one.id for one in found if one.id == "uwsgi.W129"] == (["uwsgi.W129"] if number == "1073741816" else [])
