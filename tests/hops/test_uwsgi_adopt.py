"""What becomes of each option of a uWSGI configuration: keys, raw lines, and what is said of the rest."""

from __future__ import annotations

import pytest

from portico.hops.uwsgi.adopt.absent import absent
from portico.hops.uwsgi.adopt.carry import carry
from portico.hops.uwsgi.ini import parse
from portico.model.adoption import NO_MAP, Carried, PathMap

FILE = "/srv/shop/uwsgi.ini"


def carried(text: str, paths: PathMap = NO_MAP, folder: str = "/srv/shop") -> tuple[Carried, ...]:
    options, _ = parse(f"[uwsgi]\n{text}", FILE)
    return carry(options, None, paths, folder)


def keys(text: str, paths: PathMap = NO_MAP) -> dict[str, object]:
    """The keys of portico.toml that the text comes to."""
    found: dict[str, object] = {}
    for entry in carried(text, paths):
        if entry.fate == "key":
            value, before = entry.value, found.get(entry.key)
            if isinstance(value, tuple) and isinstance(before, tuple):
                value = before + value
            elif isinstance(value, dict) and isinstance(before, dict):
                value = before | value
            found[entry.key] = value
    return found


def only(text: str, paths: PathMap = NO_MAP) -> Carried:
    (entry,) = carried(text, paths)
    return entry


def test_a_small_buffer_is_no_smaller_limit() -> None:
    line = only("buffer-size = 8192")
    assert (line.fate, line.key) == ("differs", "")
    assert "32768" in line.why


def test_a_usual_file() -> None:
    said = keys(
        "chdir = /srv/shop\nmodule = shop.wsgi:application\nhome = /srv/venv\nmaster = true\nprocesses = 4\nthreads = 2\n"
        "harakiri = 30\nmax-requests = 5000\nbuffer-size = 65535\nlisten = 256\nvacuum = true\nchmod-socket = 664\n"
        "logto = /var/log/shop.log\nuid = www-data\ndisable-logging = true\nsocket = 127.0.0.1:8001\n"
        "env = DJANGO_SETTINGS_MODULE=shop.production\nenv = LANG=C.UTF-8\npythonpath = /srv/lib"
    )
    assert said == {
        "uwsgi.chdir": "/srv/shop",
        "uwsgi.module": "shop.wsgi:application",
        "python": "/srv/venv/bin/python",
        "uwsgi.processes": 4,
        "uwsgi.threads": 2,
        "uwsgi.harakiri": 30,
        "uwsgi.max_requests": 5000,
        "uwsgi.buffer_size": 65535,
        "uwsgi.listen": 256,
        "uwsgi.vacuum": True,
        "uwsgi.chmod_socket": "664",
        "uwsgi.log": "/var/log/shop.log",
        "user": "www-data",
        "uwsgi.request_log": "off",
        "uwsgi.address": "127.0.0.1:8001",
        "settings": "shop.production",
        "env": {"LANG": "C.UTF-8"},
        "uwsgi.pythonpath": ("/srv/lib",),
    }


def test_the_application() -> None:
    for text, module in (
        ("module = shop.wsgi", "shop.wsgi"),
        ("module = shop:create_app()", "shop:create_app()"),
        ("module = shop\ncallable = app", "shop:app"),
        ("wsgi-file = shop/wsgi.py\nchdir = /srv/shop", "/srv/shop/shop/wsgi.py"),
        ("wsgi-file = app.py\ncallable = app", "/srv/shop/app.py:app"),
        ("wsgi-file = app.py\ncallable = application", "/srv/shop/app.py"),
        ("mount = /=shop:app", "shop:app"),
        ("mount = /=app.py\ncallable = app\nmanage-script-name = true", "/srv/shop/app.py:app"),
        ("module = shop.wsgi\nwsgi-file = other.py", "shop.wsgi"),
    ):
        assert keys(text)["uwsgi.module"] == module, text


