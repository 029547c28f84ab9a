"""Read `portico.toml` or `[tool.portico]`, and say exactly where a mistake is."""

from __future__ import annotations

import difflib
import errno
import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from portico.actions.config_texts import lost_paths, problems
from portico.model.config import Config
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Finding, Kind

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NOT_TOML = Kind(
    "config.E001",
    "config",
    "The configuration file is not valid TOML",
    "A file that cannot be parsed says nothing, and guessing would start something else than you meant.",
    "https://toml.io/en/v1.0.0",
    shows="Every command that needs the configuration ends with exit status 2 and names the line and the column. What runs "
    "already serves on.",
    example="listen = 0.0.0.0:80           # text without quotes",
    cure='Put text in quotes (`listen = "0.0.0.0:80"`), close every bracket and quote, and save the file as UTF-8. '
    "`portico config` reads it and changes nothing.",
)
UNKNOWN_KEY = Kind(
    "config.E002",
    "config",
    "Unknown key in the configuration",
    "A misspelt key would silently leave the default in force.",
    "docs/configuration.md",
    shows="The command ends with exit status 2, names file, line and key, and asks whether you meant the one that looks "
    "most like it.",
    example="[uwsgi]\nprocess = 4                   # the key is `processes`",
    cure="Correct the name, or move the key into its table. Options of nginx itself go into `extra_main`, `extra_http`, "
    "`extra_server` or `extra_location` of `[nginx]`, those of uWSGI into `extra` of `[uwsgi]`.",
)
BAD_VALUE = Kind(
    "config.E003",
    "config",
    "A value in the configuration cannot be used",
    "Portico renders only values it understands, so that text from a file never becomes another directive.",
    "docs/configuration.md",
    shows="The command ends with exit status 2, names file, line and key, and says which form is needed.",
    example='[uwsgi]\nharakiri = "one minute"',
    cure='Write the value as the key takes it: durations as `30`, `"30s"` or `"2m"`, sizes as bytes or `"75m"`, text in '
    "quotes, paths that exist.",
)
UNREADABLE = Kind(
    "config.E004",
    "config",
    "The configuration file cannot be read",
    "Starting without a configuration that exists would start something else than you meant.",
    source="https://man7.org/linux/man-pages/man7/path_resolution.7.html",
    shows="The command ends with exit status 2 before anything is changed.",
    example="-rw------- 1 root root 212 /srv/shop/portico.toml     # and the command runs as ana",
    cure="It has to be an ordinary file, or a link to one, that the account of the command may read: `ls -ld "
    "portico.toml`, then `chown` or `chmod u+r`.",
)


@dataclass(frozen=True)
class Loaded:
    """The configuration and where each key stands: `places` maps `nginx.charset` to `portico.toml:12`."""

    config: Config
    file: str = ""
    places: Mapping[str, str] = field(default_factory=dict)


def load(project: Path) -> Loaded:
    """The configuration of a project folder: portico.toml, else pyproject.toml's [tool.portico], else empty."""
    for name, prefix in (("portico.toml", ()), ("pyproject.toml", ("tool", "portico"))):
        path = project / name
        if not path.exists() and not path.is_symlink():
            continue
        text = _read(path)
        table = _table(text, name, prefix)
        if table is None:
            continue
        lines = key_lines(text)
        try:
            config = Config.model_validate(table)
        except ValidationError as error:
            found = [_mistake(detail, name, prefix, lines) for detail in error.errors()]
            # A key that may be one of several types is reported once for each.
            found = list({finding.title: finding for finding in found}.values())
            raise PorticoError(found[0], Exit.USAGE, found[1:]) from None
        places = _places(name, prefix, lines)
        loaded = Loaded(config, name, places)
        _refuse(loaded, problems(config))
        return loaded
    return Loaded(Config.model_construct())


def prove_paths(loaded: Loaded, project: Path) -> None:
    """Raise for a configured path that is not there, or is not what its key needs."""
    _refuse(loaded, lost_paths(loaded.config, project))


def _refuse(loaded: Loaded, found: Iterable[tuple[str, str, str]]) -> None:
    unusable = [_bad_value(key, why, loaded.places.get(key, loaded.file), value) for key, why, value in found]
    if unusable:
        raise PorticoError(unusable[0], Exit.USAGE, unusable[1:])


def _read(path: Path) -> str:
    try:
        if not path.is_file():
            raise OSError(errno.EINVAL, "it is a folder" if path.is_dir() else "it is no file, or a link that leads to none")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = f"{path.name}:{line}: the byte 0x{error.object[error.start]:02x} there"
        finding = NOT_TOML.found(
            cause=f"{byte} is not UTF-8 text", evidence=[byte], fix=["save the file as UTF-8 text, or remove that character"]
        )
    except OSError as error:
        finding = UNREADABLE.found(
            cause=f"{path}: {error.strerror}",
            evidence=[str(path)],
            fix=[f"ls -ld {shlex.quote(str(path))}   # it has to be a file this account may read"],
        )
    raise PorticoError(finding, Exit.USAGE)


