"""The links that nginx and the rest of the stack follow: one for each uWSGI instance, one for the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portico.actions.places import Places
from portico.model.plan import UwsgiPlan, slot_suffix
from portico.system import files


def targets(where: Places) -> dict[str, str]:
    """Every `app.sock`, `app.2.sock`, ... and the socket of the instance it points to."""
    found = {}
    for link in sorted((where.run / "app").glob("app*.sock")):
        if link.is_symlink():
            found[link.name] = str(link.readlink())
    return found


def point(where: Places, instance: UwsgiPlan) -> None:
    """Requests for that slot go to this instance from now on."""
    files.swap_link(where.run / "app" / instance.link, Path(instance.instance_socket).name)


def restore(where: Places, before: dict[str, str]) -> None:
    """All links as they were; those that were not there go."""
    for name, target in before.items():
        files.swap_link(where.run / "app" / name, target)
    drop(where, set(targets(where)) - before.keys())


def drop(where: Places, names: set[str]) -> None:
    for name in names:
        files.remove(where.run / "app" / name)


def wanted(uwsgi: Mapping[str, Any], release: int) -> dict[str, str]:
    """The links of a release, from its plan as data."""
    count = int(uwsgi["instances"])
    suffixes = map(slot_suffix, range(1, count + 1))
    return {f"app{suffix}.sock": f"app-{release}{suffix}.sock" for suffix in suffixes}


def daemon_of(target: str) -> str:
    """The daemon behind a socket's name: `app-7.2.sock` is that of `uwsgi-7.2`."""
    return target.replace("app-", "uwsgi-", 1).removesuffix(".sock") if target else ""
