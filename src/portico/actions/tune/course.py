"""The rounds: every setting in each, there and back again, so that what changes on the machine meanwhile meets all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from portico.actions.aside.stack import Standing
from portico.actions.options import Options
from portico.actions.tune import contenders
from portico.actions.tune.asked import Progress
from portico.actions.tune.contenders import Contender
from portico.actions.tune.fits import Fitting
from portico.actions.tune.measure import ALONE, Window, one_round, window
from portico.actions.tune.rows import Round, Row
from portico.actions.tune.sizes import Size
from portico.model.load import Load

#: How long a uWSGI takes to start, until one has; and what a window takes besides its own time.
_START_S = 2.0
_BESIDE_S = 0.15
#: A worker's first requests load what it needs for the others.
_WARM_S = 2.0
_WARM = 4


@dataclass
class Course:
    """What is to be done, and what has been: `rounds_of` and `failed` by setting, `windows` all with many clients. `wall_us`
    is how long a request takes alone."""

    base: Standing
    options: Options
    load: Load
    clients: int
    wall_us: float
    seconds: float
    rounds: int
    fitting: Fitting
    say: Callable[[str], None]
    progress: Callable[[Progress], None]
    rounds_of: dict[Size, list[Round]] = field(default_factory=dict)
    failed: dict[Size, str] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    _starts: list[float] = field(default_factory=list)
    _started: int = 0
    _done: int = 0

    @property
    def sizes(self) -> tuple[Size, ...]:
        return tuple(size for batch in self.fitting.batches for size in batch)

    @property
    def left_s(self) -> float:
        """About how long it takes from here."""
        again = self.rounds if len(self.fitting.batches) > 1 else 1
        starts = max(0, (len(self.sizes) - 1) * again - self._started)
        each = sum(self._starts) / len(self._starts) if self._starts else _START_S
        windows = sum(map(self._window_s, self.sizes)) * max(0, self.rounds - self._done / max(1, len(self.sizes)))
        return starts * each + windows

    def _window_s(self, size: Size) -> float:
        """The time of one setting in one round: requests that are under way at its end are waited for."""
        under_way_s = self.wall_us / 1e6 * (1 + self.clients / size.slots)
        return self.seconds * (1 + ALONE) + under_way_s + _BESIDE_S

    def rows(self) -> list[Row]:
        """What there is by now, in the order of the settings."""
        left = [Row(size, failed=why) for size, why in self.fitting.left_out.items()]
        return [Row(size, tuple(self.rounds_of.get(size, ())), self.failed.get(size, "")) for size in self.sizes] + left

    def run(self) -> None:
        """All rounds. What was measured before an interrupt stays."""
        self._whole_s = self.left_s
        batches = self.fitting.batches
        if len(batches) == 1:
            with self._running(batches[0]) as there:
                for number in range(self.rounds):
                    self._turn(there, number)
                    self.say(f"round {number + 1} of {self.rounds}")
            return
        for number in range(self.rounds):
            for batch in batches:
                with self._running(batch) as there:
                    self._turn(there, number)
            self.say(f"round {number + 1} of {self.rounds}")

    @contextmanager
    def _running(self, sizes: Sequence[Size]) -> Iterator[list[Contender]]:
        now = contenders.present(self.base)
        others = [size for size in sizes if size != now.size and size not in self.failed]
        if others:
            self._tell(f"starting {others[0]}")
        began = time.monotonic()

        def started(size: Size) -> None:
            nonlocal began
            self._starts.append(time.monotonic() - began)
            self._started += 1
            began = time.monotonic()
            following = others[others.index(size) + 1 :]
            self._tell(f"starting {following[0]}" if following else "warming up")

        with contenders.beside(self.base, self.options, others, started) as found:
            self.failed.update({size: why for size, why in found.items() if isinstance(why, str)})
            there = [now] if now.size in sizes else []
            there += [one for one in found.values() if isinstance(one, Contender)]
            for one in there:
                if one is not now:
                    window(one, self.load, min(self.clients, 2 * one.size.slots), _WARM_S, _WARM * one.size.slots)
            yield there

    def _turn(self, there: Sequence[Contender], number: int) -> None:
        for one in there if number % 2 == 0 else reversed(there):
            self._tell(f"round {number + 1} of {self.rounds}, {one.size}")
            found, many = one_round(one, self.load, self.clients, self.seconds)
            self.rounds_of.setdefault(one.size, []).append(found)
            self.windows.append(many)
            self._done += 1

    def _tell(self, doing: str) -> None:
        left_s = self.left_s
        self.progress(Progress(doing, 1 - left_s / self._whole_s if self._whole_s else 0.0, left_s))