def _table(text: str, name: str, prefix: Sequence[str]) -> Any:
    try:
        table: Any = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        why = "arrays or tables are nested too deeply" if isinstance(error, RecursionError) else str(error)
        place = re.search(r"line (\d+), column (\d+)", why)
        where = f"{name}:{place[1]}:{place[2]}" if place else name
        finding = NOT_TOML.found(
            cause=f"{where}: {why.partition(' (at ')[0]}",
            evidence=[f"{where}: {_shown_line(text, int(place[1]))}".rstrip(": ") if place else where],
            fix=["correct that line; text values need quotes, and a table starts with [name]"],
        )
        raise PorticoError(finding, Exit.USAGE) from None
    for part in prefix:
        table = table.get(part) if isinstance(table, dict) else None
    return table


def _shown_line(text: str, number: int) -> str:
    """A line of the file as evidence; of a variable in `env` only the name, because its value may be a secret."""
    lines = text.splitlines()[:number]
    line = lines[-1].strip()[:160] if len(lines) == number else ""
    tables = [header[1] for above in lines if (header := _HEADER.match(above))]
    name, equals, _ = line.partition("=")
    secret = "env" in f"{_dotted(tables[-1]) if tables else ''}.{_dotted(name)}".split(".")
    return f"{name}{equals} …" if secret else line


_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=")


def key_lines(text: str) -> dict[str, int]:
    """Line numbers (from 1) of the keys and tables of a TOML text, by dotted name. Used in messages only."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _dotted(header[1])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            name = _dotted(key[1])
            lines.setdefault(f"{table}.{name}" if table else name, number)
    return lines


def _dotted(text: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in text.split("."))


def _places(name: str, prefix: Sequence[str], lines: Mapping[str, int]) -> dict[str, str]:
    start = ".".join(prefix) + "." if prefix else ""
    return {key.removeprefix(start): f"{name}:{line}" for key, line in lines.items() if key.startswith(start)}


def _mistake(detail: ErrorDetails, name: str, prefix: Sequence[str], lines: Mapping[str, int]) -> Finding:
    names = [str(part) for part in detail["loc"] if not str(part).startswith("function-")]
    names = names[:1] if names[:1] == ["listen"] else names
    key = _printable(".".join(names)) if names else f"[{'.'.join(prefix)}]"
    line = next((lines[full] for n in range(len(names), 0, -1) if (full := ".".join((*prefix, *names[:n]))) in lines), 0)
    where = f"{name}:{line}" if line else name
    if detail["type"] == "extra_forbidden":
        known = _known_keys(names[:-1])
        close = difflib.get_close_matches(names[-1], known, n=1, cutoff=0.75) or _elsewhere(names[-1])
        close = close or difflib.get_close_matches(names[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean `{close[0]}`?" if close else "remove it, or see docs/configuration.md for the keys there are"
        return UNKNOWN_KEY.found(
            cause=f"`{key}` is not a key of Portico",
            evidence=[f"{where}: {key}"],
            fix=[hint],
            title=f"Unknown key `{key}`",
        )
    value = "" if names[:1] == ["env"] else repr(detail["input"])[:160]
    return _bad_value(key, _reason(detail), where, value)


def _bad_value(key: str, why: str, where: str, value: str = "") -> Finding:
    key = _printable(key)
    meaning = _meaning(key)
    return BAD_VALUE.found(
        cause=f"{key}: {why}",
        evidence=[f"{where}: {key}" + (f" = {value}" if value else "")],
        fix=[f"correct {key} in {where}" + (f"   # {meaning}" if meaning else "")],
        title=f"`{key}` cannot be used",
    )


def _printable(key: str) -> str:
    return key if key and key.isprintable() else repr(key)


def _reason(detail: ErrorDetails) -> str:
    """pydantic's message in terms of the file."""
    if detail["loc"][:1] == ("listen",):
        return "it must be text in quotes or a whole number"
    if detail["type"] in ("model_type", "dict_type"):
        return "it must be a table"
    if detail["type"] == "string_pattern_mismatch":
        return "it is not of the form that is needed"
    message = detail["msg"].removeprefix("Value error, ").replace("be True", "be true")
    return message.replace("Input should be a valid string", "it must be text in quotes").replace("Input should", "it must")


def _meaning(key: str) -> str:
    """What the documentation says of a key, or of the table it is in."""
    model: Any = Config
    said = ""
    for part in key.split("."):
        info = model.model_fields.get(part) if isinstance(model, type) and issubclass(model, BaseModel) else None
        if info is None:
            break
        said, model = info.description or "", info.annotation
    return said


def _known_keys(path: Sequence[str]) -> list[str]:
    model: Any = Config
    for part in path:
        info = model.model_fields.get(part) if isinstance(model, type) and issubclass(model, BaseModel) else None
        model = info.annotation if info else None
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _elsewhere(name: str) -> list[str]:
    """The dotted names of keys in any table that are called like this: `processes` belongs under [uwsgi]."""
    spelled = name.replace("-", "_")
    tables = (
        ("", Config),
        ("nginx.", Config.model_fields["nginx"].annotation),
        ("uwsgi.", Config.model_fields["uwsgi"].annotation),
    )
    every = {f"{prefix}{key}": key for prefix, model in tables if model for key in model.model_fields}
    close = difflib.get_close_matches(spelled, list(every.values()), n=1, cutoff=0.75)
    return [dotted for dotted, key in every.items() if close and key == close[0]]
