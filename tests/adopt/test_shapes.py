"""Hand-written deployments of many shapes, and the portico.toml that means the same: tests/adopt/shapes/NAME/shape.toml.

`[expected]` is the configuration, where `{here}` stands for the shape's folder; `[fates]` what becomes of notable lines: a
fate, or fates with `|` between them, and behind it the key it goes to. Paths of no other machine than this need to exist.
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crossplane
import pytest
import tomllib

from portico.actions.adopt.asked import Asked
from portico.actions.adopt.run import adopt
from portico.actions.listen import DEFAULT
from portico.actions.listen import parse as parse_listen
from portico.actions.looked import Looked
from portico.model.config import Config
from portico.model.result import Result

SHAPES = Path(__file__).parent / "shapes"
#: What nginx finds where it looks for files that a distribution brings: this machine's own would make other plans.
NGINX = Path(__file__).parent / "nginx"
NAMES = sorted(path.parent.name for path in SHAPES.glob("*/shape.toml"))
FATES = {"key", "same", "raw", "differs", "left"}


@dataclass(frozen=True)
class Shape:
    """One folder: what was asked, what shape.toml expects, and what came out. `written` is portico.toml on the disk, `mode`
    its permission bits."""

    folder: Path
    about: Mapping[str, Any]
    result: Result
    written: str
    mode: int


def _asked(folder: Path, about: Mapping[str, Any], project: Path, write: bool) -> Asked:
    maps = [text.split("=", 1) for text in about.get("maps", ())]
    if not about.get("root") and not any(old == "/etc/nginx" for old, _ in maps):
        maps.append(["/etc/nginx", str(NGINX)])
    return Asked(
        project=project,
        nginx=str(folder / about["nginx"]) if about.get("nginx") else "",
        uwsgi=tuple(str(folder / name) for name in about.get("uwsgi", ())),
        server=about.get("server", ""),
        root=str(folder / about["root"]) if about.get("root") else "",
        maps=tuple(f"{old}={folder / new}" for old, new in maps),
        write=write,
    )


@functools.cache
def _about(name: str) -> dict[str, Any]:
    folder = SHAPES / name
    return tomllib.loads((folder / "shape.toml").read_text(encoding="utf-8").replace("{here}", str(folder)))


@pytest.fixture(scope="module", params=NAMES)
def shape(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shape:
    """Each shape is taken over once for all tests of this file. What an auditor of nginx's files says is not asked here: it
    is a process of its own for each."""
    name = request.param
    project = tmp_path_factory.mktemp(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portico.actions.adopt.run.audited", lambda conf, **_: Looked())
        result = adopt(_asked(SHAPES / name, _about(name), project, write=True))
    file = project / "portico.toml"
    return Shape(SHAPES / name, _about(name), result, file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777)


def test_the_configuration_means_what_the_files_mean(shape: Shape) -> None:
    nothing = {"static": {}, "media": {}} if shape.about.get("nginx") else {}

    # What nginx does not serve, Portico may not find in Django's settings.
    assert _plain(tomllib.loads(shape.written)) == _plain({**nothing, **shape.about["expected"]})


def test_notable_lines_have_the_fate_they_should(shape: Shape) -> None:
    lines = [(_short(line["where"], shape), line) for line in shape.result.data["lines"]]
    wrong = {}
    for place, wanted in shape.about["fates"].items():
        fates, _, key = wanted.partition(" ")
        got = [line for where, line in lines if where == place]
        if not any(line["fate"] in fates.split("|") and key in ("", *_keys(line)) for line in got):
            wrong[place] = (wanted, [(line["fate"], line["key"], line["text"]) for line in got])

    assert wrong == {}


def test_no_line_is_dropped(shape: Shape) -> None:
    told = Counter(_short(line["where"], shape) for line in shape.result.data["lines"])
    there = Counter(_short(where, shape) for where in _directives(shape))
    options = {_short(where, shape) for where in _options(shape)}

    whole = {_short(line["where"], shape) for line in shape.result.data["lines"] if line["fate"] == "left"}

    assert {place: count for place, count in there.items() if told[place] < count} == {}
    assert {place for place in options if place not in told and place.rpartition(":")[0] not in whole} == set()


def test_every_line_says_what_becomes_of_it(shape: Shape) -> None:
    for line in shape.result.data["lines"]:
        assert line["fate"] in FATES
        assert line["text"]
        assert line["key"] or line["fate"] not in ("key", "raw"), line
        assert line["why"] or line["fate"] not in ("differs", "left"), line


def test_files_that_work_are_not_called_wrong(shape: Shape) -> None:
    """All of these run, so whatever is found in them is a risk and no error."""
    assert [(found.id, found.cause) for found in shape.result.findings if found.severity == "error"] == []


def test_secrets_stay_in_the_file(shape: Shape) -> None:
    shown = json.dumps(shape.result.data, default=str) + "".join(map(repr, shape.result.findings))

    for secret in shape.about.get("secrets", ()):
        assert secret not in shown
        assert secret in shape.written
    if shape.about.get("secrets"):
        assert shape.mode == 0o600, "nobody else may read them"


@pytest.mark.parametrize("name", ["debian-enabled", "helpers", "tls-only-redirect"])
def test_adopting_again_gives_the_same(name: str, tmp_path: Path) -> None:
    first, second = (adopt(_asked(SHAPES / name, _about(name), tmp_path, write=False)).data for _ in range(2))

    assert json.dumps(first, default=str) == json.dumps(second, default=str)


def test_there_are_shapes_enough() -> None:
    assert len(NAMES) >= 48
    assert {"secrets", "server", "maps", "root"} <= {key for name in NAMES for key in _about(name)}


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration means, however it is written: units, lists of one, slashes at the end, spaces in raw lines."""
    found = Config.model_validate(config).model_dump(exclude_none=True)
    found["listen"] = str(parse_listen(str(found.get("listen", DEFAULT))))
    for table in ("static", "media"):
        if table in found:
            found[table] = {url: folder.rstrip("/") for url, folder in found[table].items()}
    for key, value in found["nginx"].items():
        if key.startswith("extra_"):
            found["nginx"][key] = _nginx_lines(value)
    if "extra" in found["uwsgi"]:
        found["uwsgi"]["extra"] = [re.sub(r"\s*=\s*", " = ", line.strip(), count=1) for line in found["uwsgi"]["extra"]]
    return found


