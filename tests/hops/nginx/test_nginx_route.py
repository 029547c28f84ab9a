"""Where a request goes: what is read from a configuration against what the real nginx does with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from any_conf import Nginx, Said, parse, running
from random_conf import Chance, files, servers, uri

from portico.hops.nginx.route import candidates, route
from portico.model.plan import NginxBinary


def compare(server: Nginx, requests: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Asks nginx and the route about each (host, path[, address]); returns what nginx said, by request."""
    said: dict[tuple[str, ...], str] = {}
    for request in requests:
        seen, expected = server.says(*request), server.predicted(*request)
        assert seen == expected, (request, seen, expected, server.route(*request))
        said[request] = seen.text or str(seen.status)
    return said


NAMES = """
server { listen 127.0.0.1:$P; server_name first.test; return 200 first; }
server { listen 127.0.0.1:$P default_server; server_name ""; return 200 default; }
server { listen 127.0.0.1:$P; server_name *.wild.test; return 200 leading; }
server { listen 127.0.0.1:$P; server_name *.deep.wild.test; return 200 deeper; }
server { listen 127.0.0.1:$P; server_name www.wild.*; return 200 trailing; }
server { listen 127.0.0.1:$P; server_name exact.wild.test; return 200 exact; }
server { listen 127.0.0.1:$P; server_name .dot.test; return 200 dot; }
server { listen 127.0.0.1:$P; server_name dot.test; return 200 second-dot; }
server { listen 127.0.0.1:$P; server_name ~^(?<user>[a-z]+)\\.users\\.test$; return 200 "user $user"; }
server { listen 127.0.0.1:$P; server_name ~^\\d+\\.users\\.test$ "~^[0-9]{2}\\.x$"; return 200 digits; }
server { listen 127.0.0.1:$P; server_name Mixed.Test first.test; return 200 mixed; }
server { listen 127.0.0.2:$P; server_name first.test; return 200 other-address; }
server { listen 127.0.0.2:$P; server_name second.test; return 200 other-second; }
server { listen *:$P; server_name first.test; return 200 any; }
server { listen $Q; server_name _; return 200 other-port; }
server { listen $Q; server_name first.test; return 200 other-port-first; }
"""


