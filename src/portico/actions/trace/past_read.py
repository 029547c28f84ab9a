"""The stack of a past request and its logs, read: the end of each file and of the one that was rotated away last."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from portico.actions import history, state, supervise
from portico.actions.log_entries import WINDOW_BYTES
from portico.actions.places import Places
from portico.model.plan import slot_suffix
from portico.system import files
from portico.system.look.logs import tail

Kind = Literal["access", "error", "uwsgi"]


@dataclass(frozen=True)
class Stack:
    """What wrote the logs. `plan` is JSON-ready data; `folder` holds the release's configuration; `running` is False for a
    stack that was stopped, whose last plan it is; `pids` are nginx's and uWSGI's processes. `later`: this is the release
    that was live at the time, and another one has gone live since."""

    plan: Mapping[str, Any]
    release: int
    folder: Path
    running: bool
    pids: tuple[int, ...] = ()
    later: bool = False


def find_stack(where: Places) -> Stack | None:
    """The stack that runs, else the one that ran last; None when there was none."""
    known = state.read(where)
    if known:
        pids = tuple(pid for group in supervise.daemons(where).values() for pid in group)
        return Stack(known.plan, known.release, where.release_dir(known.release), True, pids)
    return next((_of(where, record, running=False) for record in history.every(where) if record.live_at), None)


def _of(where: Places, record: history.Record, running: bool) -> Stack:
    return Stack(record.plan, record.number, where.release_dir(record.number), running)


def at_time(where: Places, stack: Stack, time_s: float) -> Stack:
    """The same stack as it was at that epoch time, where the release of then is still kept; else as it is."""
    records = [record for record in history.every(where) if 0 < record.live_at <= time_s]
    then = max(records, key=lambda record: record.live_at, default=None)
    if then is None or then.number == stack.release:
        return stack
    return Stack(then.plan, then.number, where.release_dir(then.number), stack.running, stack.pids, later=True)


def environ(where: Places, stack: Stack) -> dict[str, str]:
    """The application's environment, as its guard was given it, to know its secrets by; empty where none runs any more."""
    for slot in range(1, int(stack.plan["uwsgi"]["instances"]) + 1):
        text = files.read_text(where.run / f"uwsgi-{stack.release}{slot_suffix(slot)}.json") or ""
        try:
            return {str(name): str(value) for name, value in dict(json.loads(text)["environ"]).items()}
        except (ValueError, KeyError, TypeError):
            continue
    return {}


@dataclass
class Log:
    """One log. `parts` are the lines of the file and of the one before it, newest first, read when they are asked for;
    `why` says why there are none; `cut`: more stands in the file than is read; `written_s` is when the file was changed last
    (epoch seconds)."""

    path: str
    kind: Kind
    pids: tuple[int, ...] = ()
    why: str = ""
    cut: bool = False
    written_s: float = 0.0
    _parts: list[list[str]] = field(default_factory=list)

    def parts(self) -> Iterator[list[str]]:
        for number, path in enumerate((self.path, _before(self.path))):
            if len(self._parts) <= number:
                self._parts.append(self._lines(path, first=number == 0))
            yield self._parts[number]

    @property
    def was_read(self) -> bool:
        """Whether anybody has asked for lines of it, were it in vain."""
        return bool(self._parts)

    def lines(self) -> list[str]:
        """All of them, oldest first."""
        return [line for part in reversed(list(self.parts())) for line in part]

    def _lines(self, path: str, first: bool) -> list[str]:
        if not path or path == "off":
            self.why = self.why or ("it is off" if path == "off" else "")
            return []
        seen, text = tail(path, self.kind, WINDOW_BYTES, self.pids if first else ())
        if first:
            self.why, self.written_s = seen.error, seen.modified_s
        self.cut = self.cut or seen.size > seen.read_bytes
        return text.split("\n")


def _before(path: str) -> str:
    """The file that was rotated away last and is not packed: `access.log.1`, `access.log-20240101`; empty without one."""
    if not path.startswith("/"):
        return ""
    file = Path(path)
    try:
        names = [entry for entry in file.parent.iterdir() if entry.name.startswith(file.name) and entry != file]
        rotated = [entry for entry in names if re.fullmatch(r"[.-]\d[\d-]*", entry.name[len(file.name) :])]
        return str(max(rotated, key=lambda entry: entry.stat().st_mtime)) if rotated else ""
    except OSError:
        return ""


def log(stack: Stack, where: Places, kind: Kind) -> Log:
    """The log of that kind, where the plan puts it; `off` where it has none."""
    nginx, uwsgi = stack.plan["nginx"] or {}, stack.plan["uwsgi"] or {}
    here = where.state / "log"
    paths = {
        "access": nginx.get("access_log") or "off",
        "error": nginx.get("error_log") or "off",
        "uwsgi": uwsgi.get("log") or str(here / "uwsgi.log"),
    }
    return Log(paths[kind], kind, stack.pids)
