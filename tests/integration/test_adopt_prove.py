"""`portico adopt --prove`: the old pair and the new stack run aside, are asked the same, and leave nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portico.actions.adopt.proof.inputs import ProofInputs
from portico.actions.adopt.proof.run import prove
from portico.hops.nginx.contexts import as_main
from portico.hops.nginx.listens import servers
from portico.hops.nginx.tree import tree
from portico.hops.uwsgi import ini
from portico.model.adoption import PathMap
from portico.model.proof import Compared, Proof
from portico.system import nginx_conf
from support.bad_input import Other, ordinary
from support.stack import ROOT, clean_environ, start_project, until

APP = """
import json, os, time

if os.environ.get("WAIT_FOR"):
    while not os.path.exists(os.environ["WAIT_FOR"]):
        time.sleep(0.02)


def application(environ, start_response):
    environ["wsgi.input"].read()
    body = json.dumps({"path": environ["PATH_INFO"], "scheme": environ["wsgi.url_scheme"], "at": time.time_ns()})
    cookie = ("Set-Cookie", f"session={os.urandom(8).hex()}; Path=/; HttpOnly")
    start_response("200 OK", [("Content-Type", "application/json"), cookie])
    return [body.encode()]
"""
NGINX = """
server {{
    listen 80;
    server_name shop.example www.shop.example;
    charset utf-8;
    access_log {folder}/nginx_access.log;
    error_log {folder}/nginx_error.log;
    client_max_body_size 2m;
    location /static {{ alias {folder}/assets; }}
    location / {{
        include /etc/nginx/conf/uwsgi_params;
        uwsgi_pass 127.0.0.1:9090;
    }}
}}
"""
UWSGI = """
[uwsgi]
socket = 127.0.0.1:9090
chdir = {folder}
module = {module}
master = true
processes = 2
vacuum = true
pidfile = {folder}/uwsgi.pid
daemonize = {folder}/uwsgi.log
exec-pre-app = touch {folder}/executed
"""
TOML = """
listen = 80
server_name = ["shop.example", "www.shop.example"]
[static]
"/static/" = "{folder}/assets"
[nginx]
client_max_body_size = "2m"
access_log = "{folder}/nginx_access.log"
[uwsgi]
address = "127.0.0.1:9090"
module = "{module}"
processes = 2
extra = ["exec-pre-app = touch {folder}/executed", "attach-daemon = touch {folder}/attached", "touch-reload = {folder}/x"]
[release]
hooks = ["touch {folder}/hooked"]
"""


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A folder every account may enter, in which nothing may be left running."""
    with tempfile.TemporaryDirectory(prefix="ptest-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tempfile, "tempdir", name)
            patch.setenv("TMPDIR", name)
            yield Path(name)


def _shop(folder: Path, **texts: str) -> ProofInputs:
    """A plain application with its files; `texts` replace those of `nginx`, `uwsgi`, `toml` and `app`."""
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    (folder / "assets" / "a.css").write_text("body { color: red; }\n" * 80)
    (folder / "shop.py").write_text(texts.get("app", APP))
    return _inputs(folder, "shop", **texts)


def _inputs(folder: Path, module: str, paths: PathMap | None = None, **texts: str) -> ProofInputs:
    names = {"folder": str(folder), "module": module}
    conf, uwsgi = folder / "site.conf", folder / "uwsgi.ini"
    conf.write_text(texts.get("nginx", NGINX).format(**names))
    uwsgi.write_text(texts.get("uwsgi", UWSGI).format(**names))
    root, _ = tree(nginx_conf.read(conf), str(conf))
    assert root is not None
    whole = as_main(root)
    options, _ = ini.parse(uwsgi.read_text(), str(uwsgi))
    toml = texts.get("toml", TOML).format(**names)
    return ProofInputs(
        whole, servers(whole)[0], options, toml, folder, paths or PathMap(), allow_root_app=True, timeout_s=120
    )


def _tree(folder: Path) -> dict[str, int]:
    return {
        str(path): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts and path.name != "__pycache__" and path.is_file()
    }


def _left(base: Path) -> list[str]:
    """Folders and processes of proofs whose temporary files go there."""
    found = [str(path) for path in base.rglob("portico-prove-*")]
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"{base}/" in command and "portico-prove-" in command:
            found.append(command)
    return found


def _one(proof: Proof, name: str) -> Compared:
    return next(one for one in proof.requests if one.ask.name == name)


def _differing(proof: Proof) -> dict[str, list[str]]:
    return {
        one.ask.name: [difference.what for difference in one.differences if not difference.intended]
        for one in proof.requests
        if one.verdict == "different"
    }


@pytest.fixture(scope="module")
def django(base: Path) -> tuple[Proof, dict[str, int], Path]:
    """The proof of a Django site deployed as tutorials do it, and its folder as it was before."""
    folder = start_project(base / "site", allowed="['shop.example', 'www.shop.example']")
    settings = folder / "mysite" / "settings.py"
    settings.write_text(settings.read_text() + "STATIC_ROOT = BASE_DIR / 'assets'\n")
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput"], cwd=folder, check=True, capture_output=True)
    before = _tree(folder)
    return prove(_inputs(folder, "mysite.wsgi")), before, folder


def test_the_same_site_answers_the_same(django: tuple[Proof, dict[str, int], Path]) -> None:
    proof, _, _ = django
    assert _differing(proof) == {}
    assert proof.verdict == "same but for what is meant"
    assert proof.findings == ()
    page = _one(proof, "its login page")
    assert (page.old.status, page.new.status) == (200, 200), "a token in the page differs, and the page is the same"
    assert page.old.body != page.new.body
    file = next(one for one in proof.requests if one.ask.name.startswith("the file /static/"))
    assert file.old.body == file.new.body != b""
    assert {one.what for one in file.differences} >= {"cache-control", "x-request-id"}
    assert _one(proof, "the same, if it has changed").old.status == 304
    assert _one(proof, "a part of it").new.status == 206
    assert _one(proof, "a body of 2097152 bytes").new.status == 404
    assert _one(proof, "a body of 2097153 bytes").new.status == 413
    assert _one(proof, "a name that is not this site's").old.status == 400


def test_it_says_what_it_means_by_each_difference(django: tuple[Proof, dict[str, int], Path]) -> None:
    proof, _, _ = django
    cookie = _one(proof, "a cookie of 7900 bytes")
    assert cookie.old.status == 502
    assert [(one.what, one.intended) for one in cookie.differences] == [("status", True)]
    assert "buffer_size" in cookie.differences[0].why
    assert all(one.why for request in proof.requests for one in request.differences if one.intended)


def test_it_leaves_nothing_and_does_nothing(base: Path, django: tuple[Proof, dict[str, int], Path]) -> None:
    proof, before, folder = django
    assert _tree(folder) == {**before, **{str(folder / name): _tree(folder)[str(folder / name)] for name in _WRITTEN}}
    assert not (folder / ".portico").exists()
    assert _left(base) == []
    assert not any("collectstatic" in note for note in proof.notes), "portico.toml names the folder"
    assert any("exec-pre-app" in line for line in proof.adjusted)
    assert any("uwsgi_param" in line for line in proof.adjusted), "an include that is not here is made up for, and told"


def test_the_folder_of_static_files_is_not_written_to(base: Path, django: tuple[Proof, dict[str, int], Path]) -> None:
    _, _, folder = django
    (folder / "assets" / "admin" / "css" / "base.css").write_text("/* not what collectstatic would put here */")
    before = _tree(folder / "assets")
    start = TOML.index("[static]")
    proof = prove(_inputs(folder, "mysite.wsgi", toml=TOML[:start] + TOML[TOML.index("[nginx]") :]))
    assert _tree(folder / "assets") == before
    assert _differing(proof) == {}
    assert any("collectstatic was not run" in note for note in proof.notes)


#: What the test itself writes after it looked.
_WRITTEN = ("site.conf", "uwsgi.ini")


def test_the_data_holds_no_cookie(django: tuple[Proof, dict[str, int], Path]) -> None:
    proof, _, _ = django
    data = json.dumps(proof.data())
    login = _one(proof, "its login page")
    secret = login.old.header("set-cookie").partition("=")[2].partition(";")[0]
    assert len(secret) > 20
    assert secret not in data
    assert json.loads(data)["verdict"] == proof.verdict
    assert "body_sha256" in json.loads(data)["requests"][0]["old"]


def test_what_was_not_carried_over_is_seen(base: Path) -> None:
    toml = TOML.replace('"/static/"', '"/other/"').replace('"2m"', '"1m"') + '[env]\nNOTHING = "1"\n'
    proof = prove(_shop(base / "other", toml=toml))
    assert proof.verdict == "different"
    assert [finding.id for finding in proof.findings] == ["config.W040"]
    differing = _differing(proof)
    assert "body" in differing["the file /static/a.css"]
    assert differing["a body of 2097152 bytes"] == ["status"]
    assert "the front page" not in differing, "a time and a cookie differ from one answer to the next"
    assert _left(base) == []


TLS = """
events {{ }}
http {{
    types {{ text/css css; }}
    upstream shop {{ server unix:/run/shop/a.sock; server unix:/run/shop/b.sock backup; keepalive 4; }}
    upstream elsewhere {{ server elsewhere.invalid:80; }}
    limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m;
    server {{ listen 80 default_server; return 444; }}
    server {{ listen 80; server_name shop.example; return 301 https://shop.example$request_uri; }}
    server {{ listen 8080; server_name other.example; location / {{ proxy_pass http://elsewhere; }} }}
    server {{
        listen 443 ssl;
        server_name shop.example;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key key.pem;
        limit_req zone=slow;
        location = /robots.txt {{ root {folder}/assets; }}
        location /api/ {{ proxy_pass http://elsewhere; }}
        location / {{ uwsgi_param REQUEST_METHOD $request_method; include /etc/nginx/uwsgi_params; uwsgi_pass shop; }}
    }}
}}
"""


def test_tls_redirects_and_other_applications(base: Path) -> None:
    folder = base / "tls"
    folder.mkdir()
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=shop.example"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    nginx = TLS.replace("include /etc/nginx/uwsgi_params;", _PARAMS).replace("root {folder}", "root {folder}")
    raw = ("listen 443 ssl;", "ssl_certificate {folder}/cert.pem;", "ssl_certificate_key {folder}/key.pem;")
    lines = ", ".join(f'"{line}"' for line in raw)
    toml = TOML.replace("[nginx]", f"[nginx]\nextra_server = [{lines}]")
    inputs = _shop(folder, nginx=nginx, toml=toml)
    ssl = next(server for server in servers(inputs.root) if next(server.all("ssl_certificate"), None))
    proof = prove(ProofInputs(**{**vars(inputs), "server": ssl}))
    page = _one(proof, "the front page")
    assert (json.loads(page.old.body)["scheme"], json.loads(page.new.body)["scheme"]) == ("https", "https")
    assert page.verdict != "different"
    redirect = _one(proof, "a page on port 80")
    assert redirect.old.header("location") == "https://shop.example/portico-proof-of-nothing/?a=b"
    assert redirect.verdict == "different", "the new stack has no redirect"
    assert not any(one.ask.path.startswith("/api") for one in proof.requests)
    told = "\n".join((*proof.adjusted, *proof.notes))
    assert "limit_req" in told
    assert "location /api/ goes to another application" in told
    assert not any(one.ask.port == 8080 for one in proof.requests), "another site is left out"
    assert _left(base) == []


_PARAMS = "".join(
    f"uwsgi_param {name} ${value}; "
    for name, value in {
        "QUERY_STRING": "query_string",
        "REQUEST_URI": "request_uri",
        "PATH_INFO": "document_uri",
        "SERVER_NAME": "server_name",
        "SERVER_PORT": "server_port",
        "SERVER_PROTOCOL": "server_protocol",
        "HTTPS": "https if_not_empty",
        "REQUEST_SCHEME": "scheme",
    }.items()
)


def test_a_uwsgi_that_speaks_http(base: Path) -> None:
    nginx = NGINX.replace("include /etc/nginx/conf/uwsgi_params;", "proxy_set_header Host $host;")
    nginx = nginx.replace("uwsgi_pass 127.0.0.1:9090", "proxy_pass http://127.0.0.1:9090")
    proof = prove(_shop(base / "http", nginx=nginx, uwsgi=UWSGI.replace("socket =", "http-socket =")))
    assert _one(proof, "the front page").old.status == 200
    assert "the front page" not in _differing(proof)
    assert "the file /static/a.css" not in _differing(proof)


@pytest.mark.parametrize(
    ("texts", "finding", "words"),
    [
        ({"nginx": NGINX.replace("charset utf-8;", "no_such_thing on;")}, "config.W041", ("no_such_thing",)),
        ({"uwsgi": UWSGI.replace("{module}", "nowhere")}, "config.W041", ("No module named 'nowhere'",)),
        ({"uwsgi": UWSGI.replace("master", "home = /nonexistent/env\nmaster")}, "config.W041", ("/nonexistent/env",)),
        ({"toml": TOML.replace("{module}", "nowhere")}, "config.W042", ("nowhere",)),
        ({"toml": TOML.replace("[nginx]", '[nginx]\nextra_server = ["no_such_thing on;"]')}, "config.W042", ("no_such",)),
        ({"toml": "listen = [\n"}, "config.W042", ("portico.toml",)),
    ],
    ids=["nginx", "application", "python", "new application", "new nginx", "no toml"],
)
def test_a_side_that_does_not_start(base: Path, texts: dict[str, str], finding: str, words: tuple[str, ...]) -> None:
    proof = prove(_shop(base / "broken", **texts))
    assert proof.verdict == "could not tell"
    assert proof.findings[0].id == finding
    said = "\n".join((proof.findings[0].cause, *proof.findings[0].evidence))
    assert [word for word in words if word not in said] == [], said
    assert proof.findings[0].fix
    assert _left(base) == []


def test_the_time_is_limited(base: Path) -> None:
    uwsgi = UWSGI.replace("master", "env = WAIT_FOR=/nonexistent\nmaster")
    inputs = _shop(base / "slow", uwsgi=uwsgi)
    proof = prove(ProofInputs(**{**vars(inputs), "timeout_s": 2.5}))
    assert proof.verdict == "could not tell"
    assert _left(base) == []


_SCRIPT = """
import signal, sys
# As a shell starts what goes on in the background: where nobody is left to end them, its children must not ignore it too.
if {background}:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path[:0] = {path!r}
from integration.test_adopt_prove import _shop, UWSGI
from portico.actions.adopt.proof.run import prove
from pathlib import Path
prove(_shop(Path({folder!r}), uwsgi=UWSGI.replace("master", "env = WAIT_FOR=/nonexistent\\nmaster")))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whoever_stops_it_stops_everything(base: Path, number: signal.Signals) -> None:
    tests = str(Path(__file__).parents[1])
    script = _SCRIPT.format(path=[tests], folder=str(base / "stopped"), background=number == signal.SIGKILL)
    running = subprocess.Popen([sys.executable, "-c", script], env=clean_environ(), stderr=subprocess.DEVNULL)
    try:
        until(lambda: [line for line in _left(base) if "uwsgi.ini" in line], 60, "the old uWSGI loads")
        running.send_signal(number)
        assert running.wait(60) != 0
        until(lambda: not [line for line in _left(base) if " " in line], what="its processes end")
    finally:
        running.kill()
        running.wait(20)
    # Of one that was killed nobody is left to remove the folder: the next one does.
    assert (_left(base) == []) == (number != signal.SIGKILL)
    prove(_shop(base / "stopped", toml="listen = [\n"))
    assert _left(base) == []


def test_paths_of_another_machine(base: Path) -> None:
    folder = base / "mapped"
    inputs: Any = _shop(folder)
    nginx = NGINX.replace("{folder}", "/wwwroot/shop")
    uwsgi = UWSGI.replace("{folder}", "/wwwroot/shop")
    proof = prove(_inputs(folder, "shop", PathMap((("/wwwroot/shop", str(folder)),)), nginx=nginx, uwsgi=uwsgi))
    assert inputs.project == folder
    assert _differing(proof) == {}
    assert _one(proof, "the file /static/a.css").old.status == 200


def test_an_ordinary_account_proves_it_too(base: Path) -> None:
    project = ordinary(base / "plain")
    (project.folder / "assets").mkdir()
    (project.folder / "assets" / "a.css").write_text("body { color: red; }\n")
    (project.folder / "site.conf").write_text(NGINX.format(folder=project.folder))
    (project.folder / "uwsgi.ini").write_text(UWSGI.format(folder=project.folder, module="app") + "uid = root\n")
    if ROOT:
        assert isinstance(project, Other)
        project.give(project.folder)
    files = ("--nginx", str(project.folder / "site.conf"), "--uwsgi", str(project.folder / "uwsgi.ini"))
    ran = project.portico(
        "adopt", *files, "--prove", "--request", "/basket", "--json", environ={"TMPDIR": str(project.folder)}
    )
    proof = ran.result["proof"]
    assert proof["verdict"] == "same but for what is meant", [
        (one["path"], one["differences"]) for one in proof["requests"] if one["verdict"] == "different"
    ]
    assert any(one["path"] == "/basket" for one in proof["requests"])
    assert any("`uid` is left out" in line for line in proof["adjusted"])
    assert not (project.folder / "portico.toml").exists()
    assert _left(base) == []