def test_a_folder_ending_in_a_file_that_is_no_python_file_is_left_with_what_to_do() -> None:
    entry = only("wsgi-file = /srv/shop/django.wsgi")

    assert entry.fate == "left" and "django_wsgi.py" in entry.why


def test_applications_below_prefixes_become_raw_lines() -> None:
    found = carried("mount = /a=a.py\nmount = /b=b:app\nmanage-script-name = true")

    assert [(entry.fate, entry.value) for entry in found] == [
        ("key", "/srv/shop/a.py"),
        ("raw", ("mount = /a=a.py",)),
        ("raw", ("mount = /b=b:app",)),
        ("raw", ("manage-script-name = true",)),
    ]


def test_pythonpath_is_in_the_order_of_sys_path() -> None:
    """uWSGI puts each in front of those before it."""
    assert keys("pythonpath = /srv/one\npythonpath = two\nchdir = /srv/shop") == {
        "uwsgi.pythonpath": ("/srv/shop/two", "/srv/one"),
        "uwsgi.chdir": "/srv/shop",
    }
    assert only("pythonpath = /srv/lib/*").value == ("pythonpath = /srv/lib/*",)


def test_paths_lie_where_the_map_says() -> None:
    paths = PathMap((("/srv/shop", "/home/ana/shop"), ("/var/log", "/tmp/log")))
    text = (
        "chdir = /srv/shop\nwsgi-file = wsgi.py\nlogto = /var/log/shop.log\nhome = venv\nstatic-map = /static=/srv/shop/st"
    )

    assert keys(text, paths) == {
        "uwsgi.chdir": "/home/ana/shop",
        "uwsgi.module": "/home/ana/shop/wsgi.py",
        "uwsgi.log": "/tmp/log/shop.log",
        "python": "/home/ana/shop/venv/bin/python",
        "static": {"/static/": "/home/ana/shop/st"},
    }
    job = only("attach-daemon = /bin/sh /srv/shop/work.sh --log=/var/log/w.log", paths)
    assert job.value == ("attach-daemon = /bin/sh /home/ana/shop/work.sh --log=/tmp/log/w.log",)
    assert job.paths == ("/bin/sh", "/home/ana/shop/work.sh", "/tmp/log/w.log")


def test_a_relative_path_without_chdir_says_what_it_was_taken_for() -> None:
    assert "/srv/shop is taken" in only("wsgi-file = app.py").why
    (entry,) = carry(parse("[uwsgi]\nwsgi-file = app.py", FILE)[0], None, NO_MAP)
    assert entry.fate == "left"


def test_sockets() -> None:
    unix = only("socket = /run/shop.sock")
    assert unix.fate == "differs" and "nginx" in unix.why
    assert only("socket = 127.0.0.1:8001").value == "127.0.0.1:8001"
    assert only("socket = localhost:8001").value == "127.0.0.1:8001"
    for everywhere in (":8001", "0.0.0.0:8001"):
        assert only(f"socket = {everywhere}").value == "127.0.0.1:8001" and only(f"socket = {everywhere}").why
    assert [entry.fate for entry in carried("socket = 127.0.0.1:8001\nsocket = 127.0.0.1:8002")] == ["key", "left"]
    assert only("socket = fd://3").fate == "left"
    assert only("http = :8000").fate == only("http-socket = :8000").fate == "differs"
    assert only("https = :8443,a.crt,a.key").fate == "left"


def test_of_a_scalar_given_twice_the_last_counts() -> None:
    first, last = carried("processes = 2\nworkers = 8")

    assert (first.fate, first.why) == ("same", "line 3 counts")
    assert (last.fate, last.value) == ("key", 8)


def test_numbers_are_read_as_uwsgi_reads_them() -> None:
    assert only("harakiri = 30s").value == 30 and only("harakiri = 30s").why
    assert only("processes = many").fate == only("processes = 0").fate == "left"
    assert only("processes = %k").fate == "same"
    assert only("listen = 99999999999999999999").fate == "left"
    assert only("buffer-size = 70000").fate == "left"


