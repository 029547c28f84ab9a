"""Whether workers have sockets of their own, and how many threads they have then."""

from __future__ import annotations

from typing import Any

import pytest

from portico.actions.layers import Layers
from portico.actions.resolve_workers import MOST_THREADS, SHARED_MAX_REQUESTS, SHARED_THREADS, resolve_workers
from portico.model.config import Config
from portico.model.plan import UwsgiPlan
from support.plans import MODULES, make_plan

SQLITE = ("django.db.backends.sqlite3",)
POSTGRES = ("django.db.backends.postgresql", *SQLITE)
CHOOSES = MODULES | {"http_upstream_least_conn", "http_upstream_zone"}


def resolved(
    config: dict[str, Any] | None = None,
    databases: tuple[str, ...] | None = SQLITE,
    without: str = "",
    cores: int = 2,
    **plan: Any,
) -> UwsgiPlan:
    whole = make_plan(uwsgi=plan, binary={"modules": CHOOSES - {without}})
    layers = Layers(Config.model_validate(config or {}), {})
    return resolve_workers(layers, whole.uwsgi, whole.nginx, databases, cores)


def test_each_worker_has_one_and_many_threads() -> None:
    found = resolved()
    assert (found.worker_sockets, found.processes, found.threads, found.max_requests) == (True, 2, MOST_THREADS, 0)


@pytest.mark.parametrize(
    "given",
    [
        {"address": "127.0.0.1:9090"},
        {"instances": 2},
        {"lazy_apps": True},
        {"extra": ("cheaper = 1",)},
        {"extra": ("; mine\nreload-on-rss = 500",)},
        {"without": "http_upstream_least_conn"},
        {"without": "http_upstream_zone"},
        {"config": {"servers": ["10.0.0.2:9090"]}},
        {"config": {"uwsgi": {"max_requests": 5000}}},
        {"config": {"upstream": {"balance": "ip_hash"}}},
        {"config": {"uwsgi": {"processes": 1}}},
        {"databases": POSTGRES, "cores": 8},
    ],
    ids=str,
)
def test_they_share_one_where_nginx_cannot_choose_or_a_worker_goes_away(given: dict[str, Any]) -> None:
    found = resolved(**given)
    assert (found.worker_sockets, found.threads) == (False, SHARED_THREADS)
    assert found.max_requests == (given.get("config", {}).get("uwsgi", {}).get("max_requests") or SHARED_MAX_REQUESTS)


def test_without_nginx_they_share_one() -> None:
    plan = make_plan(uwsgi={}).uwsgi
    found = resolve_workers(Layers(Config(), {}), plan, None, SQLITE, 2)
    assert not found.worker_sockets


@pytest.mark.parametrize("config", [{"upstream": {"balance": "least_conn"}}, {"uwsgi": {"max_requests": 0}}])
def test_who_says_what_is_the_default_keeps_it(config: dict[str, Any]) -> None:
    assert resolved(config).worker_sockets


@pytest.mark.parametrize("extra", ["py-tracebacker = /run/t", "enable-metrics = true"])
def test_other_raw_lines_change_nothing(extra: str) -> None:
    assert resolved(extra=(extra,)).worker_sockets


@pytest.mark.parametrize(("cores", "threads"), [(2, 20), (4, 10), (5, 8)])
@pytest.mark.parametrize("databases", [POSTGRES, None], ids=["a server", "unknown"])
def test_a_database_server_has_enough_connections_for_all(
    databases: tuple[str, ...] | None, cores: int, threads: int
) -> None:
    found = resolved(databases=databases, cores=cores)
    assert (found.worker_sockets, found.threads) == (True, threads)


@pytest.mark.parametrize(("threads", "own"), [(7, False), (8, True), (200, True)])
def test_a_number_of_threads_is_kept_and_few_are_no_reason_for_sockets(threads: int, own: bool) -> None:
    found = resolved({"uwsgi": {"threads": threads}})
    assert (found.threads, found.worker_sockets) == (threads, own)
