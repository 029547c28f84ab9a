"""Files of KEY=VALUE lines, as `.env` and systemd's EnvironmentFile have them. Nothing is interpolated or executed."""

from __future__ import annotations

import re

_LINE = re.compile(
    r"""[^\S\n]*(?:export[^\S\n]+)?(?P<key>[A-Za-z_][A-Za-z0-9_]*)[^\S\n]*=[^\S\n]*
    (?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<bare>[^'"\n][^\n]*)?)
    (?(bare)|[^\S\n]*(?:\#[^\n]*)?)(?:\n|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_SKIP = re.compile(r"[^\S\n]*(?:\#[^\n]*)?(?:\n|\Z)")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$", "`": "`"}


def parse(text: str) -> dict[str, str]:
    """The variables of a file, in its order, the last of equal names winning.

    `KEY=VALUE`, with `export` before it if you like. An unquoted value ends at the line's end or at ` #`; a value in single
    quotes is taken as it is, one in double quotes knows backslash escapes; both may span lines. `$NAME` stays as written.
    Raises ValueError naming the first line that is none of this.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    variables: dict[str, str] = {}
    at = 0
    while at < len(text):
        if skipped := _SKIP.match(text, at):
            at = skipped.end()
            continue
        line = _LINE.match(text, at)
        number = text.count("\n", 0, at) + 1
        if line is None:
            raise ValueError(f"line {number} is not KEY=VALUE")
        if "\0" in line[0]:
            raise ValueError(f"line {number} holds a NUL, which no environment variable can")
        variables[line["key"]] = _value(line)
        at = line.end()
    return variables


def lookup(text: str, key: str) -> str:
    """The value of one variable in a file that may hold lines of another dialect; "" if it is not there."""
    for line in reversed(text.removeprefix("\ufeff").splitlines()):
        found = _LINE.fullmatch(line)
        if found and found["key"] == key:
            return _value(found)
    return ""


def _value(line: re.Match[str]) -> str:
    if line["single"] is not None:
        return line["single"]
    if line["double"] is not None:
        # An escape we do not know keeps its backslash, as in a shell's double quotes.
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), line["double"], flags=re.DOTALL)
    return _COMMENT.sub("", line["bare"] or "").strip()
