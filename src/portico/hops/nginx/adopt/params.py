"""The `uwsgi_param` lines of the application: those that everybody has, and the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

from portico.model.directive import Directive

_LINE = re.compile(r"^uwsgi_param\s+(\S+)\s+([^;]+);", re.MULTILINE)


def _standard() -> dict[tuple[str, ...], tuple[str, ...]]:
    text = (files("portico.hops.nginx") / "templates" / "uwsgi_params").read_text(encoding="utf-8")
    return {(name,): tuple(value.split()) for name, value in _LINE.findall(text)}


#: What Portico's own uwsgi_params says: the name of a variable and what it is given.
STANDARD = _standard()
#: What distributions and guides have there, with the same effect.
_ALSO = {
    ("PATH_INFO", "$document_uri"),
    ("PATH_INFO", "$uri"),
    ("QUERY_STRING", "$query_string"),
    ("QUERY_STRING", "$args"),
    ("HTTPS", "$https", "if_not_empty"),
}


#: Portico passes the Host that nginx has chosen the server by, with the port that the client named.
_HOST = (("HTTP_HOST", "$host"), ("HTTP_HOST", "$http_host"))


def says_host(directive: Directive) -> bool:
    """Whether it is about the Host header, as Portico's own line for it."""
    return directive.args in _HOST


def is_standard(directive: Directive) -> bool:
    """Whether Portico's own file says the same."""
    return STANDARD.get(directive.args[:1]) == directive.args[1:] or directive.args in _ALSO


def own_files(params: tuple[Directive, ...], around: Directive) -> Iterator[str]:
    """The files that were included for variables only and say more than Portico's own, in the order of their lines.
    `around` is the block that includes them."""
    names = dict.fromkeys(entry.file for entry in params if entry.file != around.file)
    for name in names:
        inside = [entry for entry in around.block or () if entry.file == name]
        if all(entry.name == "uwsgi_param" for entry in inside) and not all(
            is_standard(one) or says_host(one) for one in inside
        ):
            yield name
