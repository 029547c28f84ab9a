"""The real uWSGI is asked what it makes of a configuration, and what was read is held against its answer."""

from __future__ import annotations

import difflib
import importlib.machinery
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from portico.actions.ask import INSIDE
from portico.actions.uwsgi_files import machine_of
from portico.hops.uwsgi import conditions, formats, harmless, show_config
from portico.hops.uwsgi.logic import Machine
from portico.hops.uwsgi.normal import normal
from portico.hops.uwsgi.settings import Setting
from portico.model.adoption import NO_MAP, PathMap
from portico.model.command import Command, Outcome
from portico.model.directive import Option
from portico.model.evidence import UwsgiSeen
from portico.model.finding import CouldNotTell
from portico.system.run import run

_CHECK = "uwsgi.expansion"
_TIMEOUT_S = 10.0
#: A folder that no machine has: uWSGI ends when it cannot go there, which it tries right after it has shown its options.
_NOWHERE = "/dev/null/portico"
_LOADERS = frozenset((*formats.LOADERS, "include", "config"))


def proved(
    seen: UwsgiSeen,
    path: str,
    section: str = "uwsgi",
    paths: PathMap = NO_MAP,
    started_in: str | None = None,
    environ: Mapping[str, str] | None = None,
    emperor: UwsgiSeen | None = None,
) -> tuple[UwsgiSeen, tuple[CouldNotTell, ...]]:
    """`seen`, with the options as the real uWSGI has them where it differs; what was not asked, or came out otherwise.

    The arguments are those that `read_uwsgi` was given. uWSGI never sees the files themselves: it runs on copies in which
    every option has another name, in a folder of its own, and ends before it does anything. Never raises.
    """
    machine = machine_of(path, section, started_in, paths, environ, emperor)
    reading = machine.reading()
    if reading.options != seen.options:
        return seen, (_untold(f"{path}: it has changed since it was read"),)
    try:
        with tempfile.TemporaryDirectory(prefix="portico-uwsgi-") as folder:
            shown = _asked(machine, os.path.realpath(folder), environ, paths)
    except harmless.NotAskedError as error:
        return seen, (_untold(f"{error}; how the real uWSGI reads it was not asked"),)
    except (OSError, ValueError) as error:
        return seen, (_untold(f"{path}: no copies could be made to ask the real uWSGI: {error}"),)
    if isinstance(shown, str):
        return seen, (_untold(f"{path}: the real uWSGI ends while it reads it: {shown}"),)
    options, told = _compared(machine.settings, shown, path)
    return replace(seen, options=options), tuple(_untold(text) for text in told)


def _untold(reason: str) -> CouldNotTell:
    return CouldNotTell(_CHECK, reason)


def _asked(
    machine: Machine, root: str, environ: Mapping[str, str] | None, paths: PathMap
) -> tuple[tuple[str, str], ...] | str:
    """What uWSGI shows, as if of the files themselves, or its last words."""
    copies = harmless.copies(machine.top, root, machine.around)
    _check(machine, paths)
    for file, text in copies.files.items():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(text, encoding="utf-8")
    # Relative paths are of the folder that uWSGI is started in; all that it reads lies elsewhere.
    folder = machine.around.folder if os.path.isdir(machine.around.folder) and paths == NO_MAP else root  # noqa: PTH112
    outcome = run(_command(copies.argv, folder, environ or {}), alone=True)
    shown = show_config.parse(outcome.stdout + outcome.stderr)
    if shown is None:
        return _ended(outcome, root)
    ours = [pair for pair in shown[2:] if not harmless.is_made(*pair, root)]
    return tuple((harmless.back(name, root), harmless.back(value, root)) for name, value in ours)


def _check(machine: Machine, paths: PathMap) -> None:
    for setting in machine.settings:
        if len(setting.value) > harmless.LONGEST:
            raise harmless.NotAskedError(f"{setting.where}: its value is too long to be shown")
        if paths != NO_MAP and setting.name in conditions.ON_FILES:
            raise harmless.NotAskedError(f"{setting.where}: `{setting.name}` asks for a file of another machine")


def _command(argv: Sequence[str], folder: str, environ: Mapping[str, str]) -> Command:
    spec = importlib.machinery.PathFinder.find_spec("pyuwsgi")
    if spec is None or spec.origin is None:
        raise ValueError(f"{sys.executable} has no pyuwsgi")
    given = {name: value.replace("@", harmless.AT) for name, value in environ.items() if not _is_special(name, value)}
    return Command(
        (
            *(sys.executable, "-I", str(INSIDE / "uwsgi_launcher.py"), spec.origin),
            *("--show-config", "--chdir", _NOWHERE, *argv),
        ),
        "ask the real uWSGI what it makes of the configuration",
        timeout_s=_TIMEOUT_S,
        cwd=folder,
        environ=given,
    )


def _is_special(name: str, value: str) -> bool:
    """What would change uWSGI or its Python themselves."""
    return name.startswith(("UWSGI_", "PYTHON", "LD_", "NOTIFY_")) or "\0" in value or "\n" in value


def _ended(outcome: Outcome, root: str) -> str:
    if outcome.timed_out:
        return f"it had not ended after {_TIMEOUT_S:.0f} s"
    return harmless.back(show_config.last_words(outcome.stdout + outcome.stderr), root)


def _compared(
    settings: Sequence[Setting], shown: Sequence[tuple[str, str]], path: str
) -> tuple[tuple[Option, ...], tuple[str, ...]]:
    """The options, the real uWSGI's where they differ, and what differs."""
    told: list[str] = []
    options: list[Option] = []
    mine = [setting.name for setting in settings]
    theirs = [name for name, _ in shown]
    for kind, i, i_end, j, j_end in difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if kind == "equal":
            for setting, (_, value) in zip(settings[i:i_end], shown[j:j_end], strict=True):
                options.append(_option(setting, value, told))
            continue
        told += [f"{one.where}: the real uWSGI does not take `{one.name}`" for one in settings[i:i_end]]
        told += [f"{path}: the real uWSGI takes `{name}` too" for name, _ in shown[j:j_end]]
        options += [normal(Option(name, value, path, value)) for name, value in shown[j:j_end]]
    return tuple(options), tuple(told)


def _option(setting: Setting, value: str, told: list[str]) -> Option:
    if setting.value != value and not _is_other(setting):
        told.append(f"{setting.where}: the real uWSGI has another value for `{setting.name}`")
        return normal(Option(setting.name, value, setting.where, setting.raw))
    return normal(Option(setting.name, setting.value, setting.where, setting.raw))


def _is_other(setting: Setting) -> bool:
    """Whether its value is another in the copy on purpose: files, and what acts at once in the original only."""
    name = setting.name
    return name in _LOADERS or name in conditions.LOGIC or name in conditions.AT_ONCE