def test_requests_that_are_logged() -> None:
    assert keys("disable-logging = true") == {"uwsgi.request_log": "off"}
    assert keys("disable-logging = true\nlog-5xx = true") == {"uwsgi.request_log": "errors"}
    slow = carried("disable-logging = true\nlog-slow = 300")
    assert slow[1].value == ("log-slow = 300",)
    assert only("logger = file:/var/log/a.log").value == "/var/log/a.log"
    assert only("logger = syslog:shop").fate == "differs"


def test_secrets_are_values_and_never_text() -> None:
    found = carried(
        "env = SECRET_KEY=hunter2\nenv = DATABASE_URL=postgres://ana:hunter2@db/shop\n"
        "set-placeholder = db_password=hunter2\n"
        "dbpassword = hunter2\nenv = A=%(dbpassword)\nattach-daemon = worker redis://:hunter2@db\n"
        "route = ^/ basicauth:Staff,ana:hunter2\nset = env=API_TOKEN=hunter2"
    )
    values = [entry.value for entry in found if entry.fate == "key"]
    assert values[:2] == [{"SECRET_KEY": "hunter2"}, {"DATABASE_URL": "postgres://ana:hunter2@db/shop"}]
    assert all("hunter2" not in entry.text + entry.why for entry in found)


def test_variables_that_depend_on_where_it_is_started_are_not_guessed() -> None:
    assert only("env = HOME=$(HOME)").fate == "left"
    assert only("chdir = $(HOME)/shop").fate == "left"
    assert only("umask = $(UMASK)").value == ("umask = $(UMASK)",)
    assert only("procname-x = %h").fate == "left"


def test_what_a_condition_finds_elsewhere_is_not_known_here() -> None:
    text = (
        "env = PORT=8000\nif-env = WEB_PORT\nenv = PORT=%(_)\nharakiri = %(_)\nsocket = :%(_)\nendif =\nsocket = /run/a.sock"
    )
    lines = carried(text)
    unknown = [entry for entry in lines if "%(_)" in entry.text]
    assert {entry.fate for entry in unknown} == {"left"}
    assert all("`if-env = WEB_PORT`" in entry.why and "skips" in entry.why for entry in unknown)
    assert keys(text) == {"env": {"PORT": "8000"}}, "the line before it counts"
    assert lines[-1].fate == "differs"


@pytest.mark.parametrize("text", ["mule = m.py", "cron = 0 3 -1 -1 -1 date", "spooler = /s", "flock = /l", "snmp = :161"])
def test_what_every_instance_runs_is_told_without_their_number(text: str) -> None:
    """It is the user's: `instances = 2` are four during a reload."""
    entry = only(text)
    assert "during a reload" in entry.why
    assert not {"two", "twice"} & set(entry.why.split())


def test_accounts() -> None:
    assert only("uid = shop").key == "user"
    number = only("uid = 1000")
    assert number.fate == "left" and "getent passwd 1000" in number.why


def test_options_that_no_uwsgi_has() -> None:
    assert "did you mean `processes`" in only("proceses = 4").why
    assert only("ssl-option = 1").fate == "left"
    assert [entry.fate for entry in carried("name = shop\nprocname = %(name)")] == ["same", "differs"]


def test_plugins_that_are_built_in_are_the_same() -> None:
    assert only("plugins = python3,http").fate == "same"
    assert "php" in only("plugins = python3,php").why


def test_what_a_missing_option_means() -> None:
    options, _ = parse("[uwsgi]\nmodule = shop.wsgi\nthreads = 4\n", FILE)
    found = absent(options, FILE)

    assert {entry.key: entry.value for entry in found if entry.fate == "key"} == {
        "uwsgi.processes": 1,
        "uwsgi.harakiri": 0,
        "uwsgi.max_requests": 0,
    }
    assert {entry.where for entry in found} == {FILE}
    assert all(entry.why for entry in found)
    assert absent((), FILE) == ()
