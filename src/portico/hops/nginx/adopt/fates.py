"""Entries of the ledger, made of a directive: what becomes of it, or of a block and all within."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.nginx.written import written
from portico.model.adoption import Carried, Fates
from portico.model.directive import Directive
from portico.model.secret_words import PASSWORD_IN_URL, names_secret

#: The key of portico.toml that takes raw lines for that context.
EXTRA = {
    "main": "nginx.extra_main",
    "http": "nginx.extra_http",
    "server": "nginx.extra_server",
    "location": "nginx.extra_location",
}
#: Directives whose first argument names what the second says.
_NAMING = ("uwsgi_param", "proxy_set_header", "fastcgi_param", "scgi_param", "grpc_set_header", "add_header", "set", "env")
#: What stands behind `Basic` or `Bearer` in any header.
_AUTHORIZED = re.compile(r"\b(Basic|Bearer)\s+[^\s;\"']+", re.IGNORECASE)
#: With a word of their own that only the application knows besides.
_ALL_SECRET = ("secure_link_md5", "secure_link_secret")
_LONGEST = 160


def shown(directive: Directive) -> str:
    """As it reads in the file, on one line and not too long; of what is secret by its name only the name."""
    words = " ".join(" ".join((directive.name, *_told(directive))).split())
    text = PASSWORD_IN_URL.sub(r"\1…", _AUTHORIZED.sub(r"\1 …", words))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _told(directive: Directive) -> tuple[str, ...]:
    """The arguments, those that are secret left out."""
    name, args = directive.name, directive.args
    if name in _ALL_SECRET:
        return ("…",)
    if name == "env" and args and "=" in args[0] and names_secret(args[0]):
        return (f"{args[0].partition('=')[0]}=…",)
    if name in _NAMING and len(args) > 1 and names_secret(args[0]) and not args[1].startswith("$"):
        return (args[0], "…")
    if name == "if" and len(args) > 2 and names_secret(args[0]):
        return (*args[:-1], "…")
    return args


_FATES = Fates(shown)
key, same, differs, left = _FATES.key, _FATES.same, _FATES.differs, _FATES.left


def raw(
    directive: Directive, level: str, copy: Directive | None = None, why: str = "", paths: tuple[str, ...] = ()
) -> Iterator[Carried]:
    """A raw line, or a block of them, for the context `level`: the lines of `copy` (else of the directive itself). What is
    within a block has an entry of its own, without a value."""
    lines = written(copy or directive)
    yield Carried(directive.where, shown(directive), "raw", EXTRA[level], lines, why, paths)
    for entry in _within(directive):
        text = _shown_in(directive, entry)
        yield Carried(entry.where, text, "raw", EXTRA[level], None, f"part of the block in line {directive.line}")


def whole(entry: Carried, directive: Directive) -> Iterator[Carried]:
    """The fate of a block (`same`, `differs` or `left`), and the same for all within."""
    yield entry
    for inner in _within(directive):
        why = entry.why if entry.fate != "same" else ""
        yield Carried(inner.where, _shown_in(directive, inner), entry.fate, why=why)


def _shown_in(block: Directive, entry: Directive) -> str:
    """An entry of a block; of a map from or to what is secret by its name no value."""
    secret = block.name == "map" and any(names_secret(arg) for arg in block.args)
    return "…" if secret and entry.name != "default" else shown(entry)


def _within(directive: Directive) -> Iterator[Directive]:
    """Everything inside a block, at any depth; the entries of `types` are one list, told of as one."""
    for entry in directive.block or () if directive.name != "types" else ():
        yield entry
        yield from _within(entry)
