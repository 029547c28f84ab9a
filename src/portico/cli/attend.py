"""The foreground of `portico up`: live logs, and Ctrl-C stops the stack.

It replaces the process that started the stack (`python -m portico.cli.attend`) and imports as little as it can, so that
what stays in memory is small; stopping is left to `portico down`, which replaces it in turn.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from portico.actions.doctor.discretion import Discretion
from portico.actions.log_entries import Filter, Source, merged
from portico.actions.log_secrets import LogMask, hand_over, taken_over
from portico.cli.log_line import entry_text

if TYPE_CHECKING:
    from portico.actions.places import Places

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def follow_in_foreground(where: Places, files: list[Source], show: Callable[[], None], mask: Discretion) -> NoReturn:
    """`show` that the site is up, then become this module, which shows what is logged from now on, without what `mask`
    knows. A Ctrl-C in between counts: what is blocked stays so when another program is executed (signal(7))."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    logs = [(file.kind, str(file.path), file.end()) for file in files]
    with contextlib.suppress(BrokenPipeError):
        show()
        sys.stdout.flush()
    arguments = [str(where.project), str(where.state_file), json.dumps(logs), str(where.run), str(hand_over(mask))]
    os.execv(sys.executable, [sys.executable, "-m", "portico.cli.attend", *arguments])  # noqa: S606


class _Stop(Exception):
    """Somebody asked us to stop."""


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stop


def attend(project: str, state_file: Path, files: list[Source], mask: LogMask) -> int:
    """Show what is logged until somebody stops the stack, which removes its state file, or stops us."""
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    try:
        for number in _STOPS:
            # What is ignored stays so: `nohup portico up &` outlives its terminal (nohup(1)).
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, _stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        while state_file.exists():
            for entry in mask.shown(merged(files, Filter())):
                sys.stdout.write(entry_text(entry, colour) + "\n")
            sys.stdout.flush()
            time.sleep(0.25)
    except (_Stop, BrokenPipeError):
        _become_down(project)
    sys.stderr.write("The stack was stopped by another command.\n")
    return 0


def _become_down(project: str) -> NoReturn:
    """`portico down`; a second Ctrl-C or a closed terminal must not interrupt it: what is ignored stays so (signal(7))."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
    sys.stderr.write("\nStopping; requests in progress may finish.\n")
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "portico", "-C", project, "down"])  # noqa: S606


if __name__ == "__main__":
    sources = [Source(kind, Path(path), start) for kind, path, start in json.loads(sys.argv[3])]
    mask = LogMask(taken_over(int(sys.argv[5])), Path(sys.argv[4]))
    sys.exit(attend(sys.argv[1], Path(sys.argv[2]), sources, mask))
