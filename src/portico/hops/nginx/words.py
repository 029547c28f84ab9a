"""The words, marks and quotes of a text of nginx's configuration, as nginx's own tokenizer parts them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

#: `ngx_conf_read_token`: only four characters are space, a quote has a meaning only at the beginning of a word, `{` is part
#: of a word after `$`, `}` anywhere but at its beginning.
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+) | (?P<comment>\#[^\n]*) | (?P<mark>[;{}])
    | (?P<quoted> "[^"\\]*(?:\\.[^"\\]*)*" | '[^'\\]*(?:\\.[^'\\]*)*' )
    | (?P<open>["'])
    | (?P<word> (?: \\(?:.|\Z) | \$+\{* | [^ \t\r\n;{\\$]+ )+ )""",
    re.VERBOSE | re.DOTALL,
)
#: What keeps a brace of Lua from counting (https://www.lua.org/manual/5.1/manual.html#2.1): `long` runs to the bracket that
#: has as many equal signs; a string that is not closed ends with its line.
_LUA = re.compile(
    r"""(?:--)?\[(?P<long>=*)\[ | --[^\n]* | [{}]
    | "[^"\\\n]*(?:\\.[^"\\\n]*)*"? | '[^'\\\n]*(?:\\.[^'\\\n]*)*'?""",
    re.VERBOSE | re.DOTALL,
)
_BOM = "\ufeff"
_MOST_INDENT = 1000


@dataclass(frozen=True)
class Token:
    """A piece of the text: `[start:end]` of it, quotes included. `open` is a quote that is never closed, up to the end."""

    kind: Literal["mark", "quoted", "open", "word"]
    start: int
    end: int
    text: str

    @property
    def value(self) -> str:
        """Without its quotes."""
        return self.text[1:-1] if self.kind == "quoted" else self.text


def tokens(text: str) -> Iterator[Token]:
    """All but space and comments, in order. Lua code is left out: of its block only the braces are told."""
    place, first, lua = len(_BOM) if text.startswith(_BOM) else 0, True, False
    while (found := _TOKEN.match(text, place)) is not None:
        kind, place = found.lastgroup, found.end()
        if kind in ("word", "quoted", "mark"):
            token = Token(kind, found.start(), place, found[0])  # type: ignore[arg-type]
            yield token
            if token.text == "{" and lua:
                place = _lua_end(text, place)
            lua = token.value.endswith("_by_lua_block") if first else lua and kind != "mark"
            first = kind == "mark"
        elif kind == "open":
            yield Token("open", found.start(), len(text), text[found.start() :])
            return


def _lua_end(text: str, place: int) -> int:
    """Where the brace is that ends the Lua code at `place`; the end of the text when there is none."""
    depth = 1
    while (found := _LUA.search(text, place)) is not None:
        place = found.end()
        if found["long"] is not None:
            closing = f"]{found['long']}]"
            place = text.find(closing, place)
            if place < 0:
                break
            place += len(closing)
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return found.start()
    return len(text)


class Lines:
    """Lines and columns of places in a text, both counted from 1; a column counts characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def at(self, place: int) -> tuple[int, int]:
        """Line and column of a place."""
        line = bisect_right(self._starts, place)
        return line, place - self._starts[line - 1] + 1

    def indent(self, place: int) -> int | None:
        """How far what stands there is set in; None when something else is before it in its
        line, or very much space."""
        begin = self._starts[bisect_right(self._starts, place) - 1]
        if place - begin > _MOST_INDENT:
            return None
        before = self._text[begin:place]
        return len(before.expandtabs()) if not before.strip(" \t\r" + _BOM) else None
