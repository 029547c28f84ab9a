"""Lines of logs without the site's secrets, those of a release that comes later, too.

Little is imported here, because this is what stays in memory while `portico up` runs in the foreground.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from portico.actions.doctor.discretion import Discretion
from portico.actions.log_entries import Entry


class LogMask:
    """Hides them in the entries of logs. `known` has the secrets that are known now; those of a release that is started
    later are learned from what its guard is given, in the runtime directory `run`."""

    def __init__(self, known: Discretion, run: Path) -> None:
        self._known = known
        self._run = run
        self._changed_ns = _changed_ns(run)

    def shown(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The entries as they may be shown: each with as many lines as it had."""
        if (now := _changed_ns(self._run)) != self._changed_ns:
            self._changed_ns = now
            for environ in environments(self._run):
                self._known.learn(environ.items())
        for entry in entries:
            text = self._known.lines(entry.text)
            yield entry if text == entry.text else replace(entry, text=text)


def environments(run: Path) -> Iterator[dict[str, str]]:
    """The environments of the instances that run or sleep, as their guards were given them; without those that are not
    ours to read."""
    for path in run.glob("uwsgi-*.json"):
        try:
            environ = json.loads(path.read_text(encoding="utf-8", errors="replace"))["environ"]
            yield {str(name): str(value) for name, value in dict(environ).items()}
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _changed_ns(run: Path) -> int:
    """When something was last added to the folder; 0 while it is not there."""
    try:
        return run.stat().st_mtime_ns
    except OSError:
        return 0


def hand_over(known: Discretion) -> int:
    """A descriptor that the program that takes this one's place reads `known` from: on no disk, and on no command line."""
    descriptor = os.memfd_create("portico-secrets", 0)
    with os.fdopen(os.dup(descriptor), "w", encoding="utf-8") as stream:
        json.dump(known.told(), stream)
    os.set_inheritable(descriptor, True)
    return descriptor


def taken_over(descriptor: int) -> Discretion:
    """What `hand_over` gave."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    known = Discretion()
    with os.fdopen(descriptor, encoding="utf-8") as stream:
        known.take(json.load(stream))
    return known