def test_servers_by_address_port_and_name(nginx: NginxBinary, base: Path) -> None:
    hosts = (
        "first.test a.wild.test a.b.wild.test a.deep.wild.test deep.wild.test wild.test www.wild.test www.wild.org www.wild "
    )
    hosts += "exact.wild.test dot.test a.dot.test a.b.dot.test bob.users.test BOB.users.test 12.users.test 12.x mixed.test "
    hosts += "MIXED.TEST first.test. first.test:81 nobody.test 127.0.0.1 [::1] second.test _"
    with running(nginx, base, NAMES) as server:
        names = hosts.split()
        said = compare(
            server, [(host, "/", address) for host in names for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3")]
        )
        assert said["a.deep.wild.test", "/", "127.0.0.1"] == "deeper"
        assert said["bob.users.test", "/", "127.0.0.1"] == "user bob"
        assert said["nobody.test", "/", "127.0.0.1"] == "default"
        assert said["first.test", "/", "127.0.0.3"] == "any"
        assert len(set(said.values())) > 11
        for host in names:
            assert server.says(host, "/", port=server.other) == server.predicted(host, "/", port=server.other)
        assert server.route("nobody.test", "/").by_default
        assert not server.route("first.test", "/").by_default
        assert server.route("first.test", "/", port=1).server is None


LOCATIONS = """
server { listen $P; server_name places;
  location / { return 200 root; }
  location = / { return 200 exactly-root; }
  location /app/ { proxy_pass http://unix:$B/a.sock; }
  location =/glued { return 200 glued; }
  location ^~ /static/ { return 200 static; location ~ \\.deep$ { return 200 static-deep; } }
  location /images/ { return 200 images;
    location /images/small/ { return 200 small; location ~ \\.gif$ { return 200 small-gif; } } }
  location ~ \\.(gif|JPG)$ { return 200 gif; }
  location ~* \\.(png|jpg)$ { return 200 png; location ~ /inner { return 200 png-inner; } }
  location ~ "^/users/(?<name>[^/]+)/(\\d{2})$" { return 200 "$name $2"; }
  location ~ "^/quoted{1}/(?'who'.)" { return 200 "$who"; }
  location "/with space/" { return 200 space; }
  location /hidden { internal; return 200 hidden; }
  location @named { return 200 named; }
  location /percent%20literal { return 200 literal; }
  location /é { return 200 accent; }
}
server { listen $P; server_name bare; location /only { return 200 only; } }
server { listen $P; server_name merged; merge_slashes off; location / { return 200 "$uri"; } }
server { listen $Q; server_name slashes; merge_slashes off;
  location /a/ { return 200 one; } location //a { return 200 two; } }
"""
PATHS = """
/ // /? /x /app/ /app /app/x /app?q=1 /glued /glued/ /static/ /static /static/a.gif /static/a.deep /images/
/images/a.gif /images/small/ /images/small/a.gif /images/small/a.JPG /a.gif /a.jpg /a.JPG /a.PNG /inner/a.png
/users/bob/12 /users/bob/123 /quoted/z /with%20space/a /hidden /@named /percent%20literal /percent%2520literal /%C3%A9
/a/../app/ /a/../../b /%2e%2e/ /./x /static/../a.gif /images/./small/x /images//small/x /stat%69c/x /a%2Fb /app%2Fx
/x%3Fy.gif /x%23.gif /bad%zz /bad% /a/b/.. /a/. /a/.. /..a /... /a%00b /images/small
"""

SLASHES = ("/", "/only/x", "/a/", "//a", "//a/", "/b/..//a/", "/b//../a/", "/a//..", "///a/./", "//..//a/", "/..")


def test_locations(nginx: NginxBinary, base: Path) -> None:
    with running(nginx, base, LOCATIONS) as server:
        said = compare(server, [("places", path) for path in PATHS.split()])
        compare(server, [(host, path) for host in ("bare", "merged") for path in SLASHES])
        for path in SLASHES:
            assert server.says("slashes", path, port=server.other) == server.predicted("slashes", path, port=server.other)
        assert server.says("slashes", "//a", port=server.other) == Said(200, "two")
        assert said["places", "/images/small/a.gif"] == "small-gif"
        assert said["places", "/app"] == "/app/"
        found = server.route("places", "/images/small/a.gif?q=1")
        assert [block.text for block in found.chain] == [
            "http",
            "server",
            "location /images/",
            "location /images/small/",
            "location ~ \\.gif$",
        ]


FILES = """
root $B/www/;
server { listen $P; server_name files; index start.html index.html;
  location /plain { }
  location /slash/ { alias $B/files/; }
  location /glue/ { alias $B/files; }
  location /noslash { alias $B/files; }
  location /noslash2 { alias $B/files/; }
  location ~ ^/re/(.+\\.txt)$ { alias $B/files/$1; }
  location ~ ^/whole/ { alias $B/files/one.txt; }
  location ~ ^/named/(?<file>.*)$ { alias $B/files/$file; }
  location /outer/ { alias $B/files/; location ~ \\.txt$ { } location /outer/sub/ { root $B/www; } }
  location /doubled/ { root $B/files; }
  location /relative/ { root www; }
  location /host/ { root $B/$host; }
  location /stripped/ { rewrite ^/stripped(/.*)$ $1 break; root $B/files; }
  location /argument/ { alias $B/files/$arg_name; }
}
server { listen $P; server_name default-root; root html; }
server { listen $P; server_name slash; root /; }
server { listen $P; server_name tries; root $B/www;
  location / { try_files $uri $uri/ @app; }
  location /never/ { try_files $uri =404; }
  location /index/ { try_files $uri /one.txt; }
  location /aliased/ { alias $B/files/; try_files $uri $uri.txt =404; }
  location /maintained/ { try_files /missing.html @app; }
  location /chained/ { try_files /nope /again/x; }
  location /again/ { try_files /nope @app; }
  location /direct/ { try_files $uri =404; proxy_pass http://unix:$B/b.sock; }
  location @app { proxy_pass http://unix:$B/a.sock; }
}
"""

FILE_PATHS = """
/plain/a.txt /plain/ /plain /one.txt /slash/one.txt /slash/ /slash /slash/sub/two.txt /slash/sub /glue/one.txt /glue/
/noslash/one.txt /noslashone.txt /noslash2/one.txt /noslash2one.txt /re/one.txt /re/sub/two.txt /whole/anything
/named/one.txt /named/ /outer/one.txt /outer/sub/two.txt /outer/sub/a.txt /doubled/x /relative/a.txt /host/a
/slash/t%C3%AAte%20%C3%A0.txt /stripped/one.txt /argument/xt?name=one.t /slash//sub/../one.txt
"""


def write_files(base: Path) -> None:
    for name in (
        "www/one.txt",
        "www/plain/a.txt",
        "www/plain/index.html",
        "www/slash/one.txt",
        "files/one.txt",
        "files/start.html",
    ):
        put(base / name, name)
    for name in (
        "files/doubled/x",
        "www/relative/a.txt",
        "files/host/a",
        "html/a.txt",
        "filesone.txt",
        "www/outer/sub/a.txt",
    ):
        put(base / name, name)
    put(base / "files/sub/two.txt", "two")
    put(base / "files/tête à.txt", "accents")


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_files(nginx: NginxBinary, base: Path) -> None:
    write_files(base)
    with running(nginx, base, FILES) as server:
        said = compare(server, [("files", path) for path in FILE_PATHS.split()])
        compare(server, [("default-root", "/a.txt"), ("default-root", "/b.txt"), ("slash", f"{base}/files/one.txt")])
        assert said["files", "/glue/one.txt"] == "filesone.txt", "nginx glues an alias without a slash"
        assert said["files", "/slash/t%C3%AAte%20%C3%A0.txt"] == "accents"
        assert server.route("files", "/slash/gone.css").target == f"{base}/files/gone.css"
        assert server.route("files", "/doubled/gone.css").target == f"{base}/files/doubled/gone.css"
        assert sum(text not in ("404", "500") for text in said.values()) > 20


@pytest.mark.parametrize(
    ("path", "passes"),
    [
        ("/one.txt", True),
        ("/plain/", True),
        ("/gone", True),
        ("/never/gone", False),
        ("/index/gone", True),
        ("/aliased/one", False),
        ("/aliased/one.txt", False),
        ("/maintained/x", True),
        ("/chained/x", True),
        ("/direct/gone", True),
    ],
)
def test_try_files(base: Path, path: str, passes: bool) -> None:
    """Without a look at the disk: the fallback where it passes requests on, else the first file."""
    found = route(parse(base, FILES), "http", "127.0.0.1", 1, "tries", path)
    assert (found.action == "proxy") is passes, found
    if not passes:
        assert found.target == candidates(found, path)[0]


TRIED = "/one.txt /gone /never/gone /index/gone /aliased/one.txt /aliased/one /maintained/x /chained/x"


def test_try_files_look_at_the_files_of_the_candidates(nginx: NginxBinary, base: Path) -> None:
    write_files(base)
    with running(nginx, base, FILES) as server:
        for path in TRIED.split():
            found = server.route("tries", path)
            first = next((Path(name) for name in server.looked_at(found, path) if Path(name).is_file()), None)
            fallback = Said(200, found.target) if found.action == "proxy" else Said(404)
            assert server.says("tries", path) == (Said(200, first.read_text()) if first else fallback), path
        found = server.route("tries", "/direct/gone")
        assert server.looked_at(found, "/direct/gone") == (f"{base}/www/direct/gone",)


REWRITES = """
map $uri $new { default ""; /mapped/old /app/new; ~^/mapped/(?<rest>x.*)$ /app/$rest; }
map $arg_case $cased { default none; Upper found; }
map $host $canonical { default $host; "www.rewrites" rewrites; }
server { listen $P; server_name rewrites www.rewrites;
  if ($new) { return 301 $new; }
  if ($host != $canonical) { return 302 http://$canonical$request_uri; }
  rewrite ^/server/(.*)$ /app/$1 last;
  rewrite ^/twice/(.*)$ /server/$1;
  location / { return 200 "root $uri $args"; }
  location /app/ { return 200 "app $uri $args"; }
  location /last/ { rewrite ^/last/(.*)$ /app/$1 last; return 200 unreached; }
  location /break/ { rewrite ^/break/(.*)$ /app/$1 break; return 200 unreached; }
  location /none/ { rewrite ^/none/(.*)$ /app/$1; rewrite ^/app/(b.*)$ /new/$1; }
  location /miss/ { rewrite ^/nothing /app/x last; return 200 missed; }
  location /moved/ { rewrite ^/moved/(.*)$ /app/$1 permanent; }
  location /found/ { rewrite ^/found/(.*)$ /app/$1? redirect; }
  location /away/ { rewrite ^/away/(.*)$ https://example.test/$1; }
  location /args/ { rewrite ^/args/(.*)$ /app/$1?new=1; }
  location /noargs/ { rewrite ^/noargs/(.*)$ /app/$1?; }
  location /loop/ { rewrite ^/loop/(.*)$ /loop/x$1 last; }
  location /set/ { set $a 1; set $b "$a-2"; if ($b = 1-2) { return 200 "set $b"; } return 200 no; }
  location /if/ { if ($arg_go) { proxy_pass http://unix:$B/b.sock; } proxy_pass http://unix:$B/a.sock; }
  location /method/ { if ($request_method !~ ^(GET|HEAD)$) { return 405; } return 200 read; }
  location /internal/ { internal; return 200 inside; }
  location /to-internal/ { rewrite ^ /internal/x last; }
  location /cased { return 200 $cased; }
  location /moved-alias/ { rewrite ^/moved-alias/(.*)$ /moved-alias/x$1 break; alias $B/; }
  location = /teapot { return 418; }
  location /url/ { return https://example.test/; }
  location /file/ { if (-f $request_filename) { return 403; } return 200 x; }
  location /header/ { if ($http_x_flag) { return 403; } return 200 unflagged; }
}
"""

REWRITE_PATHS = """
/ /mapped/old /mapped/xyz /mapped/other /server/a /twice/a /last/a?q=1 /break/a /none/a /none/b /miss/a /moved/a?q=1
/found/a?q=1 /away/a?q=1 /args/a?q=1 /args/a /noargs/a?q=1 /loop/ /set/ /if/ /if/?go=1 /if/?go=0 /method/ /internal/x
/to-internal/ /teapot /header/ /cased?case=UPPER /cased?case=upper /cased /moved-alias/a
"""


def test_rewrites(nginx: NginxBinary, base: Path) -> None:
    with running(nginx, base, REWRITES) as server:
        said = compare(server, [(host, path) for path in REWRITE_PATHS.split() for host in ("rewrites", "www.rewrites")])
        assert said["rewrites", "/args/a?q=1"] == "app /app/a new=1&q=1"
        assert said["rewrites", "/loop/"] == "500"
        assert len(set(said.values())) > 20
        assert server.route("rewrites", "/url/").target == "https://example.test/"
        unknown = server.route("rewrites", "/file/x")
        assert (unknown.action, unknown.directive and unknown.directive.name) == ("unknown", "if")
        without_headers = route(server.tree, "http", "127.0.0.1", server.port, "rewrites", "/header/")
        assert without_headers.action == "unknown"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_configurations_nobody_would_write(nginx: NginxBinary, base: Path, seed: int) -> None:
    chance = Chance(seed)
    files(base)
    asked = unknown = 0
    with running(nginx, base, servers(chance, 12, rewrites=seed > 1)) as server:
        for number in range(12):
            for path in (uri(chance) for _ in range(30)):
                host = f"s{number}.test"
                asked += 1
                if server.route(host, path).action == "unknown":
                    unknown += 1
                    continue
                seen, expected = server.says(host, path), server.predicted(host, path)
                same = seen.status == expected.status and (seen.status == 301 or seen.text == expected.text)
                assert same, (host, path, seen, expected, server.route(host, path))
    assert asked == 360
    assert unknown < 40
