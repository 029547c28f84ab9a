"""Two answers to one request: what counts as a difference, what Portico means, and what is asked in the first place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.actions.adopt.proof.compare import Ports, compared
from portico.actions.adopt.proof.meant import About
from portico.actions.adopt.proof.new_side import aside, read
from portico.actions.adopt.proof.requests import Site, asks, limit_bytes
from portico.actions.adopt.proof.served import served
from portico.actions.adopt.proof.sides import head
from portico.actions.aside.plan import raw_listens
from portico.actions.aside.raw import Ground
from portico.actions.aside.raw import moved as moved_raw
from portico.hops.nginx.contexts import as_main
from portico.hops.nginx.listens import servers
from portico.hops.nginx.tree import tree
from portico.model.adoption import NO_MAP
from portico.model.proof import SILENCE, Answer, Ask, Compared, Proof
from portico.system import nginx_conf

ABOUT = About(static=("/static/",), media=("/media/",), charset="utf-8", old_limit=1 << 20, new_limit=25 << 20)
PAGE = Ask("a page", "GET", "/")
FILE = Ask("a file", "GET", "/static/a.css", aim="file")


def _answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), body)


def _compared(old: Answer | list[Answer], new: Answer | list[Answer], ask: Ask = PAGE, about: About = ABOUT) -> Compared:
    sides = [side if isinstance(side, list) else [side] for side in (old, new)]
    return compared(ask, sides[0], sides[1], about, Ports({2001: ""}), Ports({3001: ""}), "http")


def _told(old: Answer | list[Answer], new: Answer | list[Answer], ask: Ask = PAGE) -> dict[str, bool]:
    """Each difference, and whether it is meant."""
    return {one.what: one.intended for one in _compared(old, new, ask).differences}


def test_what_passes_is_no_difference() -> None:
    old = _answer(
        body=b"x", date="then", server="nginx/1.22.1", connection="close", transfer_encoding="chunked", etag='W/"a"'
    )
    new = _answer(body=b"x", date="now", server="nginx", content_length="1", etag='"a"')
    assert _compared(old, new).verdict == "same"


def test_a_body_is_compared_as_it_reads() -> None:
    page = b"<p>the same</p>" * 40
    assert _told(_answer(body=page), _answer(body=gzip.compress(page), content_encoding="gzip")) == {
        "content-encoding": True
    }
    assert _told(_answer(body=gzip.compress(page), content_encoding="gzip"), _answer(body=page)) == {
        "content-encoding": False
    }
    assert _told(_answer(body=page), _answer(body=page + b"!")) == {"body": False}
    broken = _answer(body=b"no gzip", content_encoding="gzip")
    assert _compared(broken, broken).verdict == "same"


def test_a_token_that_changes_by_itself_is_learnt_from_asking_again() -> None:
    form = "<input value='{}'><p>{}</p>"
    old = [_answer(body=form.format(token, "hello").encode()) for token in ("abc123", "def456")]
    assert _compared(old, [_answer(body=form.format("xyz", "hello").encode())]).verdict == "same"
    assert _told(old, [_answer(body=form.format("xyz", "goodbye").encode())]) == {"body": False}
    assert _told(old[:1], [_answer(body=form.format("xyz", "hello").encode())]) == {"body": False}


def test_a_body_of_ever_another_shape_says_nothing() -> None:
    old = [_answer(body=b"one"), _answer(body=b"one, two")]
    found = _compared(old, [_answer(body=b"three! four!")])
    assert [(one.what, one.intended) for one in found.differences] == [("body", True)]
    assert "itself" not in found.differences[0].old
    assert "one answer to the next" in found.differences[0].why


def test_cookies_are_compared_by_name_and_attributes_only() -> None:
    old = _answer(set_cookie="csrftoken=AAA; expires=Mon; Path=/; SameSite=Lax")
    assert _compared(old, _answer(set_cookie="csrftoken=BBB; expires=Tue; SameSite=Lax; Path=/")).verdict == "same"
    found = _compared(old, _answer(set_cookie="csrftoken=BBB; expires=Tue; Path=/"))
    assert found.verdict == "different"
    assert "AAA" not in json.dumps(found.data())
    assert "BBB" not in json.dumps(found.data())


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("http://localhost:2001/static/", "http://localhost:3001/static/", "same"),
        ("http://localhost/static/", "/static/", "same"),
        ("http://localhost/static/", "https://localhost/static/", "different"),
        ("/a", "/b", "different"),
    ],
)
def test_a_redirect_is_where_it_leads(old: str, new: str, verdict: str) -> None:
    assert _compared(_answer(301, location=old), _answer(301, location=new)).verdict == verdict


def test_a_relative_redirect_leads_to_the_port_that_clients_see() -> None:
    old, new = _answer(301, location="http://localhost:2001/static/"), _answer(301, location="/static/")
    found = compared(PAGE, [old], [new], ABOUT, Ports({2001: ":8080"}, ":8080"), Ports({3001: ":8080"}, ":8080"), "http")
    assert found.verdict == "same"


def test_ports_in_a_page_are_those_of_the_old_site() -> None:
    old, new = (_answer(body=b"<a href='http://localhost:%d/x'>" % port) for port in (2001, 3001))
    assert _compared(old, new).verdict == "same"
    assert _compared(old, _answer(body=b"<a href='http://localhost:30011/x'>")).verdict == "different"


def test_the_page_of_another_nginx_is_the_same_page() -> None:
    page = b"<html><hr><center>%s</center></html>"
    assert _compared(_answer(404, page % b"nginx/1.22.1 (Ubuntu)"), _answer(404, page % b"nginx")).verdict == "same"


MEANT = [
    (FILE, _answer(), _answer(cache_control="public, max-age=60"), {"cache-control": True}),
    (PAGE, _answer(), _answer(cache_control="public, max-age=60"), {"cache-control": False}),
    (FILE, _answer(cache_control="max-age=9"), _answer(cache_control="public, max-age=60"), {"cache-control": False}),
    (FILE, _answer(cache_control="max-age=9"), _answer(cache_control="public, max-age=9"), {"cache-control": True}),
    (FILE, _answer(cache_control="a"), _answer(cache_control="public, max-age=9, immutable"), {"cache-control": True}),
    (FILE, _answer(expires="then"), _answer(), {"expires": True}),
    (PAGE, _answer(expires="then"), _answer(), {"expires": False}),
    (PAGE, _answer(body=gzip.compress(b"a"), content_encoding="gzip"), _answer(body=b"a"), {"content-encoding": True}),
    (PAGE, _answer(), _answer(x_request_id="a"), {"x-request-id": True}),
    (PAGE, _answer(x_request_id="a"), _answer(), {"x-request-id": False}),
    (PAGE, _answer(vary="Cookie"), _answer(vary="Accept-Encoding, Cookie"), {"vary": True}),
    (PAGE, _answer(vary="Cookie"), _answer(vary="Accept-Encoding"), {"vary": False}),
    (Ask("m", "GET", "/media/a", aim="file"), _answer(), _answer(x_content_type_options="nosniff"), None),
    (FILE, _answer(), _answer(x_content_type_options="nosniff"), {"x-content-type-options": False}),
    (FILE, _answer(content_type="text/css"), _answer(content_type="text/css; charset=utf-8"), {"content-type": True}),
    (FILE, _answer(content_type="application/javascript"), _answer(content_type="text/javascript"), {"content-type": True}),
    (FILE, _answer(content_type="text/plain"), _answer(content_type="text/css"), {"content-type": False}),
    (FILE, _answer(etag='"a"'), _answer(etag='"b"'), {"etag": True}),
    (PAGE, _answer(etag='"a"'), _answer(etag='"b"'), {"etag": False}),
    (PAGE, _answer(x_frame_options="DENY"), _answer(), {"x-frame-options": False}),
]


@pytest.mark.parametrize(("ask", "old", "new", "told"), MEANT)
def test_headers_that_are_meant_and_those_that_are_not(
    ask: Ask, old: Answer, new: Answer, told: dict[str, bool] | None
) -> None:
    assert _told(old, new, ask) == (told or {"x-content-type-options": True})


LARGE = Ask("large", "POST", "/x/", body_bytes=2 << 20, aim="limit")
COOKIE = Ask("cookie", "GET", "/", cookie_bytes=7900, aim="limit")
STATUSES = [
    (LARGE, 413, 404, True),
    (LARGE, 404, 413, False),
    (LARGE, 502, 413, False),
    (LARGE, 502, 404, True),
    (COOKIE, 502, 200, True),
    (COOKIE, 200, 400, False),
    (PAGE, 502, 200, False),
    (PAGE, 200, 404, False),
    (PAGE, 500, 200, False),
    (Ask("hidden", "GET", "/static/.git/config", aim="file"), 200, 404, True),
    (FILE, 200, 404, False),
    (Ask("up", "GET", "/static../settings.py", aim="folder"), 200, 404, True),
    (Ask("up", "GET", "/static../settings.py", aim="folder"), 404, 200, True),
    (Ask("folder", "GET", "/static", aim="folder"), 301, 404, True),
    (Ask("folder", "GET", "/static/", aim="folder"), 403, 200, False),
]


@pytest.mark.parametrize(("ask", "old", "new", "meant"), STATUSES)
def test_statuses_that_are_meant_and_those_that_are_not(ask: Ask, old: int, new: int, meant: bool) -> None:
    found = _compared(_answer(old, b"a"), _answer(new, b"b"), ask).differences
    assert [(one.what, one.intended) for one in found] == [("status", meant)], (
        "what follows from a status is not told besides"
    )
    assert found[0].why or not meant


def test_no_answer_is_an_answer_too() -> None:
    gone = Answer(0, error="the connection was closed without an answer")
    assert _compared(gone, gone).verdict == "same"
    assert _told(_answer(), gone) == {"status": False}


def test_an_old_answer_that_breaks_off_over_an_unread_body_is_meant() -> None:
    broken = Answer(200, (), b"", "the answer broke off after 0 bytes: IncompleteRead")
    assert _told(broken, _answer(200, b"fine"), LARGE) == {"body": True}
    assert _told(broken, _answer(200, b"fine")) == {"body": False}
    assert _told(_answer(200), _answer(200, b"fine"), LARGE) == {"body": False}


def test_silence_on_both_sides_proves_nothing() -> None:
    silence = Answer(0, error=SILENCE)
    assert _compared(silence, silence).verdict == "could not tell"
    assert _compared(_answer(), silence).verdict == "different"
    assert Proof(requests=(_compared(silence, silence),)).verdict == "could not tell"


def test_an_answer_that_was_lost_once_is_not_missed() -> None:
    lost, told = Answer(0, error="Connection reset by peer"), _answer(414, b"too long")
    assert _compared([told, told], [lost, told]).verdict == "same"
    assert _compared([lost, told], [told, told]).new.status == 414
    assert _told([told, told], [lost, lost]) == {"status": False}


def test_the_verdict_over_all_requests() -> None:
    same, meant = _compared(_answer(), _answer()), _compared(_answer(), _answer(x_request_id="a"))
    wrong = _compared(_answer(), _answer(404))
    assert Proof().verdict == "could not tell"
    assert Proof(requests=(same,)).verdict == "same"
    assert Proof(requests=(same, meant)).verdict == "same but for what is meant"
    assert Proof(requests=(same, meant, wrong)).verdict == "different"
    assert Proof(requests=(same,), failed=True).verdict == "could not tell"
    assert Proof(requests=(wrong,), failed=True).verdict == "different"


_TEXTS = st.text(alphabet="ab <>=.1", max_size=12)
_ANSWERS = st.builds(
    lambda status, body, name, value: Answer(status, ((name, value),), body.encode()),
    st.sampled_from([0, 200, 301, 404, 500]),
    _TEXTS,
    st.sampled_from(["location", "set-cookie", "vary", "etag", "content-type", "content-encoding", "x-a"]),
    _TEXTS,
)


@settings(max_examples=150, deadline=None)
@given(_ANSWERS, _ANSWERS, st.lists(_ANSWERS, max_size=2))
def test_any_two_answers_can_be_compared(old: Answer, new: Answer, more: list[Answer]) -> None:
    assert _compared(old, old).verdict == "same"
    found = _compared([old, *more], [new, *more])
    assert json.loads(json.dumps(found.data()))["verdict"] == found.verdict


SITE = """
http {
    server {
        listen 80;
        server_name shop.example *.shop.example www.shop.example;
        client_max_body_size 3k;
        location /static { alias %(folder)s/assets; }
        location /chat/ { proxy_pass http://127.0.0.1:3000; }
        location ~ \\.php$ { return 403; }
        location = /health { return 200; }
        location = /robots.txt { alias %(folder)s/manage.py; }
        location /kept/ { internal; alias /srv/kept/; }
        location / { uwsgi_pass 127.0.0.1:9090; }
    }
}
"""


def _site(tmp_path: Path, text: str = SITE) -> Site:
    (tmp_path / "assets" / "css").mkdir(parents=True)
    (tmp_path / "assets" / "css" / "a b.css").write_text("a")
    (tmp_path / "assets" / "large.bin").write_bytes(b"x")
    (tmp_path / "assets" / ".secret").write_text("s")
    (tmp_path / "manage.py").write_text("m")
    conf = tmp_path / "nginx.conf"
    conf.write_text(text % {"folder": tmp_path})
    root, _ = tree(nginx_conf.read(conf), str(conf))
    assert root is not None
    whole = as_main(root)
    server = servers(whole)[0]
    return Site(whole, server, served(whole, server, NO_MAP), (), ("/chat/",), ("basket", "/x?y=1"))


def test_what_is_asked_comes_from_the_files_and_the_disk(tmp_path: Path) -> None:
    every = asks(_site(tmp_path))
    paths = {(one.method, one.path) for one in every}
    assert {
        *(("GET", "/static/css/a%20b.css"), ("HEAD", "/static/css/a%20b.css"), ("GET", "/static/.secret")),
        *(("GET", "/static"), ("GET", "/static/"), ("GET", "/static../manage.py"), ("GET", "/static/../manage.py")),
        *(
            ("GET", "/health"),
            ("HEAD", "/robots.txt"),
            ("GET", "/kept/"),
            ("GET", "/basket"),
            ("GET", "/x?y=1"),
            ("OPTIONS", "/"),
        ),
    } <= paths
    assert not any(path.startswith("/chat") for _, path in paths)
    assert {one.host for one in every} == {"shop.example", "www.shop.example", "nobody.portico.invalid", ""}
    assert {one.body_bytes for one in every if one.method == "POST"} == {3072, 3073}


def test_only_what_changes_nothing_is_asked(tmp_path: Path) -> None:
    for one in asks(_site(tmp_path)):
        assert one.method in ("GET", "HEAD", "OPTIONS") or (one.method == "POST" and "portico-proof-of-nothing" in one.path)


@pytest.mark.parametrize(("text", "limit"), [("3k", 3072), ("0", 0), ("1M", 1 << 20), ("nonsense", 1 << 20)])
def test_the_limit_of_a_body(tmp_path: Path, text: str, limit: int) -> None:
    assert limit_bytes(_site(tmp_path, SITE.replace("3k", text))) == limit


def test_files_by_a_regular_expression(tmp_path: Path) -> None:
    text = "server { listen 80; root %(folder)s/assets; location ~* \\.css$ { expires 1d; } location / { uwsgi_pass x:1; } }"
    assert [one.file for one in _site(tmp_path, text).served] == ["/css/a%20b.css"]


def test_a_request_as_it_goes_over_the_wire() -> None:
    sent = head(Ask("x", "POST", "/p", "h", version="1.0", body_bytes=3, cookie_bytes=2, conditional=True), "then").decode()
    lines = sent.split("\r\n")
    assert lines[0] == "POST /p HTTP/1.0"
    assert {"Host: h", "Cookie: portico=xx", "If-Modified-Since: then", "Content-Length: 3"} <= set(lines)
    assert "Host" not in head(Ask("x", "GET", "/", ""), "").decode()
    assert sent.endswith("\r\n\r\n")


def test_the_new_stack_aside_touches_nothing_of_a_running_one() -> None:
    text = """
listen = "0.0.0.0:80"
servers = ["10.0.0.2:9090"]
state_dir = "/var/lib/shop"
[nginx]
access_log = "/var/log/nginx/shop.log"
extra_http = ["server {", "    listen 80;", "    listen [::]:80;", "    deny all;", "}", "server {", "    listen *:80;", "}"]
extra_server = ["listen 443 ssl http2;", "listen [::]:443 ssl ipv6only=on;", "limit_req zone=a;", "gzip on;"]
[uwsgi]
address = "127.0.0.1:9090"
log = "/var/log/uwsgi/shop.log"
processes = 3
[release]
hooks = ["manage.py migrate"]
"""
    config = read(text)
    assert raw_listens(config) == {"80": False, "443": True}
    moved = aside(config, 4711, Ground("/tmp/x", {"443": 4712, "80": 4713}))
    assert moved.listen == "127.0.0.1:4711"
    assert (moved.servers, moved.state_dir, moved.uwsgi.address, moved.uwsgi.log) == (None, None, None, None)
    assert (moved.nginx.access_log, moved.release.hooks) == (None, None)
    assert moved.nginx.extra_server == ("listen 127.0.0.1:4712 ssl;", "gzip on;")
    listen = "    listen 127.0.0.1:4713;"
    assert moved.nginx.extra_http == ("server {", listen, "    deny all;", "}", "server {", listen, "}")
    assert moved.uwsgi.processes == 3


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        ("access_log /var/log/a.log main buffer=32k;", "access_log /tmp/x/raw.log main;"),
        ("access_log off;", "access_log off;"),
        ("    error_log /var/log/b.log;", "    error_log /tmp/x/raw.log;"),
        (
            "uwsgi_cache_path /var/cache/a levels=1:2 keys_zone=a:1m;",
            "uwsgi_cache_path /tmp/x/cache-0 levels=1:2 keys_zone=a:1m;",
        ),
        ("http2 on;", None),
        ("ssl_certificate /a.pem;", "ssl_certificate /a.pem;"),
        ("ssl_stapling on;", None),
        ("proxy_set_header X-Log access_log;", "proxy_set_header X-Log access_log;"),
    ],
)
def test_raw_lines_write_nowhere_else(line: str, moved: str | None) -> None:
    assert moved_raw([line], Ground("/tmp/x")) == ((moved,) if moved else ())


def test_raw_lines_without_a_certificate() -> None:
    lines = ["listen 443 ssl;", "ssl_certificate /nowhere;", "return 404;"]
    assert moved_raw(lines, Ground("/x", {"443": 9}, plain=True)) == ("listen 127.0.0.1:9;", "return 404;")
