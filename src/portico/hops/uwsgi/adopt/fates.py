"""The five fates as entries of the ledger, made from an option."""

from __future__ import annotations

import re

from portico.hops.uwsgi.adopt.context import Context, reference
from portico.hops.uwsgi.adopt.shown import shown
from portico.hops.uwsgi.escape import ini_value
from portico.hops.uwsgi.extra_lines import refuses
from portico.hops.uwsgi.option_names import FLAGS, KNOWN
from portico.model.adoption import Carried, Fates, PathMap
from portico.model.directive import Option

#: References to variables of a request, which uWSGI keeps as they are while no option has that name.
_VARIABLE = re.compile(r"%\((?P<name>[\w.:-]+)\)")
_REFERENCES = re.compile(r"(\$\([^)]{0,200}\)|@\([^)]{0,200}\))")
#: Without the value, which may be a secret.
_UNWRITABLE = (
    "its value cannot be written so that uWSGI reads the same again: it holds `%(`, a control character, a space at an end, "
    "or a fact of the machine it was written for"
)
_WORD = re.compile(r"(?<![^\s=,:])/(?!/)[^\s,:;=\"']+")


_FATES = Fates(shown)
key, same, differs, left = _FATES.key, _FATES.same, _FATES.differs, _FATES.left


def raw(option: Option, context: Context, why: str = "", kind: str = "") -> Carried:
    """A raw line that says the same; left where a raw line may not or cannot say it.

    `kind` is what the value holds of paths: `path` (it is one), `after` (one behind `=`), `words` (a command, or words with
    paths among them)."""
    if option.name not in KNOWN or refuses(option.name):
        return left(option, why or f"`{option.name}` may not be a raw line: Portico decides it")
    value, used = _here(option.value, context.paths, kind)
    try:
        text = option.value if option.name in FLAGS else _written(option, value, context)
    except ValueError:
        return left(option, _UNWRITABLE)
    line = f"{option.name} = {text}" if text else option.name
    return Carried(option.where, shown(option), "raw", "uwsgi.extra", (line,), why, used)


def _here(value: str, paths: PathMap, kind: str) -> tuple[str, tuple[str, ...]]:
    if kind == "path" and value.startswith("/"):
        return paths.here(value), (paths.here(value),)
    if kind == "after":
        head, sign, path = value.partition("=")
        return head + sign + paths.here(path), (paths.here(path),) if path.startswith("/") else ()
    if kind == "words":
        # A command's program is this machine's own, unless its path is mapped by name.
        named = PathMap(tuple(pair for pair in paths.pairs if pair[0]))
        used = tuple(named.here(path) for path in _WORD.findall(value))
        return _WORD.sub(lambda found: named.here(found[0]), value), used
    return value, ()


def _written(option: Option, value: str, context: Context) -> str:
    """The value as uWSGI reads it again: references stay such, everything else is what it is."""
    kept = reference(option)
    if kept.startswith("%"):
        raise ValueError(f"{kept} is a fact of the machine it was written for")
    parts = []
    for at, part in enumerate(_REFERENCES.split(value)):
        parts.append(part if at % 2 and part in (option.raw or option.value) else _escaped(part, context.names))
    text = "".join(parts)
    if text != text.strip():
        raise ValueError(f"{text!r} starts or ends with a space, which uWSGI would strip")
    return text


def _escaped(part: str, names: frozenset[str]) -> str:
    pieces = re.split(r"(%\([\w.:-]+\))", part)
    text = []
    for at, piece in enumerate(pieces):
        variable = _VARIABLE.fullmatch(piece) if at % 2 else None
        if variable and variable["name"] not in names and variable["name"] not in KNOWN:
            text.append(piece)
        else:
            inner = piece.strip(" ")
            start = piece[: len(piece) - len(piece.lstrip(" "))]
            end = piece[len(piece.rstrip(" ")) :] if inner else ""
            text.append(start + ini_value(inner) + end)
    return "".join(text)
