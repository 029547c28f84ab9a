"""Mistakes in the text of a configuration of nginx, with the line and the column where they are to be mended.

nginx names the line where it noticed a mistake, which for a missing semicolon is that of the next brace. Its words are told
beside, with its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crossplane.analyzer import CONTEXTS, DIRECTIVES, analyze
from crossplane.errors import NgxParserDirectiveError

from portico.hops.nginx.words import Lines, Token, tokens

_MOST_MISTAKES = 10
#: A word of as many bytes fills nginx's buffer (`NGX_CONF_BUFFER`).
_BUFFER_BYTES = 4096
#: Characters of a word that are told.
_LONG = 60
_DEEPEST = 1000
#: Blocks whose entries are directives.
_KNOWN_BLOCKS = frozenset(name for context in CONTEXTS for name in context)
#: Directives of any module are written so.
_NAME = re.compile("[a-z][a-z0-9_]*")
#: Space to the eye, but to nginx a part of the word.
_ODD_SPACE = re.compile("[\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff\v\f\x1c-\x1f\x85]")
#: They take any number of words, of which none is the name of a directive that may begin a line.
_CHOOSY = ("listen", "access_log", "error_page", "ssl_protocols")
_PARAMETERS = ("ssl", "http2", "http3", "proxy_protocol")


@dataclass(frozen=True)
class Mistake:
    """`line` and `column` count from 1."""

    line: int
    column: int
    text: str


def mistakes(text: str, free: bool = False) -> tuple[Mistake, ...]:
    """What nginx would refuse in a file, as far as the text alone decides it, in order; not more than ten. `free`: the file
    is the content of a block such as `map` or `types`, where anything may be a name."""
    return _Check(text, free).all()


def _short(word: str) -> str:
    return word if len(word) <= _LONG else f"{word[:_LONG]}..."


@dataclass(frozen=True)
class _Block:
    name: str
    place: int
    indent: int | None
    known: bool


class _Check:
    """One walk through a text: the words of the statement that is open, and the blocks that are."""

    def __init__(self, text: str, free: bool) -> None:
        self._text = text
        self._lines = Lines(text)
        self._free = free
        self._words: list[Token] = []
        self._blocks: list[_Block] = []
        self._suspect: _Block | None = None
        self._found: list[Mistake] = []
        # What follows from a mistake that was told is not told: of the statement, and of the count of the braces.
        self._spoilt = False
        self._uneven = False

    def all(self) -> tuple[Mistake, ...]:
        for token in tokens(self._text):
            if len(self._found) >= _MOST_MISTAKES:
                return tuple(self._found)
            if token.kind == "open":
                self._unclosed_quote(token)
                return tuple(self._found)
            if token.kind == "mark":
                self._mark(token)
                if len(self._blocks) > _DEEPEST:
                    self._tell(token.start, f"more than {_DEEPEST} blocks within each other")
                    return tuple(self._found)
            else:
                self._word(token)
        self._end()
        return tuple(self._found)

    def _tell(self, place: int, text: str) -> None:
        self._found.append(Mistake(*self._lines.at(place), text))

    def _name(self, place: int = 0) -> str:
        """One of the words of the statement, as it is told."""
        return _short(self._words[place].value)

    def _line(self, place: int) -> int:
        return self._lines.at(place)[0]

    def _known(self) -> bool:
        """Whether directives stand here, rather than entries of any name."""
        return self._blocks[-1].known if self._blocks else not self._free

    def _word(self, token: Token) -> None:
        self._words.append(token)
        if len(token.text) > _BUFFER_BYTES // 4 and len(token.value.encode("utf-8", "replace")) >= _BUFFER_BYTES:
            self._tell(token.start, f'too long parameter "{token.value[:10]}..." started')
        after = self._text[token.end : token.end + 1]
        if token.kind == "quoted" and after not in " \t\r\n;{)":
            line, column = self._lines.at(token.start)
            opened = f": the quote that opens in line {line}, column {column} ends before it" if "\n" in token.text else ""
            self._tell(token.end, f'unexpected "{after}"{opened}')
            self._spoilt = True
        elif token.kind == "word" and not token.text.isprintable():
            self._odd_space(token)

    def _odd_space(self, token: Token) -> None:
        found = _ODD_SPACE.search(token.text)
        name = len(self._words) == 1 and self._known()
        if found and (name or found.start() == 0 or found.end() == len(token.text)):
            self._tell(
                token.start + found.start(), f"U+{ord(found[0]):04X} looks like a space, and nginx takes it for a letter"
            )

    def _mark(self, token: Token) -> None:
        if token.text == "}":
            self._close(token)
        elif not self._words:
            self._tell(token.start, f'unexpected "{token.text}"')
            if token.text == "{":
                self._uneven = True
                self._open(token)
        else:
            self._statement(token)
        self._words, self._spoilt = [], False

    def _statement(self, end: Token) -> None:
        swallowed = self._swallowed()
        refused = self._refused(end) if self._known() and not self._spoilt else ""
        if swallowed and (refused or self._words[0].value in _CHOOSY):
            self._unterminated(swallowed, refused or f'invalid parameter "{self._name(swallowed)}"', end.start)
        elif refused:
            place = end if end.text == "{" and refused.endswith('terminated by ";"') else self._words[0]
            self._tell(place.start, refused)
        if end.text == "{":
            self._open(self._words[swallowed if refused else 0])

    def _refused(self, end: Token) -> str:
        """In nginx's words, why it takes no such statement; empty when it may."""
        name, *args = (word.value for word in self._words)
        if not _NAME.fullmatch(name):
            return "" if _ODD_SPACE.search(name) else f'unknown directive "{self._name()}"'
        try:
            analyze("", {"directive": name, "args": args, "line": 0}, end.text, check_ctx=False)
        except NgxParserDirectiveError as error:
            return re.sub(rf"\S{{{_LONG}}}\S+", lambda found: _short(found[0]), str(error.strerror))
        return ""

    def _swallowed(self) -> int:
        """The first of the words that begins a line and is the name of a directive: there a semicolon may be missing before
        it. 0 when there is none."""
        for place, word in enumerate(self._words[1:], 1):
            named = word.kind == "word" and word.text in DIRECTIVES and word.text not in _PARAMETERS
            if named and self._lines.indent(word.start) is not None:
                return place
        return 0

    def _unterminated(self, swallowed: int, refused: str, noticed: int) -> None:
        words = f'directive "{self._name()}" is not terminated by ";"'
        said = "nginx notices it" if refused == words else f"nginx: {refused}"
        self._tell(self._words[swallowed - 1].end, f"{words} ({said} in line {self._line(noticed)})")

    def _open(self, name: Token) -> None:
        known = self._known() and name.value in _KNOWN_BLOCKS
        self._blocks.append(_Block(_short(name.value), name.start, self._lines.indent(name.start), known))

    def _close(self, token: Token) -> None:
        if self._words:
            swallowed = self._swallowed() or len(self._words)
            self._unterminated(swallowed, 'unexpected "}"', token.start)
        elif not self._blocks:
            self._tell(token.start, 'unexpected "}"')
            self._uneven = True
        if self._blocks:
            closed, indent = self._blocks.pop(), self._lines.indent(token.start)
            if indent is not None and closed.indent is not None and indent < closed.indent:
                self._suspect = self._suspect or closed

    def _unclosed_quote(self, token: Token) -> None:
        quote, rest = token.text[0], token.text[1:]
        if len(rest.encode("utf-8", "replace")) > _BUFFER_BYTES:
            said = f'too long parameter, probably missing terminating "{quote}" character'
        else:
            said = f'unexpected end of file, expecting ";" or "}}" in line {self._line(len(self._text))}'
        self._tell(token.start, f"the quote that opens here is never closed (nginx: {said})")

    def _end(self) -> None:
        if self._words:
            self._unterminated(
                self._swallowed() or len(self._words), 'unexpected end of file, expecting ";" or "}"', len(self._text)
            )
        elif self._blocks and not self._uneven:
            block = self._suspect or self._blocks[-1]
            line, column = self._lines.at(block.place)
            opened = f"`{block.name}` opens a block in line {line}, column {column} that is never closed"
            self._tell(len(self._text), f'unexpected end of file, expecting "}}": {opened}')
