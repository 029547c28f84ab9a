"""How the cost changes with the number of clients, and with the number of sites."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

from bench import sites
from bench.air import Failed, OnAir
from bench.effort import Effort, loaded
from bench.results import Curve, Figures
from bench.rounds import turns
from portico.model.load import Request

SECONDS = 190.0
CLIENTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ROUNDS = 3
PATH = "/json/"
#: Portico, and what most would take instead.
STACKS = ("portico", "gunicorn")
#: figure -> (key, title, label of the axis).
_SHOWN = {
    "cpu_us": ("clients_cpu", "CPU per request against concurrency", "CPU per request, microseconds"),
    "per_s": ("clients_per_s", "Throughput against concurrency", "requests a second"),
    "p99_ms": ("clients_p99", "Latency against concurrency", "99 of 100 requests are faster, ms"),
}


def curves(airs: Sequence[OnAir], effort: Effort, say: Callable[[str], None]) -> Iterator[Curve]:
    """Three against the number of clients of the JSON view, then two against the number of sites (bench.sites)."""
    chosen = [air for air in airs if air.key in STACKS]
    found = _by_clients(chosen, effort, say) if chosen else {}
    for figure, (key, title, label) in _SHOWN.items():
        if found:
            yield Curve(key, title, "clients at once, connections kept", label, _points(found, figure))
    if any(air.key == "portico" for air in airs):
        yield from sites.curves(effort, say)


def _by_clients(airs: Sequence[OnAir], effort: Effort, say: Callable[[str], None]) -> dict[str, dict[int, list[Figures]]]:
    by_key = {air.key: air for air in airs}
    found: dict[str, dict[int, list[Figures]]] = {key: {} for key in by_key}
    for clients in CLIENTS[:: 3 if effort.quick else 1]:
        for _, key in turns(tuple(by_key), min(ROUNDS, effort.rounds)):
            # Each client is answered several times, however many there are.
            seconds = effort.seconds * (1 + clients / 500)
            try:
                figures = loaded(by_key[key], (Request(PATH),), seconds=seconds, clients=clients)
            except Failed as error:
                say(f"{clients} clients: {key} {error}")
                continue
            found[key].setdefault(clients, []).append(figures)
        told = ", ".join(
            f"{key} {_median(many[clients], 'cpu_us'):.0f} us" for key, many in found.items() if clients in many
        )
        say(f"{clients} clients: {told}")
    return found


def _points(found: dict[str, dict[int, list[Figures]]], figure: str) -> dict[str, tuple[tuple[float, float], ...]]:
    return {
        key: tuple((float(clients), _median(many, figure)) for clients, many in by_clients.items())
        for key, by_clients in found.items()
    }


def _median(many: Sequence[Figures], figure: str) -> float:
    return statistics.median(one[figure] for one in many)
