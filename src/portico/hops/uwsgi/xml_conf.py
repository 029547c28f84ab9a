"""An XML file as uWSGI takes it (core/xmlconf.c of its sources). Pure.

A uWSGI is built with expat (as pip installs it) or with libxml2. Both take the name of an element for an option and its text
for the value, an empty element for `1`. Expat's hands over only the first piece of a text, which an entity or the end of a
line ends; the whole text counts here, and where that makes a difference it is told.
"""

from __future__ import annotations

from xml.parsers import expat

from portico.hops.uwsgi.entries import MOST_OPTIONS, TOO_MANY, Entry, Parsed

#: What is deeper is no configuration.
_DEEPEST = 64


class _RefusedError(Exception):
    """Something that has no place in a configuration file."""


def parse(text: str, section: str) -> Parsed:
    """The settings of `<uwsgi>`, or of `<uwsgi id="section">` when another section than `uwsgi` is asked for."""
    reader = _Reader(text, "" if section == "uwsgi" else section)
    try:
        reader.parser.Parse(reader.data, True)
    except expat.ExpatError as error:
        return Parsed(error=(error.lineno, error.offset + 1, expat.ErrorString(error.code) or "no XML"))
    except _RefusedError as error:
        return Parsed(error=(reader.parser.CurrentLineNumber, reader.parser.CurrentColumnNumber + 1, str(error)))
    except (ValueError, LookupError) as error:
        return Parsed(error=(1, 1, str(error)))
    return Parsed(tuple(reader.entries), (*reader.none(), *reader.problems))


class _Reader:
    """Follows expat's events as uWSGI's handlers do."""

    def __init__(self, text: str, asked: str) -> None:
        self.text = text
        self.data = text.encode("utf-8", "replace")
        self.asked = asked
        self.inside = self.seen = False
        self.depth = 0
        self.name = ""
        self.span = (0, 0)
        self.at = (0, 0)
        self.line = 0
        self.pieces: list[str] = []
        self.entries: list[Entry] = []
        self.problems: list[tuple[int, str]] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = False
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def none(self) -> tuple[tuple[int, str], ...]:
        name = f'<uwsgi id="{self.asked}">' if self.asked else "<uwsgi>"
        return () if self.seen else ((0, f"there is no {name}, so all of it is ignored"),)

    def _doctype(self, *_: object) -> None:
        raise _RefusedError("a document type is not read: it may name entities and other files")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _RefusedError("elements lie too deep in one another")
        if len(self.entries) > MOST_OPTIONS:
            raise _RefusedError(TOO_MANY)
        if not self.inside:
            first = next(iter(attributes.items()), ("", ""))
            self.inside = name == "uwsgi" and (not self.asked or first == ("id", self.asked))
            self.seen = self.seen or self.inside
            return
        self._note_app(name, attributes)
        self._finish()
        at = self._offset(1)
        self.name, self.span, self.pieces = name, (at, at + len(name)), []
        self.line = self.parser.CurrentLineNumber

    def _note_app(self, name: str, attributes: dict[str, str]) -> None:
        if name == "app" and attributes:
            said = " ".join(f'{key}="{value}"' for key, value in attributes.items())
            self._note(f"`<app {said}>` is a mount to a uWSGI with libxml2; one with expat (as pip installs it) ignores it")

    def _text(self, data: str) -> None:
        if self.inside and self.name:
            self.pieces.append(data)

    def _end(self, name: str) -> None:
        self.depth -= 1
        if not self.inside:
            return
        if name == "uwsgi":
            self._finish()
            self.inside = False
        elif self.name:
            self.pieces = self.pieces or ["1"]
            at = self._offset(2)
            end = (at, at + len(name))
            has_tag = self.text[at - 2 : end[1]] == f"</{name}"
            self._finish((end,) if has_tag else ())

    def _finish(self, more: tuple[tuple[int, int], ...] = ()) -> None:
        """What was begun is a setting if it has a value by now."""
        if self.name and self.pieces:
            if len(self.pieces) > 1:
                self._note(
                    f"a uWSGI with expat (as pip installs it) takes only the first piece of the text of <{self.name}>"
                )
            self.entries.append(Entry(self.name, "".join(self.pieces), self.line, (self.span, *more)))
        self.name = ""

    def _offset(self, skip: int) -> int:
        """The event's place in the text, so many characters behind its beginning."""
        index = self.parser.CurrentByteIndex
        byte, character = self.at
        character += len(self.data[byte:index].decode("utf-8", "replace"))
        self.at = (index, character)
        return character + skip

    def _note(self, text: str) -> None:
        self.problems.append((self.parser.CurrentLineNumber, text))
