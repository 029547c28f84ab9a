"""What to know before a recommendation is followed, each with what it rests on. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portico.actions.tune.sizes import Size
from portico.model.units import human_bytes

#: https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-MAX-CONNECTIONS and
#: https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_max_connections
_USUAL = {"postgresql": 100, "mysql": 151}
_SERVERS = ("postgresql", "mysql", "oracle")


@dataclass(frozen=True)
class Caveat:
    """`about` is one of database, memory, threads, load, paths, site."""

    about: str
    says: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Circumstances:
    """What a recommendation of `size` meets. `uwsgis` run beside each other (`instances`). `databases` as
    `inside/examine_database.py` describes them; None where they could not be asked. `pss_bytes` is what all uWSGIs of that
    size took, `free_bytes` what the machine has left. `load_us`, `server_us`: CPU for each request of who sent it, and of
    nginx and uWSGI. `others`: the part of the cores that other processes took, where that is worth telling."""

    size: Size
    present: Size
    clients: int
    paths: tuple[str, ...]
    pss_bytes: float = 0.0
    free_bytes: int = 0
    load_us: float = 0.0
    server_us: float = 0.0
    others: float = 0.0
    harakiri_s: int = 0
    uwsgis: int = 1
    databases: Sequence[Mapping[str, Any]] | None = field(default=())


def caveats(seen: Circumstances) -> tuple[Caveat, ...]:
    """Those that apply, the gravest first."""
    found = [*_others(seen), *_databases(seen), *_memory(seen), *_threads(seen), *_load(seen), _paths(seen)]
    return tuple(found)


def _others(seen: Circumstances) -> Iterator[Caveat]:
    if seen.others:
        yield Caveat(
            "load",
            "the machine was busy with other things, so that only large differences count: run it again when it is quiet",
            (f"other processes took {seen.others:.0%} of the cores in the middle of the rounds",),
        )


def _databases(seen: Circumstances) -> Iterator[Caveat]:
    if seen.databases is None:
        yield Caveat("database", "the databases could not be asked how many connections they allow")
    for one in seen.databases or ():
        vendor = str(one.get("vendor") or "")
        if vendor == "sqlite":
            yield _sqlite(one)
        elif vendor in _SERVERS:
            yield from _connections(seen, one, vendor)


def _sqlite(one: Mapping[str, Any]) -> Caveat:
    return Caveat(
        "database",
        "SQLite lets one connection write at a time (https://www.sqlite.org/lockingv3.html): pages that write wait for each "
        "other, and more processes or threads do not make them faster",
        (f"DATABASES[{one.get('alias')!r}]: {one.get('engine')}",),
    )


def _connections(seen: Circumstances, one: Mapping[str, Any], vendor: str) -> Iterator[Caveat]:
    needed = seen.size.slots * seen.uwsgis
    age = one.get("conn_max_age_s", 0)
    many = f"{seen.uwsgis} x " if seen.uwsgis > 1 else ""
    rows = [f"DATABASES[{one.get('alias')!r}]: {many}{seen.size} = {needed} connections, CONN_MAX_AGE = {age}"]
    most, used = one.get("max_connections"), one.get("connections") or 0
    if most is None:
        usual = f"; {_USUAL[vendor]} is usual" if vendor in _USUAL else ""
        known = _USUAL.get(vendor, 0)
        if not known or 2 * needed > known:
            yield Caveat(
                "database",
                f"{needed} connections are needed, {2 * needed} while a release changes; how many {vendor} allows could not "
                f"be told{usual}",
                tuple(rows),
            )
        return
    rows.append(f"max_connections = {most}, of which {used} were in use")
    if 2 * needed <= int(most) - int(used):
        return
    free = int(most) - int(used)
    keeps = "each thread keeps one between requests" if age != 0 else "each thread needs one while it answers"
    told = f"{needed} connections are more than the {free} that are free"
    if needed <= free:
        told = f"{needed} connections are free, but not the {2 * needed} that both releases need while one takes over"
    yield Caveat("database", f"{told} ({keeps})", tuple(rows))


def _memory(seen: Circumstances) -> Iterator[Caveat]:
    whole = seen.pss_bytes
    if not seen.free_bytes or 2 * whole <= seen.free_bytes:
        return
    yield Caveat(
        "memory",
        "while a release changes the old and the new uWSGI run side by side, and that is more than the machine has free",
        (
            f"2 x {human_bytes(round(whole))} with {seen.size}; {human_bytes(seen.free_bytes)} are free",
            "workers grow with the requests they have answered; this was measured within the first minutes",
        ),
    )


def _threads(seen: Circumstances) -> Iterator[Caveat]:
    size = seen.size
    if size.threads < 2 or size.threads <= seen.present.threads:
        return
    rows = [f"{seen.present} now, {size} then: {size.threads} requests at a time share the memory of one process"]
    if seen.harakiri_s and size.threads > 4:
        rows.append(f"harakiri = {seen.harakiri_s} s: all threads of a worker share its one deadline (uwsgi.W162)")
        rows.append(f"a worker that is ended by it takes up to {size.threads} requests with it")
    yield Caveat(
        "threads",
        "code that is not thread-safe (module globals that change, some C libraries) fails under threads, seldom in a test",
        tuple(rows),
    )


def _load(seen: Circumstances) -> Iterator[Caveat]:
    if not seen.load_us:
        return
    share = seen.load_us / (seen.load_us + seen.server_us)
    yield Caveat(
        "load",
        "the load came from this machine and took its part of the cores: with clients elsewhere there is more for the site",
        (f"{seen.load_us:.0f} us of CPU for each request, {share:.0%} of all that was spent",),
    )


def _paths(seen: Circumstances) -> Caveat:
    shown = ", ".join(seen.paths[:5]) + (f" and {len(seen.paths) - 5} more" if len(seen.paths) > 5 else "")
    return Caveat(
        "paths", f"only GET {shown} was measured, by {seen.clients} clients: pages that wait longer want more threads"
    )
