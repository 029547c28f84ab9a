"""What becomes of each option of a uWSGI configuration: keys, raw lines, and what is said of the rest."""

from __future__ import annotations

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


def test_a_usual_file() -> None:
    said = keys(
        "chdir = /srv/shop\nmodule = shop.wsgi:application\nhome = /srv/venv\nmaster = true\nprocesses = 4\nthreads = 2\n"
        "harakiri = 30\nmax-requests = 5000\nbuffer-size = 16384\nlisten = 256\nvacuum = true\nchmod-socket = 664\n"
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
        "uwsgi.buffer_size": 16384,
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
