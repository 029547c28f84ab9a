"""Static files compressed beforehand, through a real nginx: which form is sent, and what the headers say of it."""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from nginx_lab import FILE_ID, Answer, Server, make_server_plan, serving

from portico.hops.nginx.compressible import LEAST_BYTES, endings
from portico.model.plan import NginxBinary
from portico.model.site import LIVE, StaticMap
from portico.system.copies import Effort, make_copies

STYLE = b"".join(b".rule-%d { color: #%06x; }\n" % (number, number * 7919) for number in range(400))
LATER = STYLE + b"/* not there when the copies were made */"
URL = "/a$ (b)/%C3%A9/"


@pytest.fixture(scope="module")
def server(nginx: NginxBinary) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="pn-", dir="/tmp") as folder:
        yield from served(nginx, Path(folder))


def served(nginx: NginxBinary, base: Path) -> Iterator[Server]:
    base.chmod(0o755)
    state = base / "it's {so} $far"
    release = state / "static" / "7"
    content = {
        "site.css": STYLE,
        "UPPER.CSS": STYLE,
        "site.0123456789ab.css": STYLE,
        "tiny.css": b"p {}",
        "noise.bin": STYLE,
        "archive.gz": gzip.compress(STYLE),
        "deep/er/a $b;{ ?.js": STYLE,
        ".hidden/site.css": STYLE,
    }
    for name, data in content.items():
        (release / name).parent.mkdir(parents=True, exist_ok=True)
        (release / name).write_bytes(data)
    make_copies(release, state / "static" / "kept", endings(), LEAST_BYTES, Effort(1, 5.0, 5.0))
    (release / "later.css").write_bytes(LATER)
    live = state / LIVE
    live.symlink_to(f"static/{release.name}")
    maps = (StaticMap("/static/", str(live), "static", hashed=True), StaticMap(URL, str(live), "static"))
    headers = ("add_header Content-Security-Policy \"default-src 'self'\" always;",)
    plan = make_server_plan(
        base, nginx, site={"maps": maps}, paths={"static": str(state / "static")}, nginx={"extra_server": headers}
    )
    with serving(plan) as running:
        yield running


def ask(server: Server, accept: str | None, target: str = "/static/site.css", method: str = "GET", **headers: str) -> Answer:
    sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return server.ask(target, method, sent + ([("Accept-Encoding", accept)] if accept is not None else []))


def unpacked(answer: Answer) -> bytes:
    coding = answer["Content-Encoding"]
    if coding == "br":
        return brotli.decompress(answer.body)
    return zlib.decompress(answer.body, 31) if coding == "gzip" else answer.body


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (None, None),
        ("", None),
        ("br", "br"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.001", "br"),
        ("BR ; Q=1.000,gzip", "br"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=0.000,gzip;q=0", None),
        ("gzip;q=0.0", None),
        ("identity", None),
        ("brx, xbr, x-br, gzip2", None),
    ],
)
def test_the_form_the_client_accepts(server: Server, accept: str | None, coding: str | None) -> None:
    answer = ask(server, accept)
    assert (answer.status, answer["Content-Encoding"], unpacked(answer)) == (200, coding, STYLE)
    assert answer["Content-Length"] == str(len(answer.body))
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert answer["Vary"] == "Accept-Encoding"
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert answer["Content-Security-Policy"] == "default-src 'self'"
    assert FILE_ID.fullmatch(answer["X-Request-ID"] or "")
    assert len(answer.body) < len(STYLE) or coding is None


def test_each_form_has_an_etag_of_its_own(server: Server) -> None:
    tags = [ask(server, accept)["ETag"] for accept in ("br", "gzip", "identity")]
    assert len(set(tags)) == 3
    assert all(tag and not tag.startswith("W/") for tag in tags)


@pytest.mark.parametrize("accept", ["br", "gzip", "identity"])
def test_what_the_client_has_is_not_sent_again(server: Server, accept: str) -> None:
    first = ask(server, accept)
    for condition in ({"If_None_Match": first["ETag"] or ""}, {"If_Modified_Since": first["Last-Modified"] or ""}):
        again = ask(server, accept, **condition)
        assert (again.status, again.body, again["Content-Encoding"]) == (304, b"", None)
        assert (again["ETag"], again["Vary"], again["Cache-Control"]) == (
            first["ETag"],
            "Accept-Encoding",
            first["Cache-Control"],
        )
    other = ask(server, "identity" if accept != "identity" else "br", If_None_Match=first["ETag"] or "")
    assert other.status == 200


