"""Results as a run might leave them: the figures are made up, and the same each time."""

from __future__ import annotations

from bench.results import Curve, Results, StackSeen, Table, Workload

JSON = Workload("json", "JSON view", "A small view.", "cpu_us", True, ("cpu_us", "per_s", "p50_ms", "p99_ms", "lost"))
SLEEP = Workload("sleep", "Waiting view, 200 clients", "It waits.", "per_s", False, ("per_s", "p99_ms"))
MEMORY = Workload("memory", "Memory", "After many requests.", "pss_mb", True, ("pss_mb", "rest_mb"))

#: Round by round what the machine was slower or faster than usual; the same for all, as in interleaved rounds.
_WEATHER = (1.0, 1.06, 0.97, 1.02, 1.1)


def rounds(*figures: float, figure: str = "cpu_us") -> tuple[dict[str, float], ...]:
    """Rounds with one figure."""
    return tuple({figure: one} for one in figures)


def stack(key: str, title: str = "", version: str = "1.0", **can: bool | str | None) -> StackSeen:
    """One that can do everything, unless said otherwise."""
    return StackSeen(key, title or key, version, **{"static": True, "slow_clients": True, "reload": True, **can})


def _json(cpu: float) -> tuple[dict[str, float], ...]:
    return tuple(
        {"cpu_us": cpu * one, "per_s": 1e6 / cpu / one, "p50_ms": cpu / 100 * one, "p99_ms": cpu / 40 * one, "lost": 0.0}
        for one in _WEATHER
    )


STACKS = (
    stack("portico", "Portico"),
    stack("gunicorn", "nginx + gunicorn (gthread)", "gunicorn 27.0.1, nginx 1.22.1"),
    stack("waitress", "nginx + waitress", reload=False),
    stack("granian", "granian", slow_clients=False),
    stack("uwsgi", "uWSGI alone", slow_clients=False, reload=False),
    stack("mod_wsgi", "mod_wsgi-express", version="", missing="apache2-dev is not installed"),
    stack("floor", "no server (the application in a loop)", static=None, slow_clients=None, reload=None),
)


def results() -> Results:
    """A whole run: Portico is first at JSON, behind at the waiting view, the only one with memory."""
    cpu = {"portico": 400.0, "gunicorn": 700.0, "waitress": 800.0, "granian": 360.0, "uwsgi": 330.0, "floor": 200.0}
    speed = {"portico": 160.0, "gunicorn": 320.0, "waitress": 80.0, "granian": 500.0}
    return Results(
        machine={"Date": "2026-01-02 03:04 UTC", "CPU": "Sample | 1 GHz", "Cores": "2"},
        stacks=STACKS,
        workloads=(JSON, SLEEP, MEMORY),
        rounds={
            "json": {key: _json(one) for key, one in cpu.items()},
            "sleep": {
                key: tuple({"per_s": one * each, "p99_ms": 9e4 / one} for each in _WEATHER) for key, one in speed.items()
            },
            "memory": {"portico": ({"pss_mb": 88.0, "rest_mb": 71.0},)},
        },
        notes={"sleep": {"uwsgi": "answered 502 to 3 of 900 requests"}, "json": {"granian": "lost 2 of its requests"}},
        curves=(
            Curve(
                "concurrency",
                "JSON view, from 1 to 1,000 clients",
                "clients at once",
                "CPU per request, µs",
                {
                    "portico": ((1, 420.0), (10, 400.0), (100, 410.0), (1000, 430.0)),
                    "gunicorn": ((1, 690.0), (10, 700.0), (100, 1400.0), (1000, 1500.0)),
                },
            ),
        ),
        tables=(Table("commands", "What Portico itself costs", "CPU.", ("", "measured"), (("`portico status`", "0.3 s"),)),),
    )
