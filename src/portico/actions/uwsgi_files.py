"""The configuration files of a uWSGI on disk, with all that they include, as its options."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path

from portico.hops.uwsgi import ini
from portico.model.adoption import NO_MAP, PathMap
from portico.model.directive import Option
from portico.model.evidence import UwsgiSeen
from portico.system.look import texts
from portico.system.look.paths import real

#: Included files may include further ones; uWSGI itself has no limit.
_MOST_FILES = 20
#: What an emperor takes for the configuration of a vassal (core/emperor.c of uWSGI).
_VASSALS = (".ini", ".xml", ".yml", ".yaml", ".json", ".js")


def read_uwsgi(
    path: str,
    section: str = "uwsgi",
    started_in: str | None = None,
    paths: PathMap = NO_MAP,
    environ: Mapping[str, str] | None = None,
) -> UwsgiSeen:
    """The options of a file and of those it includes, in the order uWSGI takes them."""
    return configured([path], (), started_in)


def vassals(seen: UwsgiSeen, paths: PathMap = NO_MAP) -> tuple[str, ...]:
    """The configuration files of the vassals of an emperor, in order of their names; none for another uWSGI."""
    found: list[str] = []
    for option in seen.options:
        if option.name == "emperor":
            place = paths.here(option.value)
            found += sorted(glob.glob(f"{place}/*" if Path(place).is_dir() else place))  # noqa: PTH207 - a pattern of uWSGI
    return tuple(dict.fromkeys(path for path in found if path.endswith(_VASSALS) and Path(path).is_file()))


def configured(paths: Sequence[str], given: Sequence[Option], started_in: str | None = None) -> UwsgiSeen:
    """uWSGI looks for included files from the folder it was started in; unknown, the file's own is the best guess."""
    found: list[Option] = []
    problems: list[str] = []
    missing: list[str] = []
    waiting = list(paths)
    unread: list[str] = []
    read: list[str] = []
    while waiting and len(read) + len(missing) < _MOST_FILES:
        path = waiting.pop(0)
        text, wrong = texts.read(path)
        unread += [f"{path}: {wrong}"] if wrong else []
        if text is None:
            missing.append(path)
        elif path not in read:
            read.append(path)
            # No path and no name has a NUL in it; whoever uses one would be refused.
            parsed, trouble = ini.parse(text.replace("\0", "\ufffd"), path)
            found += parsed
            problems += trouble
            waiting += [real(other, started_in or str(Path(path).parent)) for other in ini.includes(parsed)]
    unread += [f"{path}: more than {_MOST_FILES} files are included" for path in waiting[:1]]
    unread += [problem for problem in problems if problem.endswith("is not read")]
    return UwsgiSeen(
        files=tuple(read),
        options=(*found, *given),
        missing_files=tuple(dict.fromkeys(missing)),
        problems=tuple(problems),
        unread=tuple(dict.fromkeys(unread)),
    )
