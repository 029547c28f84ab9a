"""uWSGI's files and command lines as options: held against what the real uWSGI makes of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portico.hops.uwsgi import ini, options
from portico.hops.uwsgi.events import events
from portico.model.directive import Option
from portico.system.sockets import free_port

UWSGI = (sys.executable, "-c", "import pyuwsgi, sys; sys.argv[0] = 'uwsgi'; pyuwsgi.run()")
#: Flags are shown as they were written.
FLAGS = ("master", "strict", "die-on-term")


def real(*arguments: str, cwd: Path) -> str:
    """All that uWSGI says; without a socket it ends by itself once it has read its configuration."""
    done = subprocess.run(
        [*UWSGI, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, errors="replace"
    )
    return done.stdout + done.stderr


def shown(*arguments: str, cwd: Path) -> list[tuple[str, str]]:
    """What it understood: names and values in order."""
    text = real("--show-config", *arguments, cwd=cwd).partition("[uwsgi]\n")[2].partition("\n;end of configuration")[0]
    pairs = [line.partition(" = ") for line in text.splitlines() if line != "show-config = true"]
    return [(name, value) for name, _, value in pairs]


def understood(found: tuple[Option, ...]) -> list[tuple[str, str]]:
    return [(option.name, option.value) for option in found]


ODD = """; a comment
# another
outside = 1
[other]
processes = 9
[uwsgi]
  chdir = /srv/%(name)  \t
