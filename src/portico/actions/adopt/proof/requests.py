"""What both sides are asked. Pure: from the configuration and the files that were seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from portico.actions.adopt.proof.served import Served
from portico.hops.nginx.listens import http_block
from portico.hops.nginx.locations import parts
from portico.model.directive import Directive
from portico.model.proof import Ask
from portico.model.units import size_bytes

#: A path that no site has.
NOWHERE = "/portico-proof-of-nothing"
#: nginx's own: https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size
USUAL_LIMIT = 1 << 20
#: A body that is let through is sent whole; one that is refused is not, as far as its refusal comes in time.
MOST_LET_THROUGH, MOST_REFUSED = 32 << 20, 200 << 20
_GZIP = (("Accept-Encoding", "gzip"),)
_COOKIE_BYTES, _PATH_BYTES = 7_900, 6_000


@dataclass(frozen=True)
class Site:
    """What is known of the old site. `others` are its further ports, for requests that are only sent on from there;
    `silent` are locations that go to another application; `extra` are paths that the user wants asked;
    `friends` are names of further servers of the site, with a port of each."""

    root: Directive
    server: Directive
    served: Sequence[Served]
    others: Sequence[int] = ()
    silent: Sequence[str] = ()
    extra: Sequence[str] = ()
    friends: Sequence[tuple[str, int]] = ()


def limit_bytes(site: Site) -> int:
    """The largest body that the server takes; 0 for no limit."""
    blocks = (site.server, http_block(site.root))
    found = next((entry for block in blocks if block for entry in block.all("client_max_body_size") if entry.args), None)
    try:
        return size_bytes(found.args[0]) if found else USUAL_LIMIT
    except ValueError:
        return USUAL_LIMIT


def names(server: Directive) -> tuple[str, ...]:
    """The server names that a client can ask for as they are."""
    given = (name for entry in server.all("server_name") for name in entry.args)
    return tuple(
        dict.fromkeys(name for name in given if name not in ("", "_") and not set(name) & set("*~$") and name[0] != ".")
    )


def asks(site: Site) -> tuple[Ask, ...]:
    """Every request, in order: pages first, then files, then limits. All are safe but for a POST to a path that no site
    has."""
    host = next(iter(names(site.server)), "localhost")
    every = [*_pages(site), *_files(site), *_hosts(site), *_limits(site)]
    named = (replace(one, host=host) if one.host == "localhost" else one for one in every)
    unique = {(one.method, one.path, one.host, one.headers, one.version, one.port, one.name): one for one in named}
    return tuple(unique.values())


def _pages(site: Site) -> Iterator[Ask]:
    yield Ask("the front page", "GET", "/")
    yield Ask("the front page, without its body", "HEAD", "/")
    yield Ask("the front page, compressed", "GET", "/", headers=_GZIP)
    yield Ask("what may be asked", "OPTIONS", "/")
    yield Ask("the front page in HTTP/1.0", "GET", "/", version="1.0")
    yield Ask("a page that is not there", "GET", f"{NOWHERE}/")
    yield Ask("the same without a slash at its end", "GET", NOWHERE)
    yield Ask("a query", "GET", "/?portico=1&a=%20b")
    yield Ask("Django's admin", "GET", "/admin/")
    yield Ask("its login page", "GET", "/admin/login/?next=/admin/")
    yield Ask("an encoded way up", "GET", "/%2e%2e/%2e%2e/etc/passwd")
    for path in _locations(site):
        yield Ask(f"location {path}", "GET", path)
    for path in site.extra:
        yield Ask("asked for by you", "GET", encoded(path))


def encoded(path: str) -> str:
    """A path as somebody typed it, perhaps with a query, as it can go over the wire (RFC 3986, 2): what a URL cannot hold
    is encoded, what is encoded already stays."""
    known = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", path if path.startswith("/") else f"/{path}")
    return quote(known, safe="%/?:@!$&'()*+,;=[]~", errors="surrogateescape")


def _locations(site: Site) -> Iterator[str]:
    """The paths of further locations, where a request can be made of their names."""
    prefixes = {one.prefix for one in site.served}
    for location in site.server.deep("location"):
        modifier, name = parts(location)
        plain = modifier in ("", "=", "^~") and name.startswith("/") and not set(name) & set(" $?#")
        known = name == "/" or f"{name.rstrip('/')}/" in prefixes or " ".join(location.args) in site.silent
        if plain and not known:
            # One that is `internal` is asked for too: it has to stay so.
            yield name


def _files(site: Site) -> Iterator[Ask]:
    for one in site.served:
        if one.file:
            yield from _one_file(one.file)
        if one.prefix and one.prefix != "/":
            yield from _one_folder(one)
        if one.hidden:
            yield Ask("a hidden file", "GET", one.hidden, aim="file")


def _one_file(path: str) -> Iterator[Ask]:
    yield Ask(f"the file {path}", "GET", path, aim="file")
    yield Ask("the same, without its body", "HEAD", path, aim="file")
    yield Ask("the same, compressed", "GET", path, headers=_GZIP, aim="file")
    yield Ask("a part of it", "GET", path, headers=(("Range", "bytes=0-9"),), aim="file")
    yield Ask("the same, if it has changed", "GET", path, conditional=True, aim="file")
    yield Ask("a query behind a file", "GET", f"{path}?v=1", aim="file")


def _one_folder(one: Served) -> Iterator[Ask]:
    prefix = one.prefix
    yield Ask("a file that is not there", "GET", f"{prefix}portico-proof-of-nothing.css", aim="file")
    yield Ask(f"the folder {prefix}", "GET", prefix, aim="folder")
    yield Ask("the folder without its slash", "GET", prefix.rstrip("/"), aim="folder")
    yield Ask("a way up out of the folder", "GET", f"{prefix}../{one.beside}", aim="folder")
    if one.beside:
        yield Ask("a way up without a slash", "GET", f"{prefix.rstrip('/')}../{one.beside}", aim="folder")


def _hosts(site: Site) -> Iterator[Ask]:
    for name in names(site.server)[1:4]:
        yield Ask(f"the name {name}", "GET", "/", host=name)
    for name, port in site.friends:
        yield Ask(f"the name {name}", "GET", "/?a=b", host=name, port=port)
    yield Ask("a name that is not this site's", "GET", "/", host="nobody.portico.invalid")
    yield Ask("no Host header", "GET", "/", host="", version="1.0")
    for port in site.others:
        yield Ask(f"port {port}", "GET", "/", port=port)
        yield Ask(f"a page on port {port}", "GET", f"{NOWHERE}/?a=b", port=port)


def _limits(site: Site) -> Iterator[Ask]:
    limit = limit_bytes(site)
    if 0 < limit <= MOST_LET_THROUGH:
        yield Ask(f"a body of {limit} bytes", "POST", f"{NOWHERE}/", body_bytes=limit, aim="limit")
    if 0 < limit <= MOST_REFUSED:
        yield Ask(f"a body of {limit + 1} bytes", "POST", f"{NOWHERE}/", body_bytes=limit + 1, aim="limit")
    yield Ask(f"a cookie of {_COOKIE_BYTES} bytes", "GET", "/", cookie_bytes=_COOKIE_BYTES, aim="limit")
    yield Ask(f"a path of {_PATH_BYTES} bytes", "GET", f"{NOWHERE}/{'x' * _PATH_BYTES}/", aim="limit")
    yield Ask("a path of 40000 bytes", "GET", f"{NOWHERE}/{'x' * 40_000}/", aim="limit")
