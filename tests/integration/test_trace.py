"""`portico trace` on a real stack: what it says is what happened, and a traced response is the response."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from support.stack import Answer, Project, clean_environ, remove
from support.syscalls import STRACE, Capture, watching
from support.traced_site import traced_site

#: They differ from one request to the next, traced or not.
ALWAYS_NEW = ("date", "x-request-id")


@pytest.fixture(scope="module")
def site() -> Iterator[Project]:
    base = Path(tempfile.mkdtemp(prefix="ptest-", dir="/tmp"))
    base.chmod(0o755)
    project = traced_site(base / "site")
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=project.folder, check=True, env=clean_environ())
    try:
        assert project.up().code == 0
        yield project
    finally:
        remove(project)
        shutil.rmtree(base, ignore_errors=True)


def trace(site: Project, *arguments: str, code: int = 0) -> dict[str, Any]:
    ran = site.portico("trace", "--json", *arguments)
    assert ran.code == code, ran.out + ran.err
    return ran.result


def hop(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in result["hops"] if one["hop"] == name)


def names(result: dict[str, Any]) -> list[str]:
    return [one["hop"] for one in result["hops"]]


def test_a_view_hop_by_hop(site: Project) -> None:
    result = trace(site, "/hello/?q=1")
    assert names(result) == ["client", "nginx", "uwsgi", "wsgi", "django"]
    assert result["status"] == 200
    assert result["died_at"] is None
    assert result["server_timing"] == [{"name": "db", "duration_ms": 1.5, "description": "the users"}]
    client, nginx, uwsgi, wsgi, django = result["hops"]
    for outer, inner in pairwise(result["hops"]):
        assert outer["started_us"] <= inner["started_us"]
    for outer, inner in ((uwsgi, wsgi), (wsgi, django)):
        assert inner["started_us"] + inner["duration_us"] <= outer["started_us"] + outer["duration_us"]
    assert nginx["location"]["match"] == "/"
    assert nginx["out"]["compressed"]["encoding"] == "gzip"
    assert client["out"]["body_bytes"] < uwsgi["out"]["body_bytes"] == wsgi["out"]["bytes"]
    assert uwsgi["vars"]["QUERY_STRING"] == "q=1"
    assert uwsgi["vars_from"]["REQUEST_METHOD"]["by"] == "uwsgi_params"
    assert uwsgi["vars_from"]["HTTP_USER_AGENT"]["by"] == "client"
    assert uwsgi["worker"] in (1, 2)
    assert "wsgi.url_scheme" in wsgi["in"]["added"]
    assert django["match"]["view"] == "mysite.urls.hello"
    assert len(django["sql"]) == 3
    assert all("auth_user" in row["statement"] and row["duration_us"] >= 0 for row in django["sql"])
    assert [one["name"] for one in django["middleware"]][:2] == [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
    ]


def test_a_static_file(site: Project) -> None:
    result = trace(site, "/static/site.css")
    assert names(result) == ["client", "nginx"]
    static = hop(result, "nginx")["static"]
    assert static["exists"]
    assert (static["prefix"], static["rest"], static["bytes"]) == ("/static/", "site.css", 1100)
    assert static["alias"] + static["rest"] == static["file"]
    assert ["Cache-Control", "public, max-age=3600"] in static["cache"] or static["cache"]


@pytest.mark.parametrize(
    ("arguments", "died_at", "words"),
    [
        (("/boom/",), "django", ("ValueError", "in boom")),
        (("/broken/",), "wsgi", ("ValueError: no second part, in parts", "the answer ends there")),
        (("/static/none.css",), "nginx", ("there is no file", "none.css")),
        (("/none/",), None, ()),
    ],
)
def test_where_it_died(site: Project, arguments: tuple[str, ...], died_at: str | None, words: tuple[str, ...]) -> None:
    result = trace(site, *arguments, code=1 if died_at else 0)
    assert result["died_at"] == died_at
    assert all(word in result["died"] for word in words)


def test_an_async_view_and_a_stream(site: Project) -> None:
    later = hop(trace(site, "/later/"), "django")
    assert later["view"]["async"]
    assert [row["statement"].split()[0] for row in later["sql"]] == ["SELECT"]
    chunks = hop(trace(site, "/stream/"), "wsgi")["out"]
    assert [chunk["bytes"] for chunk in chunks["chunks"]] == [1000] * 5


def test_a_worker_that_is_busy_after_its_answer_is_waited_for(site: Project) -> None:
    result = trace(site, "/linger/")
    wsgi = hop(result, "wsgi")
    assert "unfinished" not in wsgi
    assert wsgi["duration_us"] >= 2_500_000
    assert hop(result, "uwsgi")["duration_us"] >= wsgi["duration_us"]


REQUESTS: dict[str, tuple[str, ...]] = {
    "get": ("/hello/",),
    "post": ("/echo/", "-d", "a=1&b=2"),
    "chunked": ("/echo/", "-H", "Transfer-Encoding: chunked", "-d", "x" * 5000),
    "large": ("/echo/", "-d", "y" * 100_000),
    "upload": ("/upload/", "-H", "Content-Type: multipart/form-data; boundary=B", "-d", "@{upload}"),
    "stream": ("/stream/",),
    "not modified": ("/tagged/", "-H", 'If-None-Match: "one"'),
    "redirect": ("/move/",),
    "failure": ("/boom/",),
    "head": ("/hello/", "-X", "HEAD"),
    "static": ("/static/site.css", "-H", "Accept-Encoding: identity"),
}


@pytest.fixture(scope="module")
def watched(site: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Capture, Capture]]:
    """nginx's workers and uWSGI's, seen by the kernel."""
    if STRACE is None or os.geteuid() != 0:
        pytest.skip("needs strace and root")
    folder = tmp_path_factory.mktemp("strace")
    hops = {one["hop"]: one for one in site.status().result["hops"]}
    nginx = _children(hops["nginx"]["pid"])
    uwsgi = _children(hops["uwsgi"]["pid"])
    with watching(nginx, folder / "nginx") as front, watching(uwsgi, folder / "uwsgi") as back:
        yield front, back


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("case", REQUESTS)
def test_it_is_what_the_kernel_saw(case: str, site: Project, watched: tuple[Capture, Capture], tmp_path: Path) -> None:
    front, back = watched
    front.forget()
    back.forget()
    upload = tmp_path / "upload"
    form = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n%s\r\n--B--\r\n'
    upload.write_bytes(form % (b"z" * 9000))
    arguments = [text.format(upload=upload) for text in REQUESTS[case]]
    result = trace(site, "--reveal", *arguments, code=1 if case == "failure" else 0)
    client, nginx = hop(result, "client"), hop(result, "nginx")
    front.read()
    head = "\r\n".join([nginx["in"]["request_line"], *(f"{n}: {v}" for n, v in client["in"]["headers"]), "", ""]).encode()
    assert head in front.came
    answer = front.went[front.went.index(b"HTTP/1.1 ") :]
    status_line, _, rest = answer.partition(b"\r\n")
    assert int(status_line.split()[1]) == result["status"] == nginx["out"]["status"]
    sent = rest.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    assert sent == [f"{name}: {value}" for name, value in nginx["out"]["headers"]]
    if case == "static":
        assert names(result) == ["client", "nginx"]
        assert front.sent_files + len(rest.partition(b"\r\n\r\n")[2]) >= client["out"]["body_bytes"] == 1100
        return
    back.read()
    uwsgi, wsgi = hop(result, "uwsgi"), hop(result, "wsgi")
    packet = bytes.fromhex(uwsgi["in"]["packet_hex"])
    assert packet in front.went
    assert packet[4:] in back.came, "uWSGI got the same variables, and one more"
    assert uwsgi["in"]["size"] == len(packet) - 4
    for name, value in uwsgi["vars"].items():
        assert name.encode() + len(value).to_bytes(2, "little") + value.encode() in packet
    start = back.went.index(b"HTTP/1.1 ")
    length = uwsgi["out"]["head_bytes"] + uwsgi["out"]["body_bytes"]
    told = back.went[start : start + length]
    lines = told[: uwsgi["out"]["head_bytes"]].decode("latin-1").split("\r\n")
    assert lines[0].startswith(f"HTTP/1.1 {uwsgi['out']['status']} ")
    assert lines[1:-2] == [f"{name}: {value}" for name, value in wsgi["out"]["headers"]]
    at = uwsgi["out"]["head_bytes"]
    for chunk in wsgi["out"]["chunks"]:
        # nginx reads as they come, and other things in between.
        assert told[at : at + min(chunk["bytes"], 4096)] in front.came
        at += chunk["bytes"]
    assert at == length


def _bare(answer: Answer) -> tuple[int, dict[str, str], str]:
    headers = {name: value for name, value in answer.headers.items() if name not in ALWAYS_NEW}
    return answer.status, headers, hashlib.sha256(answer.body).hexdigest()


@pytest.mark.parametrize("path", ["/hello/", "/stream/", "/move/", "/boom/", "/none/", "/static/site.css", "/later/"])
def test_the_response_is_the_same_as_without(site: Project, path: str) -> None:
    out = hop(site.portico("trace", "--json", "--reveal", path).result, "client")["out"]
    plain = site.get(path, Connection="close", Accept_Encoding="gzip", Accept="*/*")
    headers = {name.lower(): value for name, value in out["headers"] if name.lower() not in ALWAYS_NEW}
    assert (out["status"], headers, out["body_sha256"]) == _bare(plain)


def test_a_wrong_or_leaked_token_is_an_ordinary_request(site: Project) -> None:
    token = "0" * 32 + "-" + "1" * 32
    assert json.loads(site.get("/seen/", X_Portico_Trace_Token=token).body) == {}
    assert json.loads(site.get("/seen/", Portico_Trace="1" * 32, X_Portico_Trace="1" * 32).body).keys() <= {
        "HTTP_PORTICO_TRACE",
        "HTTP_X_PORTICO_TRACE",
    }
    result = trace(site, "/seen/", "--reveal")
    assert json.loads(hop(result, "client")["out"]["body"]).keys() == {"HTTP_TRACEPARENT"}
    real = next(value for name, value in hop(result, "client")["in"]["headers"] if name == "X-Portico-Trace-Token")
    assert real not in json.dumps(trace(site, "/seen/"))
    logs = [path.read_text(errors="replace") for path in (site.folder / ".portico" / "log").resolve().iterdir()]
    assert not any(real.partition("-")[0] in text for text in logs)


def test_nobody_else_may_read_the_token(site: Project) -> None:
    run = Path(site.hop("uwsgi")["sockets"][0]).parent.parent
    assert (run / "trace.conf").stat().st_mode & 0o777 == 0o600
    assert not list((run / "app").glob("t*-*.sock")), "a trace leaves no socket behind"


def test_secrets_are_masked_unless_asked_for(site: Project) -> None:
    arguments = ("/echo/?token=qwertyuiop1", "-H", "Cookie: a=cookievalue1", "-H", "Authorization: Bearer abcdefghijk1")
    shown = json.dumps(trace(site, *arguments, "-d", "password=bodyvalue1"))
    hidden = ("qwertyuiop1", "cookievalue1", "abcdefghijk1", "bodyvalue1")
    assert [word for word in hidden if word in shown or word.encode().hex() in shown] == []
    told = json.dumps(trace(site, *arguments, "-d", "password=bodyvalue1", "--reveal"))
    assert [word for word in hidden if word not in told] == []


def test_traces_at_the_same_time_do_not_mix(site: Project) -> None:
    with ThreadPoolExecutor(4) as pool:
        slow = [pool.submit(trace, site, f"/slow/?s=0.{number}") for number in (3, 4)]
        quick = [pool.submit(trace, site, "/hello/") for _ in range(2)]
        results = [future.result() for future in (*slow, *quick)]
    for number, result in zip((3, 4), results[:2], strict=True):
        assert hop(result, "uwsgi")["vars"]["QUERY_STRING"] == f"s=0.{number}"
        assert hop(result, "django")["match"]["view"] == "mysite.urls.slow"
        assert hop(result, "django")["sql"] == []
    assert [len(hop(result, "django")["sql"]) for result in results[2:]] == [3, 3]
    assert len({result["request_id"] for result in results}) == 4


def test_the_trace_of_the_client_is_continued(site: Project) -> None:
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    result = trace(site, "/hello/", "-H", f"traceparent: {given}")
    assert result["traceparent"]["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert result["traceparent"]["parent_id"] == "b7ad6b7169203331"
    sent = hop(result, "uwsgi")["vars"]["HTTP_TRACEPARENT"]
    assert sent == f"00-0af7651916cd43dd8448eb211c80319c-{result['traceparent']['span_id']}-01"


@pytest.mark.parametrize(
    "arguments",
    [("ftp://x/",), ("/", "-H", "no colon"), ("/", "-X", "GE T"), ("/", "--last"), ("/", "-d", "@/no/such/file")],
)
def test_what_is_no_request_is_said_so(site: Project, arguments: tuple[str, ...]) -> None:
    ran = site.portico("trace", *arguments)
    assert ran.code == 2, ran.out + ran.err


def test_without_nginx_and_without_django(hello: Project) -> None:
    assert hello.up("hello.py", "--front", "none").code == 0
    result = trace(hello, "/?q=1", "--reveal")
    assert names(result) == ["client", "uwsgi", "wsgi"]
    assert hop(result, "uwsgi")["vars"]["QUERY_STRING"] == "q=1"
    assert hop(result, "uwsgi")["worker"] >= 1
    assert not any("TRACE_TOKEN" in name for name in hop(result, "wsgi")["in"]["environ"])
    died = trace(hello, "/boom", code=1)
    assert died["died_at"] == "wsgi"
    assert "boom" in died["died"]
    assert hello.get("/", X_Portico_Trace_Token="1" * 32).status == 200


def test_a_dead_uwsgi_is_where_it_died(hello: Project) -> None:
    assert hello.up("hello.py").code == 0
    links = [path for path in Path(hello.hop("uwsgi")["sockets"][0]).parent.iterdir() if path.is_symlink()]
    targets = [link.readlink() for link in links]
    for link in links:
        link.unlink()
    try:
        died = trace(hello, "/", code=1)
    finally:
        for link, target in zip(links, targets, strict=True):
            link.symlink_to(target)
    assert (died["status"], died["died_at"]) == (502, "uwsgi")
    assert "nothing accepts connections" in died["died"]
    assert names(died) == ["client", "nginx", "uwsgi"]
    hello.portico("down")
    gone = hello.portico("trace", "/", "--json")
    assert (gone.code, gone.ids) == (2, ["system.E024"])


def test_the_page_and_the_spans_are_files_of_the_owner(site: Project, tmp_path: Path) -> None:
    page, spans = tmp_path / "trace.html", tmp_path / "spans.json"
    ran = site.portico("trace", "/hello/", "--html", str(page), "--otlp", str(spans))
    assert ran.code == 0
    assert "mysite.urls.hello" in ran.out
    assert "<title>" in page.read_text()
    exported = json.loads(spans.read_text())
    assert {span["traceId"] for part in exported["resourceSpans"] for scope in part["scopeSpans"] for span in scope["spans"]}
    assert page.stat().st_mode & 0o777 == spans.stat().st_mode & 0o777 == 0o600
