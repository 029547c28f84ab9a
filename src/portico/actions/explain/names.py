"""`portico explain NAME`: everything that is called so in this stack, and what is near."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from crossplane.analyzer import DIRECTIVES

from portico.actions.explain.file import line_data
from portico.actions.explain.keys import descriptions, told
from portico.actions.explain.subject import NGINX_FILES, Subject
from portico.actions.explain.variables import header_of, meaning
from portico.hops.uwsgi import option_names
from portico.model.explained import Line

Match = dict[str, Any]
Located = tuple[str, Line]
_MOST_NEAR = 8


def plain(name: str) -> str:
    """Names of options and keys differ in dashes and underscores only."""
    return name.lower().replace("-", "_")


def name_matches(name: str, about: Subject) -> list[Match]:
    """Keys of portico.toml, directives of nginx, options of uWSGI and variables that are called so, in this order."""
    finders = (_keys, _directives, _options, _variables)
    return [match for find in finders for match in find(name, about)]


def known_names(about: Subject) -> tuple[list[str], list[str]]:
    """All that `name_matches` finds something for: what this stack has, and what nginx and uWSGI know besides."""
    lines = [line for _, line in located(about)]
    here = [*descriptions(), *(key.rpartition(".")[2] for key in descriptions())]
    here += [line.name for line in lines if line.kind != "entry"]
    here += [line.value.split()[0] for line in lines if line.name == "uwsgi_param" and line.value]
    return list(dict.fromkeys(here)), [*option_names.KNOWN, *option_names.ALIASES, *DIRECTIVES]


def located(about: Subject) -> Iterator[Located]:
    """Every line of every rendered file, with the file's name."""
    for file, lines in about.lines.items():
        yield from ((file, line) for line in lines)


def _keys(name: str, about: Subject) -> Iterator[Match]:
    wanted = plain(name)
    for key, text in descriptions().items():
        if wanted in (plain(key), plain(key.rpartition(".")[2])):
            lines = [(file, line) for file, line in located(about) if key in line.keys and line.kind != "entry"]
            origin = {part: value for part, value in told(key, about).items() if part != "key"}
            yield {"kind": "key", "name": key, "what": text, **origin, **_lines(lines, about, key)}


def _directives(name: str, about: Subject) -> Iterator[Match]:
    lines = [one for one in located(about) if one[0] in NGINX_FILES and one[1].kind != "entry" and one[1].name == name]
    if lines:
        yield {"kind": "directive", "name": name, "what": _whys(lines), **_lines(lines, about, name)}
    elif name.lower() in DIRECTIVES:
        what = "A directive of nginx that this stack does not set; raw lines go into `extra_main`, `extra_http`, "
        what += "`extra_server`, `extra_location` of [nginx]."
        yield {"kind": "directive", "name": name.lower(), "what": what, "lines": [], "near": _near_directives(name, about)}


def _near_directives(name: str, about: Subject) -> list[str]:
    start = name.lower().partition("_")[0]
    names = [line.name for file, line in located(about) if file in NGINX_FILES and line.name.partition("_")[0] == start]
    return list(dict.fromkeys(names))[:_MOST_NEAR]


def _options(name: str, about: Subject) -> Iterator[Match]:
    wanted = plain(name)
    inis = [one for one in located(about) if one[0].endswith(".ini")]
    lines = [one for one in inis if plain(one[1].name) == wanted and one[1].text.strip()[0] != "["]
    option = name.lower().replace("_", "-")
    if lines:
        yield {"kind": "option", "name": lines[0][1].name, "what": _whys(lines), **_lines(lines, about, name)}
    elif option in option_names.KNOWN or option in option_names.ALIASES:
        what = "An option of uWSGI that this stack does not set; raw lines go into `extra` of [uwsgi]."
        if real := option_names.ALIASES.get(option):
            what = f"Another name for uWSGI's option `{real}`."
        yield {"kind": "option", "name": option, "what": what, "lines": [], "near": [real] if real else []}


def _variables(name: str, about: Subject) -> Iterator[Match]:
    if name.startswith("$"):
        pattern = re.compile(rf"{re.escape(name)}(?!\w)")
        lines = [one for one in located(about) if one[0] in NGINX_FILES and pattern.search(one[1].text)]
        makers = [one for one in lines if one[1].name in ("map", "geo", "set") and one[1].value.split()[-1:] == [name]]
        what = _whys(makers) or "A variable of nginx itself: https://nginx.org/en/docs/varindex.html"
        if lines:
            yield {"kind": "variable", "name": name, "what": what, **_lines(lines, about, name)}
        return
    wanted = name.upper()
    lines = [one for one in located(about) if one[1].name == "uwsgi_param" and one[1].value.split()[:1] == [wanted]]
    what = _whys(lines) or meaning(name)
    if lines or what:
        more = {"header": header_of(wanted)} if header_of(wanted) else {}
        name = wanted if lines or more else name
        yield {"kind": "variable", "name": name, "what": what, **more, **_lines(lines, about, name)}


def _whys(lines: list[Located]) -> str:
    """Their comments, each once."""
    return " ".join(dict.fromkeys(line.why for _, line in lines if line.why))


def _lines(lines: list[Located], about: Subject, name: str) -> Match:
    """`lines`, each with its file, and `near`: keys and names that have to do with them."""
    rows = [{"file": file, **line_data(line, about)} for file, line in lines]
    keys = [key for _, line in lines for key in line.keys]
    names = [line.name for _, line in lines]
    same = [line.name for _, line in located(about) if set(keys) & set(line.keys) and line.kind == "directive"]
    near = [one for one in dict.fromkeys([*keys, *names, *same]) if plain(one) != plain(name) and one != "uwsgi_param"]
    return {"lines": rows, "near": near[:_MOST_NEAR]}
