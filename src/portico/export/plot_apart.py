"""Labels beside the ends of lines: none over another. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def apart(wanted: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Places at least `distance` apart, as near to the wanted ones as that lets them be, in the order of these; between
    `low` and `high` if that is wide enough."""
    order = sorted(range(len(wanted)), key=lambda at: (wanted[at], at))
    groups: list[tuple[float, int]] = []
    for at in order:
        centre, size = wanted[at], 1
        # Neighbours that would overlap become one group around their common centre.
        while groups and _end(*groups[-1], distance) > centre - size * distance / 2:
            other, count = groups.pop()
            centre, size = (centre * size + other * count) / (size + count), size + count
            half = (size - 1) * distance / 2
            centre = max(low + half, min(centre, high - half))
        groups.append((centre, size))
    taken = [centre + (place - (size - 1) / 2) * distance for centre, size in groups for place in range(size)]
    places = dict(zip(order, taken, strict=True))
    return [round(places[at], 1) for at in range(len(wanted))]


def _end(centre: float, size: int, distance: float) -> float:
    return centre + size * distance / 2
