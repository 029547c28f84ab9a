"""Read the files of a deployment: nginx's configuration as a tree, every uWSGI as its options."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from portico.actions.adopt.asked import Asked, path_map
from portico.actions.adopt.expansion import proved
from portico.actions.adopt.kinds import NOTHING, UNREAD
from portico.actions.check_nginx import absent_and_broken
from portico.actions.doctor.discover import hand_written
from portico.actions.uwsgi_files import read_uwsgi, vassals
from portico.hops.nginx.checks import unparsed
from portico.hops.nginx.contexts import as_main
from portico.hops.nginx.tree import tree
from portico.hops.uwsgi.ini import file_of
from portico.model.adoption import PathMap
from portico.model.directive import Directive
from portico.model.errors import Exit, PorticoError
from portico.model.evidence import UwsgiSeen
from portico.model.finding import CouldNotTell, Finding
from portico.system import nginx_conf

#: Reasons that are about the file, and not about what stands in it.
_NOT_OPENED = ("no such file", "does not exist", "may not read", "a folder", "no ordinary file", "denied")
_UNNAMED = "the file was found, not named, and is left out; --uwsgi FILE takes it"


@dataclass(frozen=True)
class Instance:
    """One uWSGI that a file tells of. `name` is `FILE` or `FILE:SECTION` as uWSGI would be given it, absolute; `file` the
    file alone, `section` the part of it, `unknown` what the real uWSGI was not asked, or reads otherwise."""

    name: str
    file: str
    section: str
    seen: UwsgiSeen
    unknown: tuple[CouldNotTell, ...] = ()


@dataclass(frozen=True)
class Gathered:
    """What was read. `root` is nginx's main context, includes resolved, or None without an nginx file; `conf` its file, with
    `problems` of reading it, `absent` those of them that are an include of a file which is not here. `emperors` are
    instances that only start vassals, which are among `instances`. `skipped` are files that nobody named and that cannot be
    understood."""

    asked: Asked
    paths: PathMap
    conf: str
    root: Directive | None
    problems: tuple[str, ...]
    instances: tuple[Instance, ...]
    emperors: tuple[Instance, ...] = ()
    absent: tuple[str, ...] = ()
    skipped: tuple[CouldNotTell, ...] = ()


def gather(asked: Asked) -> Gathered:
    """Raises PorticoError when no file is named and none found, or one cannot be read or understood."""
    paths = path_map(asked.maps, asked.root)
    conf, uwsgi = _named(asked, paths)
    root, problems, absent = _nginx(conf, paths) if conf else (None, (), ())
    given, skipped = _given(asked, uwsgi, paths)
    emperors = tuple(one for one in given if one.seen.value("emperor"))
    below = tuple(_instance(file, paths, one.seen) for one in emperors for file in vassals(one.seen, paths))
    # An emperor may serve an application of its own, too.
    serving = tuple(one for one in given if one not in emperors or _serves(one))
    return Gathered(asked, paths, conf, root, problems, serving + below, emperors, absent, skipped)


def _given(asked: Asked, uwsgi: tuple[str, ...], paths: PathMap) -> tuple[tuple[Instance, ...], tuple[CouldNotTell, ...]]:
    """The uWSGIs of these files. Of files that were only found, those that cannot be understood are left out and told,
    unless nothing else is left."""
    if asked.uwsgi or len(uwsgi) < 2:
        return tuple(_instance(name, paths) for name in uwsgi), ()
    found: list[Instance] = []
    noted: list[Instance] = []
    skipped: list[PorticoError] = []
    for name in uwsgi:
        try:
            one = _instance(name, paths)
        except PorticoError as error:
            skipped.append(error)
            continue
        (noted if _notes(one) else found).append(one)
    if not found and not noted:
        raise skipped[0]
    told = [error.findings[0].cause for error in skipped]
    told += [_notes(one) for one in noted] if found else []
    return tuple(found or noted), tuple(CouldNotTell("uwsgi.file", f"{why} ({_UNNAMED})") for why in told)


def _notes(instance: Instance) -> str:
    """Where it begins with something else than options: a copy that somebody keeps does."""
    return next((text for text in instance.seen.problems if "stands before any section" in text), "")


def _serves(instance: Instance) -> bool:
    return bool(instance.seen.value("module", "wsgi-file", "mount", "paste", "eval"))


def _named(asked: Asked, paths: PathMap) -> tuple[str, tuple[str, ...]]:
    if asked.nginx or asked.uwsgi:
        return _here(asked.nginx, paths), tuple(_here(name, paths) for name in asked.uwsgi)
    found = hand_written(asked.project)
    if found.conf or found.uwsgi:
        return found.conf, found.uwsgi
    fix = ["portico adopt --nginx /etc/nginx/sites-enabled/SITE --uwsgi /srv/SITE/uwsgi.ini"]
    where = f"{asked.project} and the folders below it: no nginx configuration with a uwsgi_pass, no [uwsgi] section"
    finding = NOTHING.found(cause=f"no files were named, and {asked.project} has none", evidence=[where], fix=fix)
    raise PorticoError(finding, Exit.USAGE)


def _here(name: str, paths: PathMap) -> str:
    """A file as it was typed: where the other machine's lies, if one does, else here."""
    mapped = paths.here(name)
    if Path(file_of(mapped) or mapped).exists():
        name = mapped
    return os.path.abspath(name) if name else ""  # noqa: PTH100 - links stay: messages name the path that was given


