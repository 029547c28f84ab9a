"""What may run at the same time: never more than the machine's memory and the database's connections allow. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portico.actions.tune.sizes import Size
from portico.model.units import human_bytes

#: Of the memory that is free, how much the trial may take; and how much more a worker may come to take under load.
_SHARE = 0.6
_GROWTH = 1.3


@dataclass(frozen=True)
class Room:
    """`memory_bytes` are free; a uWSGI of the size `seen` took `seen_bytes`. `connections`: how many more the database
    takes, None where nothing says so; `holds`: a thread keeps its connection between requests (CONN_MAX_AGE), those of
    `seen` too, which runs all the time."""

    memory_bytes: int
    seen: Size
    seen_bytes: float
    connections: int | None = None
    holds: bool = False

    def need_bytes(self, size: Size) -> float:
        """An upper bound: what workers share is counted for each that is more than there were."""
        return self.seen_bytes * max(1.0, size.processes / self.seen.processes) * _GROWTH

    def held(self, sizes: Iterable[Size]) -> int:
        """Connections that those settings hold while they run."""
        return sum(size.slots for size in {self.seen, *sizes}) if self.holds else 0


@dataclass(frozen=True)
class Fitting:
    """Each of `batches` runs at once, one after the other; `left_out` maps what does not fit even alone to why."""

    batches: tuple[tuple[Size, ...], ...]
    left_out: dict[Size, str]


def fitting(sizes: Iterable[Size], room: Room) -> Fitting:
    """Put the settings together, in their order."""
    left_out: dict[Size, str] = {}
    batches: list[list[Size]] = []
    for size in sizes:
        if why := _too_much(size, room):
            left_out[size] = why
        elif batches and _fit([*batches[-1], size], room):
            batches[-1].append(size)
        else:
            batches.append([size])
    return Fitting(tuple(map(tuple, batches)), left_out)


def _too_much(size: Size, room: Room) -> str:
    need, free = room.need_bytes(size), room.memory_bytes * _SHARE
    if room.memory_bytes and need > free and size.processes > room.seen.processes:
        return f"it may need {human_bytes(round(need))} of memory, and {human_bytes(room.memory_bytes)} are free"
    if room.connections is not None and max(size.slots, room.held([size])) > room.connections:
        kept = f" beside the {room.seen.slots} of {room.seen}" if room.holds and size != room.seen else ""
        return f"it may need {size.slots} connections of the database{kept}, which has {room.connections} left"
    return ""


def _fit(sizes: list[Size], room: Room) -> bool:
    memory = not room.memory_bytes or sum(map(room.need_bytes, sizes)) <= room.memory_bytes * _SHARE
    return memory and (room.connections is None or room.held(sizes) <= room.connections)