@pytest.mark.parametrize("accept", ["br", "gzip", "identity"])
def test_head_is_of_the_same_form(server: Server, accept: str) -> None:
    whole, head = ask(server, accept), ask(server, accept, method="HEAD")
    same = ("Content-Encoding", "Content-Length", "Content-Type", "ETag", "Last-Modified", "Vary", "Accept-Ranges")
    assert head.body == b""
    assert [head[name] for name in same] == [whole[name] for name in same]
    assert ask(server, accept, method="POST").status == 405


@pytest.mark.parametrize("accept", ["br", "gzip"])
def test_parts_are_only_of_the_file_itself(server: Server, accept: str) -> None:
    copy, plain = ask(server, accept), ask(server, "identity")
    for part in ("bytes=10-19", f"bytes={len(STYLE) + 1}-"):
        answer = ask(server, accept, Range=part)
        assert (answer.status, answer.body, answer["Content-Encoding"]) == (200, copy.body, accept)
    mixed = ask(server, "identity", Range="bytes=10-19", If_Range=copy["ETag"] or "")
    assert (mixed.status, mixed.body) == (200, STYLE)
    same = ask(server, "identity", Range="bytes=10-19", If_Range=plain["ETag"] or "")
    assert (same.status, same.body, same["Content-Range"]) == (206, STYLE[10:20], f"bytes 10-19/{len(STYLE)}")


def test_a_file_without_a_copy_is_compressed_while_it_is_sent(server: Server) -> None:
    answer = ask(server, "br, gzip", "/static/later.css")
    assert (answer["Content-Encoding"], unpacked(answer), answer["Vary"]) == ("gzip", LATER, "Accept-Encoding")
    assert (answer["ETag"] or "").startswith("W/")
    plain = ask(server, "gzip;q=0", "/static/later.css")
    assert (plain["Content-Encoding"], plain.body) == (None, LATER)


def test_what_does_not_shrink_has_one_form(server: Server) -> None:
    for target in ("/static/noise.bin", "/static/archive.gz"):
        answer = ask(server, "br, gzip", target)
        assert (answer.status, answer["Content-Encoding"], answer["Vary"]) == (200, None, None), target
    assert zlib.decompress(ask(server, "br, gzip", "/static/archive.gz").body, 31) == STYLE
    assert ask(server, "br", "/static/tiny.css").body == b"p {}"


@pytest.mark.parametrize("name", ["UPPER.CSS", "deep/er/a%20$b;%7B%20%3F.js", "site.0123456789ab.css"])
def test_awkward_names(server: Server, name: str) -> None:
    for prefix in ("/static/", URL.replace(" ", "%20")):
        answer = ask(server, "br", prefix + name + "?v=1&x=%3F")
        assert (answer.status, answer["Content-Encoding"], unpacked(answer)) == (200, "br", STYLE), prefix


def test_a_copy_of_a_hashed_name_is_cached_for_ever_too(server: Server) -> None:
    answer = ask(server, "br", "/static/site.0123456789ab.css")
    assert (answer["Content-Encoding"], answer["Cache-Control"]) == ("br", "public, max-age=31536000, immutable")


def test_nobody_gets_at_copies_and_hidden_files(server: Server) -> None:
    for target in ("/.encoded/br/site.css", "/.encoded/", "/.encoded/br/", "/.hidden/site.css", "/missing.css"):
        for accept in ("br", "gzip", "identity"):
            answer = ask(server, accept, f"/static{target}")
            assert (answer.status, answer["Vary"], answer["Cache-Control"]) == (404, None, None), target
    assert ask(server, "br", "/static/deep").status == 301


def test_old_proxies_get_the_file_itself(server: Server) -> None:
    said = server.raw(b"GET /static/site.css HTTP/1.0\r\nHost: localhost\r\nAccept-Encoding: br, gzip\r\n\r\n")
    assert said.endswith(STYLE)
    assert b"Content-Encoding" not in said
