"""Copies of a uWSGI's configuration in which nothing is left but its own logic: whatever they hold, uWSGI does nothing.

Every option gets a name that no uWSGI knows, and references to it too; files are named by where their copies lie; and no `@`
is left, by which a value could name a program. What cannot be copied so is not asked (`NotAskedError`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from portico.hops.uwsgi import conditions, formats
from portico.hops.uwsgi.magic import UNKNOWN
from portico.hops.uwsgi.settings import Line, Load
from portico.hops.uwsgi.surroundings import Surroundings

PREFIX = "portico-copy-of-"
#: They stand for `@`, and for `$` where the environment is not known: private characters of Unicode.
AT, MONEY = "\ue000", "\ue001"
_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*", re.ASCII)
_SECTION = re.compile(r"[\w.:-]+", re.ASCII)
_MAGIC = re.compile(r"%(.)", re.S)
_REFERENCE = re.compile(r"%\(([^()]*)\)")
_AT_FILE = re.compile(r"@\(([^()$%@]+)\)")
_OPERATORS = ("_", "+", "-", "*", "/", "++", "--")
_SETTERS = ("set", "set-placeholder", "set-ph")
#: uWSGI cuts longer lines off when it shows them.
LONGEST = 3000


class NotAskedError(Exception):
    """What in a configuration cannot be put before the real uWSGI; the text is `file:line: ` and why."""


@dataclass
class Copies:
    """The copies by their absolute paths, and the arguments that uWSGI is given for them."""

    root: str
    around: Surroundings
    files: dict[str, str] = field(default_factory=dict)
    argv: list[str] = field(default_factory=list)

    def path(self, load: Load) -> str:
        there = load.loaded.there.replace("@", AT)
        if not there.startswith("/") or re.search(r"[\r\n\0:]|/\.\.(/|$)", there):
            raise NotAskedError(f"{load.loaded.here}: uWSGI is not asked about a file of such a name")
        return self.root + there

    def lines_of(self, line: Line) -> str:
        """A copy of the file that a loop reads line by line."""
        text = self.around.text(line.value)
        if text is None or "@" in text or "\0" in text:
            raise NotAskedError(f"{line.where}: `{line.name}` on such a file")
        path = f"{self.root}/lines-{len(self.files)}"
        self.files[path] = text
        return path

    def text_of(self, path: str, line: Line) -> str:
        """What `@(path)` puts into a value."""
        text = self.around.text(path)
        text = text[:-1] if text and text[-1] in "\r\n" else text
        if text is None or "://" in path or re.search(r"[\r\n\0@]", text):
            raise NotAskedError(f"{line.where}: uWSGI is not asked what `@(...)` stands for")
        return _REFERENCE.sub(_reference, text).replace("%", "%%")


def copies(top: list[Line | Load], root: str, around: Surroundings) -> Copies:
    """Of everything that was read, below the folder `root`. Raises NotAskedError."""
    made = Copies(root, around)
    seen: set[tuple[str, str]] = set()
    for one in top:
        if isinstance(one, Load):
            made.argv += ["--ini", _named(made, one)]
            _copy(made, one, seen)
            continue
        made.argv += _arguments(made, one)
        for load in one.loads:
            _copy(made, load, seen)
    return made


def _arguments(made: Copies, line: Line) -> Iterator[str]:
    """Those of an emperor to its vassal."""
    for text in _lines(made, line, ""):
        name, _, value = text.partition(" = ")
        if not name.startswith(PREFIX):
            yield f"--{name}={value}"
        elif line.name in ("include", "inherit"):
            yield f"--set-placeholder={name}={value}"
        else:
            raise NotAskedError(f"{line.where}: uWSGI is not asked about options of the environment")


def is_made(name: str, value: str, root: str) -> bool:
    """Whether a setting that uWSGI shows is one that was put in to load another copy."""
    if name == "set-placeholder":
        return value.startswith((f"{PREFIX}include=", f"{PREFIX}inherit="))
    return name in ("ini", "inherit") and value.startswith(root)


def _named(made: Copies, load: Load) -> str:
    section = load.section
    if section is None:
        return made.path(load)
    if not _SECTION.fullmatch(section) or ":" in section:
        raise NotAskedError(f"{load.loaded.here}: uWSGI is not asked about a section of such a name")
    return f"{made.path(load)}:{section}"


def _copy(made: Copies, load: Load, seen: set[tuple[str, str]]) -> None:
    section = load.section or "uwsgi"
    path = made.path(load)
    if (path, section) in seen:
        return
    seen.add((path, section))
    if not load.is_raw:
        raise NotAskedError(f"{load.loaded.here}: its magic variables change how it is read")
    text = [f"[{section}]"]
    for line in load.lines:
        text += _lines(made, line, load.loaded.there)
        for further in line.loads:
            _copy(made, further, seen)
    made.files[path] = made.files.get(path, "") + "\n".join(text) + "\n"


def _lines(made: Copies, line: Line, file: str) -> Iterator[str]:
    name = line.name
    if not _NAME.fullmatch(name):
        raise NotAskedError(f"{line.where}: uWSGI is not asked about a name with such characters")
    if name in conditions.ENDS:
        yield f"{name} = {_value(made, line, file)}"
    elif name in conditions.LOGIC and line.is_known:
        yield f"{name} = {_argument(made, line, file)}"
    elif name in _SETTERS:
        yield f"{name} = {PREFIX}{_value(made, line, file)}"
    else:
        yield f"{PREFIX}{name} = {_value(made, line, file)}"
        yield from _loading(made, line)


def _loading(made: Copies, line: Line) -> Iterator[str]:
    if line.loads and line.is_looped:
        raise NotAskedError(f"{line.where}: a file in a loop")
    for load in line.loads:
        if line.name != "inherit":
            yield f"ini = {_named(made, load)}"
        elif formats.by_name(load.loaded.there) == "ini" and load.section is None:
            yield f"inherit = {made.path(load)}"
        else:
            raise NotAskedError(f"{line.where}: it inherits a file that is not written as ini")


def _argument(made: Copies, line: Line, file: str) -> str:
    """Of a loop or condition. Paths are as they came out, since the copies lie elsewhere."""
    name = line.name
    if name in ("if-opt", "if-not-opt"):
        return PREFIX + _value(made, line, file)
    if name not in conditions.ON_FILES:
        return _value(made, line, file)
    path = line.value
    if "@" in path or "//" in path or path != path.strip() or re.search(r"[\r\n\0]", path):
        raise NotAskedError(f"{line.where}: `{name}` on such a path")
    return (made.lines_of(line) if name == "for-readline" else path).replace("%", "%%")


def _value(made: Copies, line: Line, file: str) -> str:
    raw = line.raw
    if re.search(r"[\r\n\0]", raw) or raw != raw.strip(" \t") or len(raw) > LONGEST:
        raise NotAskedError(f"{line.where}: a value that cannot stand in a line of an ini file")
    if AT in raw or MONEY in raw or PREFIX in raw:
        raise NotAskedError(f"{line.where}: uWSGI is not asked about such a value")
    odd = [letter for letter in _MAGIC.findall(raw) if letter in "oO" or not letter.isascii()]
    if odd or re.search(r"%%\(|%\([^)]*\(|%[A-Za-z0-9]\(|(?<!%)(?:%%)*%$", raw):
        raise NotAskedError(f"{line.where}: uWSGI is not asked about such magic variables")
    parts = [part for part in file.rpartition("/")[0].split("/") if part]
    plain = _REFERENCE.sub(_reference, _MAGIC.sub(lambda match: _letter(match, parts), raw))
    plain = _AT_FILE.sub(lambda match: made.text_of(match[1], line), plain)
    if "@(" in plain:
        raise NotAskedError(f"{line.where}: uWSGI is not asked what `@(...)` stands for")
    plain = plain.replace("@", AT)
    return plain.replace("$", MONEY) if made.around.environ is None else plain


def _letter(match: re.Match[str], parts: list[str]) -> str:
    """Those that count the folders from the root on are replaced, those that nobody knew stay as they were read."""
    letter = match[1]
    if letter.isdigit():
        number = int(letter)
        return parts[number].replace("%", "%%") if number < len(parts) else ""
    return f"%%{letter}" if letter in UNKNOWN else match[0]


def _reference(match: re.Match[str]) -> str:
    words = (word if word.isdigit() or word in _OPERATORS or not word else PREFIX + word for word in match[1].split(" "))
    return f"%({' '.join(words)})"


def back(text: str, root: str) -> str:
    """What uWSGI shows of a copy, as it would of the original."""
    return text.replace(root, "").replace(PREFIX, "").replace(AT, "@").replace(MONEY, "$")
