"""The ledger for people: a block, and lines that meet the same fate for the same reason, as one row. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from portico.model.adoption import Carried

_INNER = "part of the block in line "
#: Of another site, what is said of one of its lines is said of all, wherever they stand.
_ANOTHER = "another site"
#: Files with nothing but variables for uWSGI; of their lines none is told by itself.
_PARAMS = "uwsgi_params"
_LONGEST = 120
_MOST_PLACES = 4


@dataclass(frozen=True)
class Row:
    """`where` are the places (`nginx.conf:12-31, uwsgi_params:2-16`), `text` the lines, or the first and how many more;
    `key` and `why` are those of the lines."""

    where: str
    text: str
    key: str
    why: str


def folded(lines: Sequence[Carried], fate: str, short: Callable[[str], str] = str) -> list[Row]:
    """The rows for all lines of that fate, in the order of `lines`, which is the whole ledger. `short` is how a place is
    told."""
    known: dict[str, set[int]] = {}
    for line in lines:
        file, number = _place(line.where)
        known.setdefault(file, set()).add(number)
    numbers = {file: sorted(found) for file, found in known.items()}
    return [_row(group, numbers, short) for group in _groups([line for line in lines if line.fate == fate])]


def _groups(lines: Sequence[Carried]) -> list[list[Carried]]:
    groups: list[list[Carried]] = []
    elsewhere: dict[str, list[Carried]] = {}
    for line, following in zip(lines, [*lines[1:], None], strict=False):
        opens = following is not None and _is_inner(following) and not _is_inner(line)
        if line.why in elsewhere:
            elsewhere[line.why].append(line)
        elif groups and not opens and _together(groups[-1], line):
            groups[-1].append(line)
        else:
            groups.append([line])
            if line.why.startswith(_ANOTHER):
                elsewhere[line.why] = groups[-1]
    return groups


def _together(group: Sequence[Carried], line: Carried) -> bool:
    if group[-1].key != line.key or _is_inner(line) or _is_inner(group[-1]):
        return group[-1].key == line.key and _is_inner(line)
    return group[0].why == line.why or (_is_param(group[-1]) and _is_param(line))


def _is_inner(line: Carried) -> bool:
    return line.why.startswith(_INNER)


def _is_param(line: Carried) -> bool:
    file, _ = _place(line.where)
    return file.endswith(_PARAMS) and line.text.startswith("uwsgi_param")


def _row(group: Sequence[Carried], numbers: Mapping[str, Sequence[int]], short: Callable[[str], str]) -> Row:
    whys = list(dict.fromkeys(line.why for line in group if line.why and not _is_inner(line)))
    places = [short(place) for place in _places(group, numbers)]
    if len(places) > _MOST_PLACES:
        places = [*places[: _MOST_PLACES - 1], f"and {len(places) - _MOST_PLACES + 1} more"]
    return Row(", ".join(places), _text(group), group[0].key, "; ".join(whys))


def _text(group: Sequence[Carried]) -> str:
    if len(group) == 1:
        return group[0].text
    every = "; ".join(line.text for line in group)
    if _is_inner(group[-1]):
        every = f"{group[0].text} {{ {'; '.join(line.text for line in group[1:])} }}"
    if len(every) <= _LONGEST:
        return every
    more = len(group) - 1
    return f"{group[0].text}, and {more} more line{'s' if more > 1 else ''}"


def _places(group: Sequence[Carried], numbers: Mapping[str, Sequence[int]]) -> Iterator[str]:
    """The lines of each file, those that follow each other as `first-last`: none of another row stands between."""
    found: dict[str, set[int]] = {}
    for line in group:
        file, number = _place(line.where)
        found.setdefault(file, set()).add(number)
    for file, own in found.items():
        if own == {0}:
            yield file
            continue
        runs: list[list[int]] = []
        for number in sorted(own - {0}):
            every = numbers[file]
            before = every[bisect_left(every, number) - 1]
            if runs and runs[-1][1] == before:
                runs[-1][1] = number
            else:
                runs.append([number, number])
        yield from (f"{file}:{first}" if first == last else f"{file}:{first}-{last}" for first, last in runs)


def _place(where: str) -> tuple[str, int]:
    """File and line; 0 where a place is a whole file."""
    file, _, number = where.rpartition(":")
    return (file, int(number)) if file and number.isascii() and number.isdigit() else (where, 0)
