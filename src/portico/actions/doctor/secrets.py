"""Where a deployment keeps its secrets: environments, command lines, configuration, the URL, cookies. Only to hide them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from portico.inside.masking import secret_name

if TYPE_CHECKING:
    from portico.model.directive import Directive, Option
    from portico.model.evidence import Evidence, Exchange, ProcessSeen, UwsgiSeen

Named = Iterator[tuple[str, str]]
#: Parameters and headers that let somebody in, and whose names do not say so.
_ALSO = frozenset(
    ("key", "sig", "code", "session", "sid", "sessionid", "phpsessid", "jsessionid", "jwt", "otp", "authorization", "cookie")
)
#: They name a backend, and a fault is often about its address.
_BACKENDS = re.compile(r"(uwsgi|proxy|fastcgi|scgi|grpc|memcached)_pass$")
_GIVES = frozenset(("env", "set", "set-placeholder", "set-ph"))
_SETS = (
    *("uwsgi_param", "fastcgi_param", "scgi_param", "proxy_set_header", "grpc_set_header", "add_header", "set", "env"),
    *("more_set_headers", "more_set_input_headers", "if", "map", "secure_link_md5", "secure_link_secret"),
)
_COMPARES = ("=", "!=", "~", "~*", "!~", "!~*")
_NAMELESS = "secret"
#: A password `worker` of another site must not blot out that word in what is said of this one.
_WORD = re.compile(r"[A-Za-z]{1,11}")
_BASICAUTH = re.compile(r"basicauth(?:-next)?:[^,]*,(\S+)")


def is_secret(name: str) -> bool:
    """Whether what has this name (of a variable, an option, a header, a parameter) is to be hidden."""
    plain = name.strip("$-()\"'").replace("-", "_")
    return not _BACKENDS.search(plain) and (secret_name(plain) or plain.lower() in _ALSO)


def named(evidence: Evidence, environ: Mapping[str, str]) -> Named:
    """Names and values of everything that may be a secret; the values of names that are none may hold one all the same."""
    yield from environ.items()
    own = {process.pid for process in _own(evidence)}
    for process in processes(evidence):
        known = (process.environ or {}).items()
        yield from known if process.pid in own else ((name, value) for name, value in known if not _WORD.fullmatch(value))
        yield from of_words(process.command)
    for seen in (*evidence.uwsgi, *evidence.others):
        yield from _of_options(seen.options)
    yield from _of_tree(evidence.nginx.tree)
    yield from of_url(evidence.url)
    for exchange in _exchanges(evidence):
        yield from of_url(f"http://x{exchange.path}")
        yield from _of_cookies(exchange)


def processes(evidence: Evidence) -> Iterator[ProcessSeen]:
    """Every process that was seen."""
    nginx = evidence.nginx
    yield from _own(evidence)
    yield from (*nginx.strangers, *(who for _, who in nginx.taken if who))
    for seen in evidence.others:
        yield from of_uwsgi(seen)


def _own(evidence: Evidence) -> Iterator[ProcessSeen]:
    """Those of this deployment."""
    yield from (*evidence.nginx.masters, *evidence.nginx.workers)
    for seen in evidence.uwsgi:
        yield from of_uwsgi(seen)
    for backend in evidence.backends:
        yield from backend.processes
    yield from evidence.front_processes


def of_uwsgi(seen: UwsgiSeen) -> Iterator[ProcessSeen]:
    """Those of one uWSGI and of who is in its place."""
    yield from (one for one in (seen.master, seen.pid_process) if one)
    yield from (*seen.workers, *seen.holders)


def of_words(words: Sequence[str]) -> Named:
    """Of a command line: `NAME=value`, `--name=value`, `--name value`, whatever program it is of."""
    # A process that is just ending has no words.
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        name, equals, value = word.lstrip("-").partition("=")
        if equals:
            yield name, value
            yield from _pair(value)
        elif word.startswith("-") and is_secret(name) and not following.startswith("-"):
            yield name, following
        elif "://" in word:
            yield "", word


def _pair(text: str) -> Named:
    name, equals, value = text.partition("=")
    if equals:
        yield name.strip(), value.strip()


def _of_options(options: Sequence[Option]) -> Named:
    for option in options:
        for value in dict.fromkeys((option.value, option.raw)):
            yield option.name, value
            if option.name in _GIVES:
                yield from _pair(value)
            # `route = ^/admin basicauth:realm,name:password`
            if (found := _BASICAUTH.search(value)) and ":" in found[1]:
                yield from ((_NAMELESS, part) for part in (found[1], found[1].partition(":")[2]))


def _of_tree(tree: Directive | None) -> Named:
    for entry in tree.deep(*_SETS) if tree else ():
        words = [word for word in entry.args if word not in _COMPARES]
        if entry.name.startswith("secure_link"):
            yield from ((_NAMELESS, word) for word in " ".join(words).split() if "$" not in word)
        elif entry.name == "env":
            yield from _pair(" ".join(words))
        elif entry.name == "map":
            keys = (child.name for child in entry.block or () if words and is_secret(words[0]))
            yield from ((_NAMELESS, key) for key in keys if key not in ("default", "hostnames", "include", "volatile"))
        elif entry.name.startswith("more_"):
            yield from ((name, value.strip()) for name, _, value in (word.partition(":") for word in words))
        elif words and is_secret(words[0].lstrip("(")):
            yield from ((_NAMELESS, part) for word in words[1:] for part in _parts(word))


def _parts(value: str) -> list[str]:
    """`Basic abc` has two; what is a variable is written somewhere else."""
    return [part.strip("()\"'") for part in (value, *value.split()[1:]) if "$" not in part]


def of_url(url: str) -> Named:
    """The account and password of a URL, and those of its parameters that are named so."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    account, at, _ = parts.netloc.rpartition("@")
    for text in account.split(":") if at else ():
        yield from ((_NAMELESS, form) for form in (text, unquote(text)))
    for name, value in parse_qsl(parts.query, keep_blank_values=True, max_num_fields=None):
        if is_secret(name):
            yield _NAMELESS, value


def _exchanges(evidence: Evidence) -> Iterator[Exchange]:
    yield from (visit.exchange for visit in evidence.visits)
    yield from evidence.more.values()
    for backend in evidence.backends:
        yield from (exchange for exchange in (backend.uwsgi, backend.http) if exchange)


def _of_cookies(exchange: Exchange) -> Named:
    for name, value in exchange.headers:
        if name == "set-cookie":
            given = value.partition(";")[0].partition("=")[2].strip('" ')
            yield from ((_NAMELESS, text) for text in (given, unquote(given)))
