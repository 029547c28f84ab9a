"""Whatever the doctor meets, it answers: with one envelope, what it saw, and what it could not see."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogue.answers import apart, sound
from catalogue.kit import LOGGING, ROOT, Kit, kits, uwsgi_params
from support.bad_input import NOBODY, Other

HELLO = ("--master", "--module", "hello", "--chmod-socket=666", "--socket")
DJANGO = ("--master", "--module", "mysite.wsgi", "--chmod-socket=666", "--socket")
LOGS = ("error.log", "access.log")
as_root = pytest.mark.skipif(not ROOT, reason="only root's deployment is hidden from others")


@pytest.fixture(scope="module")
def served(template: Path, wheel_nginx: str) -> Iterator[Kit]:
    """A small site that is well; whoever damages it puts it back."""
    for kit in kits(Path(tempfile.mkdtemp(prefix="pk-", dir="/tmp")), template, wheel_nginx):
        kit.uwsgi(*HELLO, kit.socket)
        kit.nginx(f"location / {{ {kit.app} }}")
        (kit.folder / "aside").mkdir()
        yield kit


ENDS = {
    "binary": bytes(range(256)) * 2000,
    "NUL": b"\0" * 3_000_000,
    "a line of a megabyte": b"2026/01/01 00:00:00 [error] 1#1: *1 " + b"x" * 1_000_000 + b"\n",
    "one line without an end": b"a" * 3_000_000,
    "CRLF": b'2026/01/01 00:00:00 [error] 1#1: *1 open() "/x" failed (2: No such file or directory)\r\n' * 500,
    "other clocks": b"2099/01/01 00:00:00 [error] 1#1: *1 x\n1970/01/01 00:00:00 [emerg] 1#1: y\n"
    + b"9999/99/99 99:99:99 [crit] z\n"
    + b'127.0.0.1 - - [31/Feb/0000:99:99:99 +9999] "GET / HTTP/1.1" 500 1 "-" "-"\n'
    + b"[pid: 1|app: 0|req: 1/1] 127.0.0.1 () {1 vars in 1 bytes} [Thu Jan 99 99:99:99 9999] GET / => generated 1 bytes\n",
    "broken UTF-8": b"\xff\xfe [error] \xc3\x28 \xe2\x82 \xf0\x9f\n" * 1000,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
def test_a_log_that_ends_in(served: Kit, end: bytes) -> None:
    for name in (*LOGS, "uwsgi.log"):
        with (served.folder / name).open("ab") as log:
            log.write(end)
    try:
        sound(served.doctor(), code=0)
    finally:
        for name in (*LOGS, "uwsgi.log"):
            os.truncate(served.folder / name, 0)


KINDS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "folder": (Path.mkdir, "folder"),
    "pipe": (os.mkfifo, "pipe"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "device"),
    "link to itself": (lambda path: path.symlink_to(path), "symbolic links"),
    "nothing": (lambda path: None, "does not exist"),
}


@pytest.mark.parametrize(("make", "said"), KINDS.values(), ids=list(KINDS))
def test_in_the_place_of_nginx_logs_stands(served: Kit, make: Callable[[Path], Any], said: str) -> None:
    for name in LOGS:
        (served.folder / name).rename(served.folder / "aside" / name)
        make(served.folder / name)
    try:
        envelope = sound(served.doctor())
    finally:
        for name in LOGS:
            shutil.rmtree(served.folder / name) if said == "folder" else (served.folder / name).unlink(missing_ok=True)
            (served.folder / "aside" / name).rename(served.folder / name)
    reasons = [one["reason"] for one in envelope["result"]["unknown"]]
    assert [name for name in LOGS if not any(f"{name}: " in reason and said in reason for reason in reasons)] == []


def test_logs_of_gigabytes_are_read_from_their_end(kit: Kit) -> None:
    kit.uwsgi(*HELLO, kit.socket)
    for name in (*LOGS, "uwsgi.log"):
        (kit.folder / name).touch()
        os.truncate(kit.folder / name, 4 << 30)
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass unix:{kit.folder}/other.sock; }}")
    ran = apart(kit, "doctor", kit.url, "--nginx", str(kit.folder / "nginx.conf"), "--log", str(kit.log), "--json")
    assert sound(ran.json, code=1)["findings"][0]["id"] == "nginx-uwsgi.E101"
    # The kernel counts what the process had before its exec, too: the size of the one that runs the tests (getrusage(2)).
    assert ran.most_bytes < 1 << 30


@pytest.mark.parametrize("gone", ["rotated", "deleted"])
def test_a_log_that_is_still_written_to_is_read_where_it_is(kit: Kit, gone: str) -> None:
    kit.uwsgi(*DJANGO, kit.socket, environ={"SETTINGS_EXTRA": LOGGING})
    kit.nginx(f"location /static/ {{ {kit.app} }} location / {{ {kit.app} uwsgi_buffer_size 4k; }}")
    for name in (*LOGS, "uwsgi.log"):
        log = kit.folder / name
        log.rename(kit.folder / f"{name}.1") if gone == "rotated" else log.unlink()
    envelope = sound(kit.doctor("/bighdr/?n=9000"), code=1)
    found = next(finding for finding in envelope["findings"] if finding["id"] == "nginx-uwsgi.E121")
    assert "too big header" in " ".join(found["evidence"])
    assert [one for one in envelope["result"]["unknown"] if one["check"] == "nginx.log"] == []
    assert "uwsgi.E152" in [finding["id"] for finding in sound(kit.doctor("/oom/"), code=1)["findings"]]


@as_root
def test_what_is_roots_is_hidden_from_others_and_said_to_be(kit: Kit) -> None:
    other = Other(kit.project, uid=NOBODY)
    ini = kit.write("uwsgi.ini", f"[uwsgi]\nmaster = true\nmodule = hello\nsocket = {kit.socket}\nchmod-socket = 666\n")
    ini.chmod(0o600)
    kit.uwsgi("--ini", str(ini))
    kit.nginx(f"location / {{ {kit.app} }}")
    for name in (*LOGS, "uwsgi.log"):
        (kit.folder / name).chmod(0)
    ran = other.portico("doctor", kit.url + "/", "--json")
    envelope = sound(ran.json, code=0)
    unknown = {one["check"] for one in envelope["result"]["unknown"]}
    assert {"nginx.log", "nginx.test", "nginx.process", "uwsgi.process", "uwsgi.configuration", "uwsgi.log"} <= unknown
    hops = {hop["hop"]: hop for hop in envelope["result"]["hops"]}
    assert hops["nginx"]["configuration"] == str(kit.folder / "nginx.conf")
    assert (hops["uwsgi"]["running"], hops["nginx"]["accepted"]) == (None, None)
    assert "200" in hops["uwsgi"]["answer"]
    # Nobody has read what uWSGI is told, so nothing about it is certain.
    of_uwsgi = [one for one in envelope["findings"] if "uwsgi" in one["hop"] and one["basis"] == "configuration"]
    assert [one for one in of_uwsgi if one["certainty"] == "certain"] == []


@as_root
def test_a_failure_is_named_as_far_as_others_may_see(kit: Kit) -> None:
    other = Other(kit.project, uid=NOBODY)
    (kit.folder / "private").mkdir(mode=0o700)
    kit.uwsgi(*HELLO, f"{kit.folder}/private/a.sock")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass unix:{kit.folder}/private/a.sock; }}")
    ran = other.portico("doctor", kit.url + "/", "--json")
    assert sound(ran.json, code=1)["findings"][0]["id"] == "nginx-uwsgi.E106"
    ran = other.portico("doctor", kit.url + "/")
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "hidden from this account" in ran.out


@as_root
def test_a_question_that_nobody_answers(kit: Kit) -> None:
    kit.uwsgi(*HELLO[:-2], "--chmod-socket=600", "--socket", kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    ran = apart(kit, "doctor", kit.url, "--nginx", str(kit.folder / "nginx.conf"), "--fix")
    assert (ran.code, "declined" in ran.out, "nobody to answer" in ran.err) == (1, True, True)
    assert stat.S_IMODE(Path(kit.socket).stat().st_mode) == 0o600


@as_root
def test_ctrl_c_at_a_question(kit: Kit) -> None:
    kit.uwsgi(*HELLO[:-2], "--chmod-socket=600", "--socket", kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    command = [
        sys.executable,
        "-m",
        "portico",
        "-C",
        str(kit.project),
        "doctor",
        kit.url,
        "--nginx",
        f"{kit.folder}/nginx.conf",
    ]
    with subprocess.Popen(
        [*command, "--fix"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stderr is not None
        said = b""
        while b"[y/N]" not in said:
            said += process.stderr.read(1)
            assert process.poll() is None, said
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, b"system.E000" in err, b"Traceback" in err) == (130, b"", False, False)
    assert stat.S_IMODE(Path(kit.socket).stat().st_mode) == 0o600


SITE = "events {{}}\nhttp {{ server {{ listen 127.0.0.1:{port}; location / {{ uwsgi_pass unix:{socket}; }} }} }}\n"
EMPTY_BLOCKS = (
    "user;\npid;\nerror_log;\nevents {}\nhttp { access_log; server { listen; server_name; root; alias; return; rewrite; "
    "try_files; error_page; if { } location { alias; } location / { try_files; uwsgi_pass; } location = { } } map { } "
    "map $a { } geo { } upstream { server; } upstream u { server } types { } types; include; set; index; uwsgi_param; "
    "proxy_set_header; ssl_certificate; client_max_body_size; }"
)
CONFS: dict[str, Callable[[str, Path], str | bytes]] = {
    "a syntax error": lambda site, folder: site.replace("uwsgi_pass", "uwsgi_pass;;{"),
    "an open block": lambda site, folder: site[:-6],
    "an open quote": lambda site, folder: site + '"no end',
    "an include cycle": lambda site, folder: f"include {folder}/broken.conf;\n{site}",
    "junk": lambda site, folder: bytes(range(256)) * 1000,
    "NUL": lambda site, folder: b"\0" * 100_000,
    "nothing": lambda site, folder: b"",
    "UTF-16": lambda site, folder: site.encode("utf-16"),
    "a pipe included": lambda site, folder: f"include {folder}/pipe;\n{site}",
    "a device included": lambda site, folder: f"include /dev/zero;\n{site}",
    "a folder included": lambda site, folder: f"include {folder};\n{site}",
    "everything included": lambda site, folder: f"include /*; include /etc/*; include *;\n{site}",
    "directives without values": lambda site, folder: EMPTY_BLOCKS,
    "three thousand blocks in each other": lambda site, folder: "http { server { " + "location /a { " * 3000 + "}" * 3002,
    "megabytes": lambda site, folder: site.replace("server {", "server { " + "add_header X y;\n" * 400_000),
    "addresses that are none": lambda site, folder: site.replace("127.0.0.1:", "[::zz]:x").replace("unix:", "[::zz]:9"),
    "a pattern without an end": lambda site, folder: site.replace("location /", "location ~ ^(?<x>(((a+)+)+$"),
}


@pytest.mark.parametrize("text", CONFS.values(), ids=list(CONFS))
def test_a_broken_configuration_of_nginx(kit: Kit, text: Callable[[str, Path], str | bytes]) -> None:
    os.mkfifo(kit.folder / "pipe")
    data = text(SITE.format(port=kit.port, socket=kit.socket), kit.folder)
    (kit.folder / "broken.conf").write_bytes(data if isinstance(data, bytes) else data.encode())
    envelope = sound(kit.doctor("/" + "/" * 40 + "a" * 40, conf="broken.conf"), code=1)
    assert envelope["findings"][0]["severity"] == "error"


INI = "[uwsgi]\nmaster = true\nmodule = hello\nsocket = /tmp/portico-nowhere.sock\n"
INIS: dict[str, Callable[[Path], str | bytes]] = {
    "a byte order mark": lambda folder: "\ufeff" + INI,
    "CRLF": lambda folder: INI.replace("\n", "\r\n"),
    "UTF-16": lambda folder: INI.encode("utf-16"),
    "junk": lambda folder: bytes(range(256)) * 1000,
    "NUL in paths": lambda folder: INI + "chdir = /tmp/\0x\npidfile = a\0b\nlogto = c\0d\nhome = e\0f\n",
    "nothing": lambda folder: b"",
    "no section": lambda folder: "socket = /x\n",
    "megabytes": lambda folder: INI + "env = A=b\n" * 400_000,
    "an include cycle": lambda folder: INI + f"ini = {folder}/broken.ini\n",
    "pipes and devices included": lambda folder: (
        INI + f"ini = {folder}/pipe\ninclude = /dev/zero\ninclude = exec://sleep 9\n"
    ),
    "thousands included": lambda folder: INI + "".join(f"ini = {folder}/x{number}.ini\n" for number in range(5000)),
    "placeholders that grow": lambda folder: (
        INI
        + "".join(f"a{number} = {f'%(a{number + 1})' * 10}\n" for number in range(30))
        + "a30 = xxxxxxxxxx\nchdir = %(a0)\n"
    ),
    "placeholders in a circle": lambda folder: INI + "set = a=%(b)\nset = b=%(a)%(a)\nchdir = %(a)\n",
    "numbers that are none": lambda folder: (
        INI
        + "processes = -5\nharakiri = x\nlisten = 99999999999999999999\nbuffer-size =\n"
        + "uid = 4294967295999\ngid = 99999999999\n"
    ),
    "addresses that are none": lambda folder: (
        INI
        + "".join(
            f"socket = {address}\n" for address in (":::", "@", "", "127.0.0.1", "[::]:0", "fd://0", "[::zz]:1", ":99999999")
        )
    ),
    "paths that are too long": lambda folder: (
        INI + f"chdir = /{'a' * 5000}\nsocket = {'b' * 5000}\npidfile = {'c/' * 3000}\nhome = {'d' * 4000}\n"
    ),
}


@pytest.mark.parametrize("text", INIS.values(), ids=list(INIS))
def test_a_broken_configuration_of_uwsgi(kit: Kit, text: Callable[[Path], str | bytes]) -> None:
    os.mkfifo(kit.folder / "pipe")
    data = text(kit.folder)
    (kit.folder / "broken.ini").write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    sound(kit.portico("doctor", "--uwsgi", str(kit.folder / "broken.ini")))


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("u.yml", 'uwsgi:\n  socket: "/tmp/a\n', "3:1"),
        ("u.xml", "<uwsgi>\n  <socket>/tmp/a</uwsgi>\n", "2:19"),
        ("u.json", '{"uwsgi": {"socket": "/tmp/a",}}\n', "1:31"),
    ],
)
def test_what_is_not_understood_is_said_with_its_place(kit: Kit, name: str, text: str, place: str) -> None:
    file = kit.write(name, text)
    envelope = sound(kit.portico("doctor", "--uwsgi", str(file)))
    assert [one["reason"].startswith(f"{file}:{place}: ") for one in envelope["result"]["unknown"]].count(True) == 1


@pytest.mark.parametrize("flag", ["--nginx", "--uwsgi", "--log"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "nothing"])
def test_a_flag_that_names_no_file(kit: Kit, flag: str, kind: str) -> None:
    path = {"device": "/dev/zero"}.get(kind, str(kit.folder / "it"))
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        os.mkdir(path)  # noqa: PTH102
    envelope = kit.portico("doctor", kit.url, flag, path)
    if flag == "--log" or kind in ("pipe", "device"):
        sound(envelope)
    else:
        assert (envelope["code"], kit.first(envelope)) == (2, "config.E011")