name=shop
stamp = %(chdir)/x
processes = 2
processes = 3 ; not a comment
listen = 7 # nor this
enable_threads = 1
quoted = "a b"
equals = a=b=c
dir = [%d][%p][%s][%n][%e][%c][%0][%%][%z]
wild = 100%sure
late = %(later) %(never) %(open
later = L
set = buffer-size=9000
z : colon

[uwsgi]
threads = 4
[uwsgi:two]
threads = 5
"""


def test_a_file_is_read_as_uwsgi_reads_it(base: Path):
    file = base / "odd.ini"
    file.write_text(ODD)
    found, problems = ini.parse(ODD, str(file))
    assert understood(found) == shown(str(file), cwd=base)
    raw = {option.name: option.raw for option in found}
    assert raw["chdir"] == "/srv/%(name)"
    where = {option.name: option.where for option in found}
    assert where["threads"] == f"{file}:{ODD.splitlines().index('threads = 4') + 1}"
    said = "\n".join(problems)
    for line, words in (
        (3, "`outside`"),
        (11, "`; not a comment`"),
        (12, "`# nor this`"),
        (21, "`z : colon` is no"),
        (25, "[uwsgi:two]"),
    ):
        assert re.search(rf"^{re.escape(str(file))}:{line}: .*{re.escape(words)}", said, re.M), (line, words, said)
    assert len(problems) == 5


@pytest.mark.parametrize("value", ["true", "1", "", "false", "off", "No", "0", "enable", "true ; comment"])
def test_a_flag_is_what_uwsgi_takes_it_for(base: Path, value: str):
    text = f"[uwsgi]\nmaster = {value}\n"
    (base / "a.ini").write_text(text)
    warns = "without its master process manager" in real("--ini", "a.ini", cwd=base)
    found, _ = ini.parse(text, str(base / "a.ini"))
    assert found[0].value == ("false" if warns else "true")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[uWSGI]\nmaster = 1\n", r":1: .*no section \[uwsgi\].*\[uWSGI\]"),
        ("# x\n\n[app:main]\nuse = egg:x\n", r":3: .*\[app:main\]"),
        ("\ufeff[uwsgi]\nmaster = 1\n", r":1: .*byte order mark before \[uwsgi\]"),
        ("[uwsgi]x\nmaster = 1\n", r":1: .*\[uwsgi\]x"),
        ("[ uwsgi ]\nmaster = 1\n", r":1: .*\[ uwsgi \]"),
        ("master = 1\n", r": there is no section \[uwsgi\]"),
    ],
)
def test_without_the_section_nothing_counts(base: Path, text: str, says: str):
    file = base / "a.ini"
    file.write_text(text, encoding="utf-8")
    assert 'Can\'t find section "uwsgi"' in real("--ini", str(file), cwd=base)
    found, problems = ini.parse(text, str(file))
    assert found == ()
    assert re.search(re.escape(str(file)) + says, problems[0])


def test_lines_end_as_on_windows_too(base: Path):
    found, problems = ini.parse("[uwsgi]\r\nlisten = 5 \r\n", "/srv/a.ini")
    assert (understood(found), problems) == ([("listen", "5")], ())


def test_second_names_become_the_first_and_values_of_the_environment_stay():
    text = "[uwsgi]\nworkers=2\nvenv=/v\nwsgi=a.b\npp=/x\nmark=$(HOME) @(/etc/passwd)\nenable_threads=1\n"
    found, _ = ini.parse(text, "/srv/a.ini")
    assert understood(found) == [
        ("processes", "2"),
        ("home", "/v"),
        ("module", "a.b"),
        ("pythonpath", "/x"),
        ("mark", "$(HOME) @(/etc/passwd)"),
        ("enable_threads", "1"),
    ]


def test_a_section_that_was_asked_for():
    text = "[uwsgi]\nlisten=1\n[uwsgi:two]\nlisten=2\n"
    assert understood(ini.parse(text, "/srv/a.ini", "uwsgi:two")[0]) == [("listen", "2")]


def test_the_files_that_values_name():
    names = ("/srv/base.ini:prod", "more.ini", "a.yml:x", ":other", "-", "http://x/a.ini")
    assert [ini.file_of(name) for name in names] == ["/srv/base.ini", "more.ini", "a.yml", "", "", ""]


def test_conditions_are_named():
    _, problems = ini.parse("[uwsgi]\nif-env = PROD\nprocesses = 8\nendif =\n", "/srv/a.ini")
    assert problems == ("/srv/a.ini:2: what stands under `if-env` was taken as if it held",)


def test_no_value_reaches_a_problem():
    _, problems = ini.parse("stray = hunter2\n[uwsgi]\nenv = KEY=hunter2 # mine\n[x]\n", "/srv/a.ini")
    assert len(problems) == 2
    assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-Mp", "3", "--threads=4", "x.ini"],
        ["-p3", "--listen", "9", "--ini", "x.ini"],
        ["--die-on-t", "--chmod-socket=660", "--set", "buffer-size=9000", "-w", "a.b:c"],
        ["--venv", "/v", "--env", "A=1", "--env", "B=2", "-S", "foo=bar"],
    ],
)
def test_a_command_line_is_read_as_uwsgi_reads_it(base: Path, arguments: list[str]):
    (base / "x.ini").write_text("[uwsgi]\nz = 1\n")
    found, files = options.command_line(["/usr/bin/uwsgi", *arguments])
    expected = [(name.replace("venv", "home"), value) for name, value in shown(*arguments, cwd=base) if name != "z"]
    assert understood(found) == expected
    assert files == (("x.ini",) if "x.ini" in arguments else ())
    assert {option.where for option in found} == {"command line"}


@pytest.mark.parametrize(
    "program",
    [
        ["uwsgi"],
        ["/srv/.venv/bin/uwsgi"],
        ["/srv/.venv/bin/python3", "/srv/.venv/bin/uwsgi"],
        ["/usr/bin/python3.11", "-X", "dev", "-u", "/srv/inside/uwsgi_launcher.py", "/x/pyuwsgi.cpython-311.so"],
        ["python", "-m", "pyuwsgi"],
        ["/srv/.venv/bin/python", "-c", "import pyuwsgi; pyuwsgi.run()"],
    ],
)
def test_what_comes_before_the_options(program: list[str]):
    found, files = options.command_line([*program, "--master", "--ini", "/srv/u.ini:prod", "b.yml"])
    assert understood(found) == [("master", "true"), ("ini", "/srv/u.ini:prod")]
    assert files == ("/srv/u.ini", "b.yml")


def test_after_a_reload_python_has_the_options_of_uwsgi_itself():
    found, _ = options.command_line(["/usr/bin/python3.11", "--master", "--module", "hello"])
    assert understood(found) == [("master", "true"), ("module", "hello")]


def test_a_process_with_another_title_has_no_options():
    assert options.command_line(["uWSGI master"]) == ((), ())
    assert options.command_line([]) == ((), ())


def test_the_known_names_are_those_of_the_binary(base: Path):
    names = re.findall(r"^\s+(?:-.\|)?--(\S+)", real("--help", cwd=base), re.M)
    assert len(names) > 900
    assert set(names) == options.KNOWN


def parsed(text: str) -> tuple[Option, ...]:
    return ini.parse("[uwsgi]\n" + text, "/srv/a.ini")[0]


def test_unknown_options_with_what_may_have_been_meant():
    found = parsed(
        "proceses=8\nharikiri=30\nenable_threads=1\nMaster=1\nzzqq=1\nbase=/srv\nchdir=%(base)/x\n"
        "set-placeholder=p=1\np=2\nset=own=1\nhttps=:443\nphp-docroot=/x\nprocesses=2\n"
    )
    assert [(option.name, near) for option, near in options.unknown(found)] == [
        ("proceses", "processes"),
        ("harikiri", "harakiri"),
        ("enable_threads", "enable-threads"),
        ("Master", "master"),
        ("zzqq", ""),
    ]
    assert [option.name for option in options.elsewhere(found)] == ["https", "php-docroot"]


def test_what_was_set_twice():
    found = parsed(
        "processes=2\nworkers=3\nsocket=a\nsocket=b\npythonpath=/a\npythonpath=/b\nmaster=1\nmaster=0\n"
        "listen=5\nlisten=5\nenv=A=1\nenv=B=2\nroute=a b\nroute=c d\nown=1\nown=2\n"
    )
    again = options.duplicates(found)
    assert [[(option.name, option.value) for option in entries] for entries in again] == [
        [("processes", "2"), ("processes", "3")],
        [("master", "true"), ("master", "false")],
    ]


def test_where_it_listens():
    found = parsed(
        "socket=/run/a.sock\nsocket=:9090\nhttp-socket=127.0.0.1:80\nhttp=0.0.0.0:8080,x.crt,x.key\nstats=9191\n"
        "socket=@abstract\nuwsgi-socket=[::1]:7\nzergpool=/z.sock:127.0.0.1:1,/p.sock\nchdir=/srv/app\nsocket=rel.sock\n"
    )
    assert [(kind, where) for kind, where, _ in options.sockets(found)] == [
        ("socket", "unix:/run/a.sock"),
        ("socket", "0.0.0.0:9090"),
        ("http-socket", "127.0.0.1:80"),
        ("http", "0.0.0.0:8080"),
        ("stats", "unix:/srv/app/9191"),
        ("socket", "unix:@abstract"),
        ("uwsgi-socket", "[::1]:7"),
        ("zergpool", "127.0.0.1:1"),
        ("zergpool", "unix:/p.sock"),
        ("socket", "unix:/srv/app/rel.sock"),
    ]
    assert [kind for kind, _, _ in options.sockets(parsed("protocol=http\nsocket=:1\nuwsgi-socket=:2\n"))] == [
        "http-socket",
        "uwsgi-socket",
    ]


@pytest.mark.parametrize("name", ["rel.sock", "9090", "/run/abs", ":PORT", "127.0.0.1:PORT", "localhost:PORT", "0:PORT"])
def test_uwsgi_listens_where_we_say(base: Path, name: str):
    (base / "in").mkdir()
    name = name.replace("PORT", str(free_port())).replace("/run", str(base))
    argv = ["--chdir", str(base / "in"), "--socket", name, "--socket", str(base / "no" / "such" / "folder")]
    # It ends at the second socket, so nothing is left behind.
    said = [event for event in events(real(*argv, cwd=base)) if event.kind in ("socket-bound", "bind-failed")]
    ours = options.sockets(options.command_line(["uwsgi", *argv])[0])[0][1]
    assert [event.kind for event in said] == ["socket-bound", "bind-failed"]
    told = said[0].data["address"]
    assert ours in (told, told.replace("unix:", f"unix:{base / 'in'}{os.sep}"))
    if ours.startswith("unix:"):
        assert Path(ours.removeprefix("unix:")).is_socket()


def test_where_it_logs():
    found = parsed(
        "logto=/l/a.log\ndaemonize=/l/d.log\nlogto2=10.0.0.1:514\nlogger=file:/l/f.log\n"
        "req-logger=r file:logfile=/l/r.log,maxsize=9\nlogger=syslog\nlogto2=/l/a.log\n"
    )
    assert options.log_files(found) == ("/l/a.log", "/l/d.log", "/l/f.log", "/l/r.log")


@pytest.mark.parametrize(
    ("text", "application"),
    [
        ("module=shop.wsgi:app\n", ("shop.wsgi", "", "app")),
        ("module=shop.wsgi:make()\n", ("shop.wsgi", "", "make()")),
        ("wsgi=shop.wsgi\n", ("shop.wsgi", "", "")),
        ("wsgi=shop.wsgi\ncallable=api\n", ("shop.wsgi", "", "api")),
        ("wsgi-file=shop/wsgi.py\ncallable=api\n", ("", "shop/wsgi.py", "api")),
        ("file=shop/wsgi.py\n", ("", "shop/wsgi.py", "")),
        ("mount=/=shop.wsgi:app\nmanage-script-name=1\n", ("shop.wsgi", "", "app")),
        ("mount=/shop=/srv/shop/wsgi.py\ncallable=api\n", ("", "/srv/shop/wsgi.py", "api")),
        ("module=one\nmodule=two\nwsgi-file=three.py\n", ("two", "", "")),
        ("processes=2\n", ("", "", "")),
    ],
)
def test_the_application(text: str, application: tuple[str, str, str]):
    assert options.application(parsed(text)) == application
