"""Static and media files through a real nginx, from folders and under URLs with every awkward character."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from nginx_lab import FILE_ID, Application, Server, make_server_plan, stack

from portico.model.plan import NginxBinary
from portico.model.site import StaticMap

AWKWARD = 'a$b${uri}${1;{ "c" \'é%[x]*?\\n #'
STYLE = b"body { color: #333; }\n" * 100
FRESH = "public, max-age=3600"
FOREVER = "public, max-age=31536000, immutable"


def fill(folder: Path) -> None:
    content = {
        "site.css": STYLE,
        "site.0123456789ab.css": STYLE,
        "LICENSE.0123456789ab": b"free",
        "site.0123456789AB.css": b"not Django's",
        'deep/er/a $b;{ "c" é%.js': b"1;",
        ".env": b"SECRET_KEY=1",
        ".git/config": b"[core]",
        "deep/.hidden/file.css": b"hidden",
        "deep/..almost": b"hidden, too",
        "upload.html": b"<script>1</script>",
        "plain.css": b"plain",
        "plain.css.gz": gzip.compress(b"from the .gz beside it"),
    }
    for name, data in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "link.css").symlink_to("plain.css")


@pytest.fixture
def site(nginx: NginxBinary, base: Path) -> Iterator[tuple[Server, Application]]:
    """Everything lies in a folder with an awkward name; logs and state in one without `$`, which access_log cannot have."""
    state = str(base / AWKWARD.replace("$", ""))
    static, media, hidden = (base / AWKWARD / name for name in ("static", "media", "hidden"))
    for folder in (static, media, hidden):
        fill(folder)
    plan = make_server_plan(
        base,
        nginx,
        site={
            "maps": (
                StaticMap("/static/", f"{static}/", "static", hashed=True),
                StaticMap("/plain/", str(static), "static"),
                StaticMap("/media/", str(media), "media"),
                StaticMap("/my%20files (1)+[é]/100%25/", str(static), "static"),
                StaticMap("/.well-hidden/", str(hidden), "static"),
                StaticMap("/app/", str(static), "static", served_by="uwsgi"),
            )
        },
        paths={
            "state": state,
            "conf": f"{state}/conf",
            "log": f"{state}/log",
            "tmp": f"{state}/tmp",
            "static": str(static),
        },
    )
    with stack(plan) as pair:
        yield pair


@pytest.fixture
def server(site: tuple[Server, Application]) -> Server:
    return site[0]


def test_a_file(server: Server) -> None:
    answer = server.ask("/static/site.css")
    assert (answer.status, answer.body) == (200, STYLE)
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert answer["Content-Length"] == str(len(STYLE))
    assert answer["Cache-Control"] == FRESH
    assert answer["ETag"]
    assert answer["Last-Modified"]
    assert answer["X-Content-Type-Options"] is None
    assert answer["Server"] == "nginx"
    assert FILE_ID.fullmatch(answer["X-Request-ID"] or "")


def test_only_a_hashed_name_is_cached_for_ever(server: Server) -> None:
    cached = {
        "/static/site.0123456789ab.css": FOREVER,
        "/static/LICENSE.0123456789ab": FOREVER,
        "/static/site.0123456789AB.css": FRESH,
        "/plain/site.0123456789ab.css": FRESH,
        "/media/site.0123456789ab.css": FRESH,
    }
    assert {target: server.ask(target)["Cache-Control"] for target in cached} == cached


def test_awkward_urls_and_names(server: Server) -> None:
    name = quote('deep/er/a $b;{ "c" é%.js')
    for prefix in ("/static/", "/my%20files%20(1)%2B%5B%C3%A9%5D/100%25/", "/my%20files%20(1)+[%c3%a9]/100%25/"):
        answer = server.ask(prefix + name)
        assert (answer.status, answer.body) == (200, b"1;"), prefix
        assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert server.ask("/my%20files%20(1)+[%c3%a9]/100%25/.env").status == 404


def test_uploads_are_not_sniffed(server: Server) -> None:
    answer = server.ask("/media/upload.html")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == FRESH


def test_hidden_files_do_not_exist(server: Server) -> None:
    hidden = [
        "/static/.env",
        "/static/%2eenv",
        "/static/.git/config",
        "/static/.git/",
        "/media/deep/.hidden/file.css",
        "/media/deep/..almost",
        "/.well-hidden/.env",
        "/.well-hidden/deep/.hidden/file.css",
    ]
    missing = server.ask("/static/missing.css")
    for target in hidden:
        answer = server.ask(target)
        assert (answer.status, answer.body) == (404, missing.body), target
        assert answer["Cache-Control"] is None


def test_a_prefix_may_itself_begin_with_a_dot(server: Server) -> None:
    assert server.ask("/.well-hidden/plain.css").body == b"plain"


def test_a_missing_file_is_a_plain_404_of_nginx(site: tuple[Server, Application]) -> None:
    server, app = site
    answer = server.ask("/static/missing.css")
    assert answer.status == 404
    assert b"<hr><center>nginx</center>" in answer.body
    assert answer["Cache-Control"] is None
    assert FILE_ID.fullmatch(answer["X-Request-ID"] or "")
    assert app.requests == []


def test_everything_else_goes_to_the_application(site: tuple[Server, Application]) -> None:
    server, app = site
    targets = ["/static", "/static../site.css", "/staticfile", "/favicon.ico", "/robots.txt", "/app/x.css", "/"]
    for target in targets:
        assert server.ask(target).body == b"<p>from the application</p>"
    assert [request.variables["PATH_INFO"] for request in app.requests] == targets


def test_no_way_out_of_the_folder(server: Server) -> None:
    answers = [server.ask(target) for target in ("/static/../media/upload.html", "/static/%2e%2e/%2e%2e/etc/passwd")]
    assert [answer.status for answer in answers] == [200, 400]
    assert answers[0]["X-Content-Type-Options"] == "nosniff", "resolved to /media/ first"


def test_head(server: Server) -> None:
    answer = server.ask("/static/site.css", "HEAD")
    assert (answer.status, answer.body, answer["Content-Length"]) == (200, b"", str(len(STYLE)))


def test_a_range(server: Server) -> None:
    answer = server.ask("/static/site.css", headers=[("Range", "bytes=0-3")])
    assert (answer.status, answer.body) == (206, b"body")
    assert answer["Content-Range"] == f"bytes 0-3/{len(STYLE)}"


def test_not_modified(server: Server) -> None:
    tag = server.ask("/static/site.css")["ETag"] or ""
    answer = server.ask("/static/site.css", headers=[("If-None-Match", tag)])
    assert (answer.status, answer.body) == (304, b"")
    assert answer["Cache-Control"] == FRESH


def test_writing_is_refused(server: Server) -> None:
    assert server.ask("/static/site.css", "POST", body=b"x").status == 405


def test_compressed_on_the_way(server: Server) -> None:
    answer = server.ask("/static/site.css", headers=[("Accept-Encoding", "gzip"), ("Via", "1.1 proxy")])
    assert answer["Content-Encoding"] == "gzip"
    assert answer["Vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.body) == STYLE


def test_compressed_beforehand(server: Server, nginx: NginxBinary) -> None:
    beside = "http_gzip_static" in nginx.modules
    accept = [("Accept-Encoding", "gzip")]
    static, media = server.ask("/static/plain.css", headers=accept), server.ask("/media/plain.css", headers=accept)
    assert (gzip.decompress(static.body) if beside else static.body) == (b"from the .gz beside it" if beside else b"plain")
    assert static["Content-Type"] == "text/css; charset=utf-8"
    assert media.body == b"plain", "a .gz beside an upload is another upload"


def test_links_are_followed(server: Server) -> None:
    assert server.ask("/static/link.css").body == b"plain"


def test_a_folder_is_not_listed_and_its_redirect_is_relative(server: Server) -> None:
    assert server.ask("/static/").status == 403
    answer = server.ask("/static/deep")
    assert (answer.status, answer["Location"]) == (301, "/static/deep/")


def test_types(server: Server) -> None:
    types = {
        "a.html": "text/html; charset=utf-8",
        "a.js": "text/javascript; charset=utf-8",
        "a.mjs": "text/javascript; charset=utf-8",
        "a.md": "text/markdown; charset=utf-8",
        "a.json": "application/json",
        "a.map": "application/json",
        "a.webmanifest": "application/manifest+json",
        "a.wasm": "application/wasm",
        "a.svg": "image/svg+xml",
        "a.avif": "image/avif",
        "a.ico": "image/x-icon",
        "a.woff2": "font/woff2",
        "a.PNG": "image/png",
        "a.unknown": "application/octet-stream",
        "a": "application/octet-stream",
    }
    for name in types:
        Path(server.plan.site.maps[0].root, name).write_bytes(b"x")
    assert {name: server.ask(f"/static/{name}")["Content-Type"] for name in types} == types
