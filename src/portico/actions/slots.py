"""The links that nginx and the rest of the stack follow: one for each socket of uWSGI, one for the configuration."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from portico.actions.places import Places
from portico.model.plan import UwsgiPlan, each_worker, slot_suffix
from portico.system import files, sockets

_WORKER = re.compile(r"\.w\d+\.sock$")


def targets(where: Places) -> dict[str, str]:
    """Every `app.sock`, `app.w2.sock`, `app.2.sock`, ... and the socket of the instance it points to."""
    found = {}
    for link in sorted((where.run / "app").glob("app*.sock")):
        if link.is_symlink():
            found[link.name] = str(link.readlink())
    return found


def point(where: Places, instance: UwsgiPlan) -> None:
    """Requests for that slot go to this instance from now on; also those that nginx sends to a worker's link which this
    instance has no worker for: until it is reloaded nginx knows the links of the release before."""
    names = [Path(path).name for path in instance.sockets]
    spare = sorted(name for name in targets(where) if _slot_of(name) == instance.link and name not in instance.links)
    for number, link in enumerate((*instance.links, *spare)):
        files.swap_link(where.run / "app" / link, names[number % len(names)])


def restore(where: Places, before: dict[str, str]) -> None:
    """All links as they were. Those that were not there lead where the first of their slot does, until `drop_others`: nginx
    may know them still."""
    for name, target in before.items():
        files.swap_link(where.run / "app" / name, target)
    for name in targets(where).keys() - before.keys():
        if _slot_of(name) in before:
            files.swap_link(where.run / "app" / name, before[_slot_of(name)])


def drop_others(where: Places, kept: Collection[str]) -> None:
    """Remove every link but those."""
    for name in targets(where).keys() - kept:
        files.remove(where.run / "app" / name)


def wanted(uwsgi: Mapping[str, Any], release: int) -> dict[str, str]:
    """The links of a release, from its plan as data."""
    found: dict[str, str] = {}
    for suffix in map(slot_suffix, range(1, int(uwsgi["instances"]) + 1)):
        links = worker_names(f"app{suffix}.sock", uwsgi)
        found.update(zip(links, worker_names(f"app-{release}{suffix}.sock", uwsgi), strict=True))
    return found


def worker_names(first: str, uwsgi: Mapping[str, Any]) -> tuple[str, ...]:
    """The names or paths of all sockets of an instance, from its plan as data and its first one. A plan of an earlier
    version has one socket for all workers."""
    return each_worker(first, int(uwsgi["processes"]) if uwsgi.get("worker_sockets") else 1)


def daemon_of(target: str) -> str:
    """The daemon behind a socket's name: `app-7.2.sock` and `app-7.2.w3.sock` are those of `uwsgi-7.2`."""
    return _slot_of(target).replace("app-", "uwsgi-", 1).removesuffix(".sock") if target else ""


def queued(where: Places, daemons: Collection[str]) -> int:
    """Requests that wait in any of the sockets of these daemons. One that sleeps has nobody to take them: it wakes up for
    them."""
    folder = f"{where.run}/app/"
    lengths = sockets.queue_lengths().items()
    return sum(length for path, length in lengths if path.startswith(folder) and daemon_of(Path(path).name) in daemons)


def forget_sockets(where: Places, daemon: str) -> None:
    """Remove what a killed daemon leaves: its sockets, one or one for each worker."""
    for path in (where.run / "app").glob("app-*.sock"):
        if daemon_of(path.name) == daemon:
            path.unlink(missing_ok=True)


def _slot_of(name: str) -> str:
    """The name without the number of a worker."""
    return _WORKER.sub(".sock", name)
