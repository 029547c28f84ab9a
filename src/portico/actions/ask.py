"""Ask the project's own Python: run one of the `inside` scripts there, as the application's account, and read its answer."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico.actions.aside.folder import forget_killed
from portico.model.command import Command, Outcome
from portico.model.file import File
from portico.system import files
from portico.system.accounts import Account, to_become
from portico.system.run import Begun

INSIDE = Path(__file__).parent.parent / "inside"
#: In a container another process of that number may be the owner: what is in use changes within this time.
_PREFIX, _OLD_S = "portico-ask-", 60.0
_ANSWER = "answer.json"
#: A script that ends itself at its limit has this time for its answer.
_GRACE_S = 5.0
Answer = tuple[dict[str, Any] | None, Outcome]


@dataclass(frozen=True)
class Question:
    """What to ask. `script` is the name of one of `inside`, which is run by `python` as the account `app` in `cwd`, with
    `environ` as its whole environment; `request` is what it reads, with the seconds of `limit_s` as its `timeout_s`. `why`
    is a short clause for people."""

    script: str
    request: Mapping[str, Any]
    python: str
    environ: Mapping[str, str]
    cwd: Path
    app: Account
    why: str
    limit_s: float


def ask(question: Question) -> Answer:
    """The script's JSON answer (None when it gave none: killed, crashed, timed out) and what the process did.

    The answer comes in a file, never on standard output, because projects print while they are imported.
    """
    with asking(question) as answer:
        return answer()


@contextlib.contextmanager
def asking(question: Question) -> Iterator[Callable[[], Answer]]:
    """The script runs beside what is done with this; what is yielded waits for its answer, once. It is killed at the end if
    nobody waited."""
    _forget_killed(question.app.uid)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as name:
        program = Begun(_command(question, Path(name)))
        try:
            yield lambda: _answer(program.outcome(alone=True), Path(name) / _ANSWER)
        finally:
            program.end()


@functools.cache
def _forget_killed(uid: int) -> None:
    """Once in a process is enough: the folder for temporary files may be a long one."""
    forget_killed(Path(tempfile.gettempdir()), _PREFIX, (uid,), _OLD_S)


def _command(question: Question, folder: Path) -> Command:
    """Written into the folder, and to be run."""
    request = {**question.request, "timeout_s": question.limit_s, "out": str(folder / _ANSWER)}
    files.write(folder, File("request.json", json.dumps(request), 0o644))
    home, app = INSIDE, question.app
    if user := to_become(app):
        # The other account may not be able to read where Portico is installed.
        home = folder
        files.write_all(folder, (File(p.name, p.read_text(encoding="utf-8"), 0o644) for p in INSIDE.glob("*.py")))
        files.make_dir(folder, 0o700, app.uid, app.gid)
    return Command(
        argv=(question.python, str(home / question.script), str(folder / "request.json")),
        why=question.why,
        timeout_s=question.limit_s + _GRACE_S,
        cwd=str(question.cwd),
        environ=question.environ,
        user=user or None,
    )


def _answer(outcome: Outcome, answer: Path) -> Answer:
    text = files.read_text(answer)
    try:
        data = json.loads(text) if text else None
    except ValueError:
        data = None
    return (data if isinstance(data, dict) else None), outcome
