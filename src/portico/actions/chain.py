"""`--fast`: the new code in the workers of the running uWSGI, one after the other, without a second instance.

uWSGI's chain reload (https://uwsgi-docs.readthedocs.io/en/latest/articles/TheArtOfGracefulReloading.html#chain-reloading-lazy-apps)
needs `lazy-apps`. What it cannot give: the old code is gone, so there is no rollback; for a moment old and new code answer
side by side; and code that loads here but fails in a worker takes that worker with it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from portico.actions import probe, retire, supervise
from portico.actions.instance import Release
from portico.actions.places import Places
from portico.actions.start_failure import explain_trial, explain_uwsgi, front_failed
from portico.actions.state import State
from portico.model.command import Command
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.system import files
from portico.system.run import run

Say = Callable[[str], None]

STUCK = Kind(
    "uwsgi.E007",
    "uwsgi",
    "The workers were not all replaced",
    "With --fast there is no second instance to go back to: some workers may run the old code, some the new.",
    "https://uwsgi-docs.readthedocs.io/en/latest/articles/TheArtOfGracefulReloading.html",
    shows="`portico reload --fast` ends with exit status 5. Pages may come from old and new code by turns.",
    example="uwsgi-3: not all workers came back in 300 s",
    cure="Correct the code, then `portico reload` without `--fast`, which starts a second instance and changes over only "
    "when it answers.",
)
#: Python's own start does not count: the entry module names where an import hangs when most of the time is over.
_GRACE_S = 2.0
#: Runs the entry module as uWSGI would load it, and nothing more.
_LOAD = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='portico_entry')"


def can(known: State, base: str) -> bool:
    """Whether only the code changed: a worker that is replaced reads no configuration and keeps its environment. `base` is
    the fingerprint of all but the code."""
    return bool(known.plan["uwsgi"]["lazy_apps"]) and known.digest.split(" ")[0] == base


def reload(where: Places, release: Release, say: Say) -> probe.Probe:
    """Prove that the code loads, in a process of its own; then replace the workers and ask through the whole path. Raises
    PorticoError: before anything changed when the code does not load, and `needs hands` when workers do not come back."""
    plan = release.plan
    _prove_loads(release)
    say("the code loads in a process of its own")
    log_offset = files.size(Path(plan.uwsgi.log))
    limit_s = plan.uwsgi.processes * (plan.release.load_timeout_s + plan.uwsgi.graceful_s)
    with supervise.needed(where):
        for instance in plan.uwsgi.each():
            if not retire.chain_reload(where, instance.name, limit_s):
                said = explain_uwsgi(
                    plan, log_offset, f"{instance.name}: not all workers came back in {limit_s} s"
                ).findings[0]
                finding = STUCK.found(cause=said.cause, evidence=said.evidence, fix=["correct the code", "portico reload"])
                raise PorticoError(finding, Exit.NEEDS_HANDS)
    say("every worker has been replaced")
    seen = probe.through(plan)
    if not seen.answered:
        raise PorticoError(front_failed(plan, seen).findings[0], Exit.NEEDS_HANDS)
    return seen


def _prove_loads(release: Release) -> None:
    plan = release.plan
    command = Command(
        argv=(plan.interpreter.executable, "-c", _LOAD, str(release.folder / "entry.py")),
        why="load the application once",
        timeout_s=plan.release.load_timeout_s + _GRACE_S,
        cwd=plan.site.directory,
        environ=release.environ,
        user=release.user or None,
    )
    outcome = run(command)
    if not outcome.ok:
        raise explain_trial(outcome, plan.release.load_timeout_s)
