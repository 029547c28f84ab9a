"""Configurations and paths by chance, of few and similar names, so that locations overlap in every way nginx allows."""

from __future__ import annotations

from pathlib import Path
from random import Random as Chance

__all__ = ["Chance", "files", "servers", "uri"]

_NAMES = ("a", "b", "ab", "a.b")
_REGEXES = (r"\.b$", "b$", "^/a", "/a/", "A", "/$", "^/(a|b)/(?<w>.*)$")
_FROM = ("^/a(.*)$", "^/b/(.*)$", "/ab", "^/(?<q>a|b)/")
_TO = ("/b$1", "/ab/$1", "/x/b", "/a?z=1", "/b/a/")
_CONDITIONS = ("$v = a", "$uri ~ ^/a(.*)$", "$uri ~* B", "$v", "$args", "$http_x", "$uri != /a")
_INSIDE = (
    "return 200 inside;",
    "rewrite ^/a /b last;",
    "rewrite ^ /ab$1 break;",
    "set $v b;",
    "break;",
    "proxy_pass http://unix:$B/b.sock;",
)


def files(base: Path) -> None:
    """Some of what the roots and aliases below lead to."""
    for folder in ("f", "f/a", "f/b", "f/ab", "f/a/a", "f/a/b", "f/ab/a"):
        (base / folder).mkdir(exist_ok=True)
        for name in ("a.b", "x"):
            (base / folder / name).write_text(f"{folder}/{name}", encoding="utf-8")


def uri(chance: Chance) -> str:
    """A path to ask for."""
    path = _path(chance)
    if chance.random() < 0.1:
        path = path.replace("a", "%61").replace("/", "//", 1)
    if chance.random() < 0.1:
        path += chance.choice(("/..", "/../", "/.", "/../a", "?q=1"))
    return path


def _path(chance: Chance) -> str:
    count = chance.randint(0, 4)
    path = "/" + "/".join(chance.choice(_NAMES) for _ in range(count))
    return path + ("/" if count and chance.random() < 0.4 else "")


def servers(chance: Chance, count: int, rewrites: bool) -> str:
    """Servers `s0.test`, `s1.test`, ... with nested locations, and rewrites if asked for."""
    return "".join(_server(chance, number, rewrites) for number in range(count))


def _server(chance: Chance, number: int, rewrites: bool) -> str:
    flag = chance.choice(("", "last", "break"))
    rewrite = f"rewrite ^/ab/(.*) /a/$1 {flag};" if rewrites and chance.random() < 0.3 else ""
    inside = _locations(chance, "", 0, rewrites)
    return f"server {{ listen $P; server_name s{number}.test; {rewrite} set $v a;\n{inside}}}\n"


def _locations(chance: Chance, outer: str, depth: int, rewrites: bool, only_regex: bool = False) -> str:
    lines, taken = [], set()
    for _ in range(chance.randint(1, 6)):
        modifier = chance.choice(("~", "~*") if only_regex else ("", "", "", "=", "^~", "~", "~*"))
        regex = "~" in modifier[:1]
        name = chance.choice(_REGEXES) if regex else outer.rstrip("/") + _path(chance)
        # Inside `location /a/` every name must begin with `/a/`.
        name = name if regex or name.startswith(outer) else outer
        key = (modifier if regex else modifier == "=", name)
        if key in taken:
            continue
        taken.add(key)
        nested = ""
        if modifier != "=" and depth < 2 and chance.random() < 0.4:
            nested = _locations(chance, "" if regex else name, depth + 1, rewrites, regex)
        lines.append(f"location {modifier} {name} {{ {_content(chance, len(taken), regex, rewrites)} {nested}}}\n")
    return "".join(lines)


def _content(chance: Chance, number: int, regex: bool, rewrites: bool) -> str:
    codes = "".join(_code(chance) for _ in range(chance.randint(1, 3))) if rewrites and chance.random() < 0.5 else ""
    kind = chance.random()
    if kind < 0.55:
        return f"{codes}return 200 {number}-{chance.randrange(10**6)};"
    if kind < 0.8:
        return f"{codes}proxy_pass http://unix:$B/{chance.choice('ab')}.sock;"
    if kind < 0.9 and not regex:
        return f"{codes}alias $B/f{chance.choice(('', '/', '/a'))};"
    return f"{codes}root $B/f;"


def _code(chance: Chance) -> str:
    kind = chance.random()
    if kind < 0.5:
        return f"rewrite {chance.choice(_FROM)} {chance.choice(_TO)} {chance.choice(('last', 'break', ''))}; "
    if kind < 0.6:
        return "break; "
    if kind < 0.7:
        return f"set $v {chance.choice(('a', '0', '$uri'))}; "
    return f"if ({chance.choice(_CONDITIONS)}) {{ {chance.choice(_INSIDE)} }} "
