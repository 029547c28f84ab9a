"""The configuration files of a uWSGI on disk, with all that they include, as its options."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence

from portico.actions.uwsgi_surroundings import Here, back
from portico.hops.uwsgi import formats
from portico.hops.uwsgi.logic import Machine
from portico.hops.uwsgi.settings import Reading
from portico.model.adoption import NO_MAP, PathMap
from portico.model.directive import Option
from portico.model.evidence import UwsgiSeen
from portico.system.look import texts

#: What a running uWSGI, or one that has failed, was given: the doctor looks at many.
_MOST_FILES = 20
_LARGEST_BYTES = 4 << 20
#: Environment that uWSGI keeps for itself (parse_sys_envs in core/utils.c); other `UWSGI_NAME` are options.
_OWN_ENVIRON = ("RELOADS", "VASSALS_DIR", "EMPEROR_FD", "BROODLORD_NUM", "EMPEROR_FD_CONFIG", "EMPEROR_PROXY", "JAIL_PID")
#: Options of an emperor that come before a vassal's file, and behind it, by what they are to the vassal (core/emperor.c).
_BEFORE = {"vassals-inherit-before": "inherit", "vassals-include-before": "include", "vassals-set": "set"}
_BEHIND = {"vassals-inherit": "inherit", "vassals-include": "include"}


def read_uwsgi(
    path: str,
    section: str = "uwsgi",
    started_in: str | None = None,
    paths: PathMap = NO_MAP,
    environ: Mapping[str, str] | None = None,
    emperor: UwsgiSeen | None = None,
) -> UwsgiSeen:
    """The options of a file and of all it includes, in the order uWSGI takes them, values as that uWSGI has them.

    `path` is the file here; `section` the part of it (an `id` in XML). `started_in` is the folder uWSGI is started in and
    `environ` its environment, of the machine it is for; None: not known. Without the folder relative names start where the
    file lies. `paths` says where paths of that machine lie here; values are not mapped. `emperor` started it as a vassal.

    What could not be read or understood is in `unread`, includes that are not there in `missing_files`, what is odd in
    `problems`, what stands under a condition that does not hold in `untaken`. Never raises and never waits.
    """
    machine = machine_of(path, section, started_in, paths, environ, emperor)
    reading = machine.reading()
    absent = tuple(file for file, why in reading.missing if why == texts.ABSENT)
    unread = tuple(f"{file}: {why}" for file, why in reading.missing if why != texts.ABSENT)
    return _seen(reading, absent, unread)


def machine_of(
    path: str,
    section: str,
    started_in: str | None,
    paths: PathMap,
    environ: Mapping[str, str] | None,
    emperor: UwsgiSeen | None,
) -> Machine:
    """All that `read_uwsgi` reads, before its end."""
    there = back(paths, path)
    folder = started_in or os.path.dirname(there) or "/"  # noqa: PTH120
    here = Here(folder, (there, path), paths, environ, started_in is None, _LARGEST_BYTES)
    machine = Machine(here)
    for setting in _of_environ(environ or {}):
        machine.argument(*setting)
    for setting in _of_emperor(emperor, _BEFORE):
        machine.argument(*setting)
    machine.load(there, None if section == "uwsgi" else section)
    for setting in _of_emperor(emperor, _BEHIND):
        machine.argument(*setting)
    return machine


def _of_environ(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, value in environ.items():
        own = name.removeprefix("UWSGI_")
        if own not in (name, *_OWN_ENVIRON) and not own.startswith("ORIGINAL_PROC_NAME"):
            yield own.lower().replace("_", "-"), value, "environment"


def _of_emperor(emperor: UwsgiSeen | None, names: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    options = emperor.options if emperor else ()
    for name, own in names.items():
        for option in options:
            if option.name == name:
                yield own, option.value, option.where


def vassals(seen: UwsgiSeen, paths: PathMap = NO_MAP) -> tuple[str, ...]:
    """The configuration files, here, of the vassals of an emperor, in order of their names; none for another uWSGI."""
    folder = os.path.dirname(back(paths, seen.files[0])) if seen.files else "/"  # noqa: PTH120
    found: list[str] = []
    for option in seen.options:
        if option.name == "emperor" and option.value:
            place = option.value.removeprefix("dir://").removeprefix("glob://")
            place = paths.here(os.path.normpath(os.path.join(folder, place)))  # noqa: PTH118
            found += sorted(glob.glob(f"{glob.escape(place)}/*" if os.path.isdir(place) else place))  # noqa: PTH112, PTH207
    return tuple(path for path in dict.fromkeys(found) if formats.by_name(path) and os.path.isfile(path))  # noqa: PTH113


def configured(files: Sequence[str], given: Sequence[Option], started_in: str | None = None) -> UwsgiSeen:
    """The same for a uWSGI of this machine with several files and the options `given` on its command line."""
    folder = started_in or (os.path.dirname(files[0]) if files else "/")  # noqa: PTH120
    machine = Machine(Here(folder), _MOST_FILES)
    for file in files:
        machine.load(file)
    machine.given(given)
    reading = machine.reading()
    unread = tuple(f"{file}: {why}" for file, why in reading.missing)
    return _seen(reading, tuple(file for file, _ in reading.missing), unread)


def _seen(reading: Reading, missing: tuple[str, ...], unread: tuple[str, ...]) -> UwsgiSeen:
    return UwsgiSeen(
        files=reading.files,
        options=reading.options,
        untaken=reading.untaken,
        missing_files=missing,
        problems=reading.problems,
        unread=(*unread, *reading.unread),
    )
