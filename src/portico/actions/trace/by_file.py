"""The file that answered instead of the application, where nginx tries one first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from portico.hops.nginx.route import candidates
from portico.model.seen import Route


def by_file(way: Route, find: Callable[..., Route], path: str) -> Route:
    """The route of a request that did not reach the application although `way` leads there: that of the file which is
    there now, if there is one. `find` is `hops.nginx.route.route` with its arguments but `present`."""
    if way.action != "uwsgi":
        return way
    there = [file for file in candidates(way, path) if _is_file(file)]
    return find(present=there) if there else way


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False
