"""The floor: the application called in a loop in its own Python, without any server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from portico.actions import environment
from portico.actions.aside.folder import private_folder
from portico.actions.aside.processes import NO_TRACES
from portico.actions.ask import INSIDE
from portico.actions.bench.asked import Page
from portico.actions.bench.target import Target
from portico.model.command import Command
from portico.model.file import File
from portico.system import files
from portico.system.accounts import to_become
from portico.system.talk import Silent, Talk, talk

_SCRIPT = "measure_floor.py"
#: Beyond the seconds that it was told to work.
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Floor:
    """What a request costs the application alone: microseconds on a CPU, by the clock, and waiting for something else than a
    CPU (None where the kernel does not tell). `statuses`: calls by status."""

    cpu_us: float
    wall_us: float
    waits_us: float | None
    statuses: dict[int, int]


@dataclass(frozen=True)
class Python:
    """The project's Python. `optimized`: it was built with profile-guided optimization; None where it does not say."""

    version: str = ""
    optimized: bool | None = None


class Measurer:
    """The process that measures it, or why there is none."""

    def __init__(self, talking: Talk | None, python: Python, why: str) -> None:
        self._talking = talking
        self.python = python
        self.why = why

    def measure(self, page: int, seconds: float) -> Floor | None:
        """Call that page for so long; None where that is not possible, and `why` then says so."""
        if self._talking is None:
            return None
        try:
            told = self._talking.ask({"at": page, "seconds": seconds}, seconds + _PATIENCE_S)
        except Silent as silent:
            self._talking, self.why = None, silent.why
            return None
        calls, delayed = told["calls"], told["delayed_us"]
        waits = None if delayed is None else max(0.0, told["wall_us"] - told["cpu_us"] - delayed) / calls
        statuses = {int(status): number for status, number in told["statuses"].items() if status.isdigit()}
        return Floor(told["cpu_us"] / calls, told["wall_us"] / calls, waits, statuses)


@contextmanager
def measurer(found: Target, pages: Sequence[Page]) -> Iterator[Measurer]:
    """Load the application as the target does it; raises nothing: without a floor everything else is still measured."""
    if not found.masters:
        yield Measurer(None, Python(), "the application runs on other machines")
        return
    with private_folder("floor") as folder, ExitStack() as opened:
        # The account of the application may not be able to read where Portico is installed.
        script = files.write(folder, File(_SCRIPT, (INSIDE / _SCRIPT).read_text(encoding="utf-8"), 0o644))
        yield _begin(opened, found, pages, script)


def _begin(opened: ExitStack, found: Target, pages: Sequence[Page], script: Path) -> Measurer:
    clean = environment.masker(found.environ)
    command = Command(
        argv=(found.plan.interpreter.executable, str(script)),
        why="call the application without a server",
        cwd=found.plan.site.directory,
        environ={**found.environ, **NO_TRACES},
        user=to_become(found.app) or None,
    )
    # Not as an argument, which everybody can see: there may be credentials among the headers.
    job = {"folder": str(found.folder), "requests": [page.floor for page in pages]}
    try:
        talking = opened.enter_context(talk(command))
        told = talking.ask(job, found.plan.release.load_timeout_s)
    except Silent as silent:
        return Measurer(None, Python(), clean(" ".join([silent.why, *silent.said.splitlines()[-1:]])))
    if not told["ok"]:
        return Measurer(None, Python(), clean(f"outside uWSGI the application does not load: {told['message']}"))
    return Measurer(talking, Python(told["python"], told["optimized"]), "")
