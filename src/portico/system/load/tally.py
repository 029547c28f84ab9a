"""What came of the requests so far."""

from __future__ import annotations

from array import array
from collections import Counter

from portico.model.load import Measured


class Tally:
    """Counts answers and lost requests. Moments are monotonic seconds; `begun` is the first."""

    __slots__ = ("_begun", "_ended", "_gap", "_good", "_latencies", "_lost", "_statuses", "answers", "received")

    def __init__(self, begun: float) -> None:
        self._begun = self._ended = self._good = begun
        self._gap = 0.0
        self._latencies = array("Q")
        self._statuses: dict[int, int] = {}
        self._lost: Counter[str] = Counter()
        self.answers = 0
        self.received = 0

    def answered(self, status: int, began: float, now: float) -> None:
        self.answers += 1
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._latencies.append(int((now - began) * 1_000_000))
        self._ended = now
        if status < 400:
            if now - self._good > self._gap:
                self._gap = now - self._good
            self._good = now

    def lost(self, reason: str) -> None:
        self._lost[reason] += 1

    def last_answer(self) -> float:
        """When the last answer came; the beginning without one."""
        return self._ended

    def measured(self, deadline: float) -> Measured:
        """All of it, up to the last answer, or up to `deadline` where that was later."""
        ended = max(self._ended, deadline)
        return Measured(
            seconds=ended - self._begun,
            statuses=dict(sorted(self._statuses.items())),
            lost=dict(self._lost.most_common()),
            latencies_us=tuple(sorted(self._latencies)),
            received_bytes=self.received,
            longest_gap_s=max(self._gap, ended - self._good),
        )
