"""`portico rollback`: an earlier release goes live again."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from portico.actions import apply, done, environment, history, instance, releases, state, supervise
from portico.actions.history import Record
from portico.actions.instance import Release
from portico.actions.options import Options, find_places
from portico.actions.places import Places
from portico.actions.prepare import Prepared, prepare
from portico.actions.source import Source, source_of
from portico.actions.state import State
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.plan import Plan, UwsgiPlan
from portico.model.result import Result
from portico.system import clock, lock
from portico.system.accounts import ourselves
from portico.system.aside import orderly
from portico.system.supervisor import Supervisor

Say = Callable[[str], None]

NO_RELEASE = Kind(
    "system.E019",
    "system",
    "There is no such release to go back to",
    "Only a release that was live, and is still on disk, can be live again.",
    source="docs/decisions/0009-rollback-and-warm-releases.md",
    shows="`portico rollback` ends with exit status 2; what is live stays live.",
    example="portico rollback 12                                  # release 12 was never live",
    cure="`portico releases` lists those there are. `[release] keep = 10` in portico.toml keeps more. After `--fast` there "
    "is no way back: put the code before back into the folder, then `portico reload`.",
)
OTHER_CODE = Kind(
    "system.E020",
    "system",
    "The code of that release is neither in memory nor in the folder",
    "Portico runs the code where it lies and keeps no copies; starting now would serve today's code under an old number.",
    source="docs/decisions/0009-rollback-and-warm-releases.md",
    shows="`portico rollback` ends with exit status 2; what is live stays live.",
    example="release 4: git 1a2b3c4d5e6f 'Prices'\nthe folder: git 6f5e4d3c2b1a 'New prices'",
    cure="Put the code back (`git checkout COMMIT`), then `portico rollback 4`. `[release] warm = 2` keeps more releases "
    "in memory, which need no folder.",
)


def rollback(options: Options, wanted: int | None, say: Say) -> Result:
    """The release that was live before, or `wanted`, goes live. One that sleeps takes over at once with the code it has in
    memory; another is started anew, if the folder holds its code again. Raises PorticoError when neither is possible."""
    where = find_places(options.project)
    known = state.read(where)
    if known is None:
        cause = "nothing is running here, so nothing can be rolled back"
        raise PorticoError(NO_RELEASE.found(cause=cause, evidence=[str(where.project)], fix=["portico up"]), Exit.USAGE)
    with orderly(), lock.exclusive(where.lock):
        known = state.read(where) or known
        record = _target(where, known, wanted)
        if record.number == known.release:
            headline = f"Release {record.number} is live already."
            return done.result(where, options.project, "rollback", headline, {"changed": False})
        plan = _plan(record)
        if record.number in releases.warm_releases(where, known):
            release = Release(plan, where.release_dir(record.number), {}, ourselves())
            say(f"release {record.number} sleeps with its code in memory")
            return _go(where, options, known, record, release, say, lambda *_: None)
        prepared = prepare(replace(options, **{k: v for k, v in record.flags.items() if hasattr(options, k)}))
        _prove_code(where, record, source_of(where.project, plan.site, plan.interpreter))
        release = Release(plan, where.release_dir(record.number), prepared.environ, prepared.machine.app)
        say(f"the folder holds the code of release {record.number}: starting it")
        return _started(where, options, known, record, release, say, prepared)


def _started(
    where: Places, options: Options, known: State, record: Record, release: Release, say: Say, prepared: Prepared
) -> Result:
    try:
        return _go(where, options, known, record, release, say, _afresh)
    except PorticoError as error:
        raise environment.discreet(error, prepared.environ) from error


def _afresh(where: Places, client: Supervisor, release: Release, one: UwsgiPlan) -> None:
    """Start it, and not go on with what runs under its name: a sleeping instance that died was started again with other
    code."""
    supervise.retire(where, client, one.name)
    instance.start(where, client, release, one)


def _go(
    where: Places, options: Options, known: State, record: Record, release: Release, say: Say, start: apply.Start
) -> Result:
    def commit(warm: dict[str, int]) -> None:
        now = clock.now()
        back = known.release if record.number < known.release else 0
        written = state.State(
            record.number, record.digest, now, record.url, record.flags, record.plan, known.release, warm, back
        )
        state.write(where, written)
        history.write(where, replace(record, live_at=now))

    seen = apply.go_live(where, release, say, commit, start)
    extra = {**done.switched(release.plan, seen, say), "rolled_back_from": known.release}
    headline = f"Release {record.number} is live again, with the code it was started with."
    return done.result(where, options.project, "rollback", headline, extra, done.broken(release, seen.through))


def _target(where: Places, known: State, wanted: int | None) -> Record:
    """The record of the release to go back to; raises PorticoError with those there are."""
    there = [record for record in history.every(where) if record.live_at]
    number = wanted or known.previous
    record = next((record for record in there if record.number == number), None)
    if record:
        return record
    listed = [f"release {record.number}: {_code(record.source)}" for record in there]
    cause = (
        f"release {number} was never live, or is no longer kept"
        if number
        else "since `portico up` no release was live before this one"
    )
    fix = [f"portico rollback {one.number}" for one in there if one.number < known.release][:1] if not wanted else []
    fix += ["portico releases   # those there are", "[release] keep = 10   # in portico.toml: keep more of them"]
    if known.plan["release"]["fast"] and not wanted:
        cause = "with --fast the workers were replaced in place: the code before is nowhere in memory, there is no way back"
        fix = ["put the code before back into the folder, then: portico reload"]
    raise PorticoError(NO_RELEASE.found(cause=cause, evidence=listed, fix=fix), Exit.USAGE)


def _plan(record: Record) -> Plan:
    try:
        return record.load_plan()
    except ValueError as error:
        cause = f"another version of Portico made release {record.number}"
        finding = NO_RELEASE.found(cause=cause, evidence=[str(error).splitlines()[0]], fix=["portico up"])
        raise PorticoError(finding, Exit.USAGE) from None


def _prove_code(where: Places, record: Record, now: Source) -> None:
    """Raise unless the folder holds the code of that release."""
    if record.source.get("digest") == now.digest:
        return
    folder, revision = shlex.quote(str(where.project)), record.source.get("revision")
    again = f"portico rollback {record.number}"
    if revision and not record.source.get("dirty"):
        fix = [f"git -C {folder} checkout {revision}", again]
    elif revision:
        fix = [f"git -C {folder} log {revision}   # it was made from this commit and changes that were not committed", again]
    else:
        fix = [f"put the code of release {record.number} back into {folder}", again]
    fix.append("[release] warm = 2   # in portico.toml keeps more releases in memory, for an instant rollback")
    evidence = [f"release {record.number}: {_code(record.source)}", f"the folder: {_code(asdict(now))}"]
    cause = f"its uWSGI no longer runs, and the folder holds other code than release {record.number} had"
    raise PorticoError(OTHER_CODE.found(cause=cause, evidence=evidence, fix=fix), Exit.USAGE)


def _code(source: dict[str, Any]) -> str:
    """Code for people: its commit, or its digest."""
    if source.get("revision"):
        changed = ", with changes that are not committed" if source.get("dirty") else ""
        return f"git {source['revision'][:12]} {source.get('subject', '')!r}{changed}"
    return f"no git; contents {str(source.get('digest'))[:12]}, {source.get('files')} files"