def _nginx_lines(lines: tuple[str, ...]) -> list[Any]:
    """Names and arguments, without quotes that make no difference."""
    return list(_tokens("\n".join(lines)))


def _tokens(text: str) -> Iterator[str]:
    for token in re.findall(
        r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|(?:\$\{\w+\}|\\.|[^\s;{}\"'])(?:\$\{\w+\}|\\.|[^\s;{}])*|[;{}]", text
    ):
        if token[0] in "\"'":
            yield re.sub(r"\\([\"'\\])", r"\1", token[1:-1])
        else:
            yield token


def _short(where: str, shape: Shape) -> str:
    return where.removeprefix(f"{shape.folder}/")


def _keys(line: Mapping[str, Any]) -> tuple[str, ...]:
    """The key of an entry, and the table it lies in when the rest is a name of the user's."""
    key = line["key"]
    return (key, key.partition(".")[0]) if key.partition(".")[0] in ("static", "media", "env") else (key,)


def _directives(shape: Shape) -> Iterator[str]:
    """The place of each directive that nginx would read, counted by crossplane without Portico: all but includes."""
    if not shape.about.get("nginx"):
        return
    conf = shape.folder / shape.about["nginx"]
    todo, seen = [conf], set()
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        parsed = crossplane.parse(str(file), single=True, check_ctx=False, check_args=False)["config"][0]["parsed"]
        for entry in _flat(parsed):
            if entry["directive"] == "include":
                todo += _included(entry["args"][0], conf, shape)
            else:
                yield f"{file}:{entry['line']}"


def _flat(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        if entry["directive"] != "types":
            yield entry
            yield from _flat(entry.get("block", []))


def _included(pattern: str, conf: Path, shape: Shape) -> list[Path]:
    path = _here(pattern, shape) if pattern.startswith("/") else str(conf.parent / pattern)
    base = Path(path)
    return sorted(base.parent.glob(base.name)) if base.parent.is_dir() else []


def _here(path: str, shape: Shape) -> str:
    for old, new in sorted((text.split("=", 1) for text in shape.about.get("maps", ())), key=lambda pair: -len(pair[0])):
        if path == old or path.startswith(old + "/"):
            return str((shape.folder / new).resolve()) + path[len(old) :]
    if shape.about.get("root"):
        return f"{(shape.folder / shape.about['root']).resolve()}{path}"
    return path.replace("/etc/nginx/", f"{NGINX}/")


_OPTION = {
    ".ini": re.compile(r"^[ \t]*([^\s;#\[=][^=\n]*?)[ \t]*(?:=.*)?$"),
    ".xml": re.compile(r"<([a-z][a-z0-9-]+)[ />]"),
    ".yaml": re.compile(r"^\s+(?:- )?([a-z0-9-]+)\s*:"),
    ".json": re.compile(r'^\s+"([a-z0-9-]+)":'),
}


def _options(shape: Shape) -> Iterator[str]:
    """The place of each option in the files and sections that are named, found line by line without Portico's readers."""
    for name in shape.about.get("uwsgi", ()):
        file, _, section = name.partition(":")
        yield from _of_section(shape.folder / file, section or "uwsgi")


def _of_section(file: Path, section: str) -> Iterator[str]:
    inside = file.suffix != ".ini"
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if file.suffix == ".ini" and line.startswith("["):
            inside = line.strip() == f"[{section}]"
        elif inside and (match := _OPTION[file.suffix].search(line)) and match[1] != "uwsgi":
            if file.suffix == ".ini" and match[1] == "ini" and ":" in line:
                yield from _of_section(file, line.rpartition(":")[2].strip())
            else:
                yield f"{file}:{number}"
