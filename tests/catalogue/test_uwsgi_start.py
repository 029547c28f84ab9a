"""uWSGI does not start: because of what it is told to bind, read or write."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.kit import Kit
from catalogue.uwsgi_start import SERVE, as_root, by_log, ids, ini, pass_to, told

Names = Callable[..., dict[str, Any]]


def test_uwsgi_port_in_use_by_the_first_start(kit: Kit, names: Names) -> None:
    first = kit.uwsgi(*SERVE, f"127.0.0.1:{kit.spare}")
    assert kit.uwsgi(*SERVE, f"127.0.0.1:{kit.spare}").wait(10) == 1
    found = names(by_log(kit), "uwsgi-port-in-use", "uwsgi.W101", certain=True)
    assert f"pid {first.pid}" in found["cause"]


def test_uwsgi_port_in_use_by_another_program(kit: Kit, names: Names) -> None:
    with socket.create_server(("127.0.0.1", kit.spare)):
        assert kit.uwsgi(*SERVE, f"127.0.0.1:{kit.spare}").wait(10) == 1
        found = names(by_log(kit), "uwsgi-port-in-use", "uwsgi.E100", certain=True)
    assert f"pid {os.getpid()}" in found["cause"]
    assert "uWSGI" not in found["cause"]


def test_a_port_that_was_taken_and_is_free_again(kit: Kit, names: Names) -> None:
    with socket.create_server(("127.0.0.1", kit.spare)):
        kit.uwsgi(*SERVE, f"127.0.0.1:{kit.spare}")
    found = names(by_log(kit), "uwsgi-port-in-use", "uwsgi.E100", certain=False)
    assert "now nobody listens" in found["cause"]


def test_a_failed_start_that_was_followed_by_a_good_one_is_not_blamed(kit: Kit) -> None:
    address = f"127.0.0.1:{kit.spare}"
    with socket.create_server(("127.0.0.1", kit.spare)):
        kit.uwsgi(*SERVE, address)
    kit.uwsgi(*SERVE, address)
    kit.nginx(pass_to(kit, address))
    assert kit.get().status == 200
    assert not {"uwsgi.E100", "uwsgi.W101"} & ids(kit.doctor())


def test_two_uwsgi_one_unix_socket(kit: Kit, names: Names) -> None:
    older = kit.uwsgi(*SERVE, kit.socket, "--vacuum")
    kit.uwsgi(*SERVE, kit.socket, "--vacuum")
    found = names(by_log(kit), "two-uwsgi-one-unix-socket", "uwsgi.W102", certain=True)
    assert f"pid {older.pid} is left over" in found["cause"]
    told(kit, older, signal.SIGINT, "VACUUM WARNING")
    older.wait(10)
    names(by_log(kit), "two-uwsgi-one-unix-socket", "uwsgi.W102")


def test_uwsgi_listen_gt_somaxconn(kit: Kit, names: Names) -> None:
    file = ini(kit, f"[uwsgi]\nmaster = true\nmodule = hello\nlisten = 60000\nsocket = {kit.socket}\nchmod-socket = 666\n")
    kit.uwsgi("--ini", file)
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 502
    found = names(kit.doctor(), "uwsgi-listen-gt-somaxconn", "uwsgi.E103", certain=True)
    assert f"{file}:4" in " ".join(found["evidence"])
    fixed = kit.doctor("/", "--fix", "--yes")
    assert [one["outcome"] for one in fixed["result"]["fixes"]] == ["fixed"]
    kit.uwsgi("--ini", file)
    assert kit.get().status == 200


def test_uwsgi_listen_gt_somaxconn_on_the_command_line(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, "--listen=60000")
    names(by_log(kit), "uwsgi-listen-gt-somaxconn", "uwsgi.E103")


def test_a_backlog_that_will_be_refused_is_seen_before_the_start(kit: Kit, names: Names) -> None:
    file = ini(kit, f"[uwsgi]\nmodule = hello\nlisten = 60000\nsocket = {kit.socket}\n", "project/uwsgi.ini")
    names(kit.portico("doctor", "--uwsgi", file), "uwsgi-listen-gt-somaxconn", "uwsgi.E103")


@as_root
def test_uid_drop_before_bind(kit: Kit, names: Names) -> None:
    (kit.folder / "run").mkdir()
    file = ini(
        kit, f"[uwsgi]\nmaster = true\nmodule = hello\nuid = www-data\ngid = www-data\nsocket = {kit.folder}/run/a.sock\n"
    )
    kit.uwsgi("--ini", file)
    kit.nginx(pass_to(kit, f"unix:{kit.folder}/run/a.sock"))
    found = names(kit.doctor(), "uid-drop-before-bind", "uwsgi.E104", certain=True)
    assert f"www-data, may not write to {kit.folder}/run" in found["cause"]


@as_root
@pytest.mark.parametrize("address", ["unix", "127.0.0.1:80"])
def test_uid_drop_before_bind_of_which_there_is_only_a_log(kit: Kit, names: Names, address: str) -> None:
    (kit.folder / "run").mkdir()
    name = f"{kit.folder}/run/a.sock" if address == "unix" else address
    kit.uwsgi("--uid=www-data", "--gid=www-data", *SERVE, name)
    names(by_log(kit), "uid-drop-before-bind", "uwsgi.E104")


def test_the_folder_of_the_socket_is_gone(kit: Kit, names: Names) -> None:
    file = ini(kit, f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = {kit.folder}/run/a.sock\nchmod-socket = 666\n")
    kit.uwsgi("--ini", file)
    kit.nginx(pass_to(kit, f"unix:{kit.folder}/run/a.sock"))
    names(kit.doctor(), "socket-folder-missing", "uwsgi.E106", certain=True)
    fixed = kit.doctor("/", "--fix", "--yes")
    assert [one["outcome"] for one in fixed["result"]["fixes"]] == ["fixed"]
    kit.uwsgi("--ini", file)
    assert kit.get().status == 200


def test_an_address_of_another_machine(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, "192.0.2.7:9090")
    names(by_log(kit), "address-of-another-machine", "uwsgi.E107")


@pytest.mark.parametrize("header", ["[uWSGI]", "[uwsgi ]", "\ufeff[uwsgi]", "[app:main]", ""], ids=repr)
def test_ini_section_missing(kit: Kit, names: Names, header: str) -> None:
    file = ini(kit, f"{header}\nmaster = true\nmodule = hello\nsocket = {kit.socket}\nchmod-socket = 666\n")
    assert kit.uwsgi("--ini", file).wait(10) == 1
    kit.nginx(f"location / {{ {kit.app} }}")
    names(kit.doctor(), "ini-section-missing", "uwsgi.E110", certain=True)
    fixed = kit.doctor("/", "--fix", "--yes")
    if "uwsgi" not in header.lower():
        assert not [one for one in fixed["result"]["fixes"] if one["outcome"] == "fixed"]
        return
    assert [one["outcome"] for one in fixed["result"]["fixes"]] == ["fixed"]
    kit.uwsgi("--ini", file)
    assert kit.get().status == 200


def test_no_socket_is_not_taken_for_a_missing_section(kit: Kit, names: Names) -> None:
    file = ini(kit, "[uwsgi]\nmodule = hello\n")
    kit.uwsgi("--ini", file)
    envelope = by_log(kit)
    names(envelope, "no-socket", "uwsgi.E108")
    assert "uwsgi.E110" not in ids(envelope)


def test_ini_file_missing(kit: Kit, names: Names) -> None:
    """As the tutorial has it: the file is uwsgi.ini, and destiny.ini is started."""
    right = ini(kit, f"[uwsgi]\nmodule = hello\nsocket = {kit.socket}\n")
    kit.uwsgi("--ini", f"{kit.folder}/destiny.ini")
    found = names(by_log(kit), "ini-file-missing", "uwsgi.E111", certain=True)
    assert f"{kit.folder}/destiny.ini" in found["cause"]
    assert right in found["fix"][0]


def test_ini_file_missing_behind_nginx(kit: Kit, names: Names) -> None:
    right = ini(kit, f"[uwsgi]\nmodule = hello\nsocket = {kit.socket}\nchmod-socket = 666\n", "project/uwsgi.ini")
    kit.uwsgi("--ini", "destiny.ini")
    kit.nginx(f"location / {{ {kit.app} }}")
    found = names(kit.doctor("/", "--uwsgi", right), "ini-file-missing", "uwsgi.E111")
    assert right in found["fix"][0]


def test_a_suffix_that_uwsgi_does_not_know(kit: Kit, names: Names) -> None:
    kit.uwsgi(ini(kit, "[uwsgi]\n", "uwsgi.conf"))
    names(by_log(kit), "ini-file-missing", "uwsgi.E112")


def test_the_ini_that_was_started_is_not_the_one_that_was_written(kit: Kit, names: Names) -> None:
    written = ini(kit, f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = {kit.socket}\n", "project/uwsgi.ini")
    started = ini(kit, f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = 127.0.0.1:{kit.spare}\n", "project/destiny.ini")
    kit.uwsgi("--ini", started)
    alone = names(kit.portico("doctor", "--uwsgi", written), "other-ini", "uwsgi.W114")
    assert started in alone["cause"]
    kit.nginx(f"location / {{ {kit.app} }}")
    assert kit.get().status == 502
    envelope = kit.doctor("/", "--uwsgi", written)
    found = names(envelope, "other-ini", "uwsgi.E113", certain=True)
    assert started in found["cause"]
    assert written in found["cause"]
    assert "nginx-uwsgi.E101" in ids(envelope)


def test_a_configuration_that_is_in_force_is_not_called_unused(kit: Kit) -> None:
    file = ini(kit, f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = {kit.socket}\n", "project/uwsgi.ini")
    kit.uwsgi("--ini", "uwsgi.ini")
    assert not {"uwsgi.E113", "uwsgi.W114"} & ids(kit.portico("doctor", "--uwsgi", file))


@pytest.mark.parametrize("option", ["--logto", "--pidfile"])
def test_uwsgi_log_or_pid_path(kit: Kit, names: Names, option: str) -> None:
    assert kit.uwsgi(*SERVE, kit.socket, option, f"{kit.folder}/gone/x").wait(10) == 1
    found = names(by_log(kit), "uwsgi-log-or-pid-path", "uwsgi.E115", certain=True)
    assert f"{kit.folder}/gone does not exist" in found["cause"]
    assert ("log" if option == "--logto" else "pid file") in found["cause"]
    fixed = kit.portico("doctor", "--log", str(kit.log), "--fix", "--yes")
    assert [one["outcome"] for one in fixed["result"]["fixes"]] == ["fixed"]
    assert (kit.folder / "gone").is_dir()


def test_a_project_folder_that_is_not_there(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, "--chdir=/nonexistent/destiny")
    found = names(by_log(kit), "chdir-missing", "uwsgi.E116")
    assert "/nonexistent" in found["cause"]


@as_root
def test_an_account_that_does_not_exist(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, "--uid=no-such-account")
    names(by_log(kit), "no-such-account", "uwsgi.E119")
