"""A YAML file as uWSGI takes it (core/yaml.c of its sources). Pure.

A uWSGI that is built with libyaml, as distributions do, reads YAML's tokens; one without, as pip installs it, has a reader
of its own that knows neither quotes nor lists. What the tokens say counts; where the other reads something else, it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import yaml

from portico.hops.uwsgi.entries import MOST_OPTIONS, TOO_MANY, Entry, Parsed, place, short

_LOADER = getattr(yaml, "CLoader", yaml.Loader)
_SEQUENCE_STARTS = (yaml.FlowSequenceStartToken, yaml.BlockSequenceStartToken)
_SEQUENCE_ENTRIES = (yaml.FlowEntryToken, yaml.BlockEntryToken)
_ENDS = (yaml.BlockEndToken, yaml.FlowSequenceEndToken)
_MOST_STEPS = 8 * MOST_OPTIONS
_OTHER = "a uWSGI without libyaml (as pip installs it)"


def parse(text: str, section: str) -> Parsed:
    """The settings under the top-level key `section`."""
    tokens = _Tokens(section)
    wrong = _wrong(text, yaml.scan, tokens.take)
    if wrong:
        line, _, said = wrong
        if "cannot start any token" in said and (read := plain(text, section)):
            # `key: %(name)` is no YAML, but just what a uWSGI without libyaml reads.
            return Parsed(read, ((line, f"a uWSGI with libyaml does not read this file ({said}): quote the value"),))
        return Parsed(error=wrong)
    found = tuple(tokens.entries)
    # uWSGI goes by the tokens alone, whether they are a document or not.
    odd = _wrong(text, yaml.parse, lambda _: True)
    told = ((odd[0], f"this is no whole YAML, uWSGI takes of it what it can: {odd[2]}"),) if odd else ()
    return Parsed(found, (*told, *tokens.problems, *_otherwise(found, plain(text, section))))


def _wrong(text: str, steps: Callable[..., Iterable[Any]], take: Callable[[Any], bool]) -> tuple[int, int, str] | None:
    """Goes through the steps until `take` has enough; line, column and what PyYAML says when it does not understand."""
    try:
        for number, step in enumerate(steps(text, Loader=_LOADER)):
            if number > _MOST_STEPS:
                return 1, 1, TOO_MANY
            if not take(step):
                break
    except yaml.reader.ReaderError as error:
        at = error.position if isinstance(error.position, int) else 0
        return (*place(text, at), f"a character that YAML does not allow: {error.reason}")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return line, column, str(error.problem or error.context or "no YAML")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return 1, 1, str(error).splitlines()[0] if str(error) else "no YAML"
    return None


class _Tokens:
    """Takes YAML's tokens one after another, as the loop in core/yaml.c does."""

    def __init__(self, section: str) -> None:
        self.asked = section
        self.depth = 0
        self.key: yaml.ScalarToken | None = None
        self.status = ""
        self.entries: list[Entry] = []
        self.problems: list[tuple[int, str]] = []
        self.seen = False

    def take(self, token: yaml.Token) -> bool:
        """Whether there is more to read."""
        if isinstance(token, yaml.StreamEndToken):
            if not self.seen:
                self.problems.append((0, f"there is no block `{self.asked}:` of options, so all of it is ignored"))
            return False
        if isinstance(token, yaml.ScalarToken):
            return self._scalar(token)
        if isinstance(token, yaml.BlockMappingStartToken):
            self._mapping()
        elif isinstance(token, (*_SEQUENCE_STARTS, *_SEQUENCE_ENTRIES)):
            self.depth += 1 if self.depth and isinstance(token, _SEQUENCE_STARTS) else 0
            self.status = "sequence"
        elif isinstance(token, _ENDS):
            more = self.depth != 1
            self.depth = max(0, self.depth - 1)
            self.key, self.status = None, ""
            return more
        else:
            self.status = {yaml.KeyToken: "key", yaml.ValueToken: "value"}.get(type(token), "")
        return True

    def _mapping(self) -> None:
        if self.depth:
            self.depth += 1
        elif self.key is not None and self.key.value == self.asked:
            self.depth, self.seen = 1, True

    def _scalar(self, token: yaml.ScalarToken) -> bool:
        if self.status == "key":
            self.key = token
        elif self.status in ("value", "sequence"):
            if self.key is not None and self.depth:
                start, end = self.key.start_mark, self.key.end_mark
                span = ((start.index, end.index),)
                self.entries.append(Entry(self.key.value, token.value, token.start_mark.line + 1, span))
            if self.status == "value":
                self.key, self.status = None, ""
        else:
            line = token.start_mark.line + 1
            self.problems.append((line, f"uWSGI stops reading at `{short(token.value)}`, which is no `key: value`"))
            return False
        return True


def _otherwise(found: tuple[Entry, ...], other: tuple[Entry, ...]) -> Iterator[tuple[int, str]]:
    for ours, theirs in zip(found, other, strict=False):
        if ours.name != theirs.name:
            yield ours.line, f"{_OTHER} reads on otherwise from `{short(ours.name)}`"
            return
        if ours.value != theirs.value:
            yield ours.line, f"{_OTHER} takes another value for `{short(ours.name)}`: quotes and line ends stay in it"
    if len(found) > len(other):
        first = found[len(other)]
        yield first.line, f"{_OTHER} reads nothing from `{short(first.name)}` on: it knows no lists and only `key: value`"
    elif len(other) > len(found):
        yield other[len(found)].line, f"{_OTHER} reads `{short(other[len(found)].name)}` too"


def plain(text: str, section: str) -> tuple[Entry, ...]:
    """What the reader of a uWSGI without libyaml takes from the same text."""
    found: list[Entry] = []
    inside = False
    start = 0
    for number, whole in enumerate(text.split("\n"), 1):
        line, at = whole.partition("#")[0], start
        start += len(whole) + 1
        key = line.lstrip(" \t\r")
        if not line:
            continue
        if key != line and not inside:
            continue
        if key == line and inside:
            break
        if not key:
            continue
        if key[0] in "-[{":
            if inside:
                break
            continue
        if not inside:
            inside = key.partition(":")[0] == section and ":" in key
            continue
        entry = _pair(key, number, at + len(line) - len(key))
        if entry is None:
            break
        found.append(entry)
    return tuple(found)


def _pair(key: str, number: int, at: int) -> Entry | None:
    cut = key.find(": ")
    cut = key.find(":\t") if cut < 0 else cut
    if cut < 0:
        return None
    name = key[:cut].rstrip(" \t")
    return Entry(name, key[cut + 2 :].lstrip(" \t\r").rstrip(" \t"), number, ((at, at + len(name)),))
