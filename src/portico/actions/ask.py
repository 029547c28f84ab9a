"""Ask the project's own Python: run one of the `inside` scripts there, as the application's account, and read its answer."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from portico.actions.aside.folder import forget_killed
from portico.model.command import Command, Outcome
from portico.model.file import File
from portico.system import files
from portico.system.accounts import Account, ourselves
from portico.system.run import Begun

INSIDE = Path(__file__).parent.parent / "inside"
#: In a container another process of that number may be the owner: what is in use changes within this time.
_PREFIX, _OLD_S = "portico-ask-", 60.0
Answer = tuple[dict[str, Any] | None, Outcome]


def ask(
    script: str,
    request: Mapping[str, Any],
    python: str,
    environ: Mapping[str, str],
    cwd: Path,
    app: Account,
    why: str,
    timeout_s: float,
) -> Answer:
    """The script's JSON answer (None when it gave none: killed, crashed, timed out) and what the process did.

    The answer comes in a file, never on standard output, because projects print while they are imported.
    """
    with asking(script, request, python, environ, cwd, app, why, timeout_s) as answer:
        return answer()


@contextlib.contextmanager
def asking(
    script: str,
    request: Mapping[str, Any],
    python: str,
    environ: Mapping[str, str],
    cwd: Path,
    app: Account,
    why: str,
    timeout_s: float,
) -> Iterator[Callable[[], Answer]]:
    """The script runs beside what is done with this; what is yielded waits for its answer, once. It is killed at the end if
    nobody waited."""
    us = ourselves()
    other = us.uid == 0 and app.uid != 0
    forget_killed(Path(tempfile.gettempdir()), _PREFIX, (app.uid,), _OLD_S)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as name:
        folder = Path(name)
        answer = folder / "answer.json"
        files.write(folder, File("request.json", json.dumps({**request, "out": str(answer)}), 0o644))
        home = INSIDE
        if other:
            # The other account may not be able to read where Portico is installed.
            home = folder
            files.write_all(folder, (File(p.name, p.read_text(encoding="utf-8"), 0o644) for p in INSIDE.glob("*.py")))
            files.make_dir(folder, 0o700, app.uid, app.gid)
        command = Command(
            argv=(python, str(home / script), str(folder / "request.json")),
            why=why,
            timeout_s=timeout_s,
            cwd=str(cwd),
            environ=environ,
            user=app.name if other else None,
        )
        program = Begun(command)
        try:
            yield lambda: _answer(program.outcome(alone=True), answer)
        finally:
            program.end()


def _answer(outcome: Outcome, answer: Path) -> Answer:
    text = files.read_text(answer)
    try:
        data = json.loads(text) if text else None
    except ValueError:
        data = None
    return (data if isinstance(data, dict) else None), outcome
