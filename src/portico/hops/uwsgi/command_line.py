"""The options on the command line of a running uWSGI, as getopt_long and uWSGI take it apart. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portico.hops.uwsgi.normal import file_of, normal, with_set
from portico.hops.uwsgi.option_names import BARE, FLAGS, KNOWN, SHORT
from portico.model.directive import Option

_WHERE = "command line"
_FILE_OPTIONS = ("ini", "include", "inherit", "config", "yaml", "json", "xmlconfig")
_SUFFIXES = (".ini", ".yaml", ".yml", ".json", ".js", ".xml")
#: Options of Python itself that take the next word.
_PYTHON_VALUED = ("-W", "-X", "--check-hash-based-pycs")


def command_line(argv: Sequence[str]) -> tuple[tuple[Option, ...], tuple[str, ...]]:
    """The options of a process's command line, and the configuration files it names, in order, as written.

    `argv` may be uWSGI's own or a Python's that runs the script `uwsgi`, `-m pyuwsgi` or Portico's launcher.
    """
    options: list[Option] = []
    files: list[str] = []
    for name, value in _pairs(_arguments(list(argv))):
        if name:
            option = normal(Option(name, value, _WHERE, value))
            options += with_set(option)
            if option.name in _FILE_OPTIONS and file_of(value):
                files.append(file_of(value))
        elif value.endswith(_SUFFIXES):
            files.append(value)
    return tuple(options), tuple(dict.fromkeys(files))


def _arguments(argv: list[str]) -> list[str]:
    """What is uWSGI's own: without the program, and without Python and the script where Python runs it."""
    if not argv or not argv[0].rpartition("/")[2].startswith(("python", "pypy")):
        return argv[1:]
    at = 1
    while at < len(argv) and argv[at].startswith("-"):
        if argv[at] in ("-m", "-c"):
            return argv[at + 2 :]
        at += 2 if argv[at] in _PYTHON_VALUED else 1
    if at == len(argv) or argv[at].endswith(_SUFFIXES):
        return argv[at:]
    if at > 1 and not _is_script(argv[at]):
        # A reload executes Python with uWSGI's own arguments.
        return argv[1:]
    return argv[at + (2 if argv[at].endswith("uwsgi_launcher.py") else 1) :]


def _is_script(word: str) -> bool:
    name = word.rpartition("/")[2]
    return name.startswith(("uwsgi", "pyuwsgi")) or name.endswith(".py")


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Name and value of each option; a word that belongs to none has no name."""
    waiting = iter(words)
    for word in waiting:
        if word == "--":
            yield from (("", rest) for rest in waiting)
        elif word.startswith("--"):
            name, sign, value = word[2:].partition("=")
            name = _whole(name)
            yield name, value if sign or _stands_alone(name) else next(waiting, "")
        elif word.startswith("-") and len(word) > 1:
            yield from _short(word[1:], waiting)
        else:
            yield "", word


def _short(letters: str, waiting: Iterator[str]) -> Iterator[tuple[str, str]]:
    """`-M`, `-p4`, `-p 4`, `-Mp4`."""
    for at, letter in enumerate(letters):
        name = SHORT.get(letter, letter)
        if name not in KNOWN or (name in FLAGS and name not in BARE):
            yield name, ""
        elif name in BARE:
            yield name, letters[at + 1 :]
            return
        else:
            yield name, letters[at + 1 :] or next(waiting, "")
            return


def _stands_alone(name: str) -> bool:
    return name in FLAGS or name in BARE or name not in KNOWN


def _whole(name: str) -> str:
    """An option may be cut short as long as only one begins like that."""
    if name in KNOWN:
        return name
    found = [known for known in KNOWN if known.startswith(name)]
    return found[0] if len(found) == 1 else name