def _nginx(conf: str, paths: PathMap) -> tuple[Directive, tuple[str, ...], tuple[str, ...]]:
    root, problems = tree(nginx_conf.read(Path(conf), paths=paths), conf)
    absent, broken = absent_and_broken(problems)
    if root is None or broken:
        told = list(unparsed(broken)) or [_unread([*absent, f"{conf}: it holds no directive"][0])]
        raise PorticoError(told[0], Exit.USAGE, told[1:])
    return as_main(root), problems, absent


def _instance(name: str, paths: PathMap, emperor: UwsgiSeen | None = None) -> Instance:
    file = name if Path(name).exists() else file_of(name) or name
    section = name[len(file) + 1 :] or "uwsgi"
    read = _readable(Instance(name, file, section, read_uwsgi(file, section, None, paths, emperor=emperor)))
    seen, unknown = proved(read.seen, file, section, paths, emperor=emperor)
    return replace(read, seen=seen, unknown=unknown)


def _readable(instance: Instance) -> Instance:
    """The instance, if all of its files could be read: what stands in one that could not is not to be guessed."""
    seen = instance.seen
    wrong = [_unread(text) for text in seen.unread]
    if instance.file in seen.missing_files:
        wrong.append(_unread(f"{instance.file}: there is no such file"))
    elif not wrong and not seen.options:
        wrong += [_unread(text) for text in seen.problems or (f"{instance.file}: it holds no option of uWSGI",)]
    if wrong:
        raise PorticoError(wrong[0], Exit.USAGE, wrong[1:])
    return instance


def _unread(problem: str) -> Finding:
    place, _, why = problem.partition(": ")
    file = shlex.quote(re.sub(r"(:\d+)+$", "", place))
    if "there is no section" in why or "there is no block" in why:
        fix = [f"[uwsgi]   # the line that begins uWSGI's options in {file}", f"portico adopt --uwsgi {file}:SECTION"]
        fix = fix if "section" in why else [f"uwsgi:   # the line that begins uWSGI's options in {file}"]
    elif any(word in why for word in _NOT_OPENED):
        fix = [f"ls -ld {file}"]
    elif "stands before any section" in why:
        fix = [f"move that line below [uwsgi], or remove it: {place}"]
    elif "holds no" in why:
        fix = [f"is {file} the right one? it is empty, or has comments only"]
    else:
        fix = [f"correct {place}"]
    return UNREAD.found(cause=problem, evidence=[problem], fix=fix)
