"""A gate before the application: of a worker's many threads only a few compute at a time.

Threads that compute take turns at the interpreter's lock, and each turn costs: 60 requests at once for a page that computes
take 40 % more of the processor than four at a time (docs/decisions/0021-a-socket-for-each-worker.md). Requests that wait,
for a database or another service, cost nothing, however many they are. So `LEAST` are let in and the others wait in turn;
while somebody waits, a thread looks every 5 ms at what the process computes: less than half a core, and twice
as many are let in. Nearly a core's worth, and the gate narrows again, as it does when all have left.

A permit to be inside is an item of `_free`. Whoever leaves puts his back and then looks for one who waits; whoever waits
first joins the queue and then looks for a free permit: of two at once one sees what the other did. `pop`, `popleft` and
`append` of lists and deques happen as a whole. Each who waits has a raw lock of his own, the cheapest way to wait.

Nobody waits for ever: when none gets in for a quarter of a second, as where those inside compute for long, or ask their own
site for something while another thread computes, one more is let in, whatever the process computes.

Copied into a release beside entry.py: standard library only, Python 3.8 and later. The thread that looks begins with the
first request that waits, and so not before uWSGI forks its workers.
"""

from __future__ import annotations

import _thread
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Any

LEAST = 4
#: Seconds from one look to the next: while somebody waits, and while the gate is only wide.
_LOOK_S, _SLOW_LOOK_S = 0.005, 0.02
_STUCK_S, _IDLE_S = 0.25, 1.0
#: Of one core: below, more are let in; above, for so many seconds, less.
_WAITS, _COMPUTES, _COMPUTES_S = 0.5, 0.85, 0.02


class Gate:
    """Lets `LEAST` in at once, and up to `most` while they wait rather than compute. `clock` and `spent` tell the time and
    what the process has computed, in seconds."""

    def __init__(
        self, most: int, clock: Callable[[], float] = time.monotonic, spent: Callable[[], float] = time.process_time
    ) -> None:
        self.width, self.most = LEAST, max(LEAST, most)
        self._clock, self._spent = clock, spent
        self._free: list[None] = [None] * LEAST
        #: One for each permit that goes when its holder leaves.
        self._excess: list[None] = []
        self._waiting: deque[Any] = deque()
        self._moved = False
        self._asleep, self._started = _thread.allocate_lock(), _thread.allocate_lock()
        self._asleep.acquire()
        self.begin()

    def around(self, application: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """The same WSGI application behind the gate. Its call is; what the server then takes from a generator is not."""
        excess, waiting, take, give = self._excess, self._waiting, self._free.pop, self._free.append

        def gated(environ: Any, start_response: Any) -> Any:
            try:
                take()
            except IndexError:
                self._wait()
            try:
                return application(environ, start_response)
            finally:
                if excess:
                    self._leave()
                else:
                    give(None)
                    if waiting:
                        self._let_in()

        return gated

    def _leave(self) -> None:
        try:
            self._excess.pop()
        except IndexError:
            self._free.append(None)
            self._let_in()

    def _wait(self) -> None:
        turn = _thread.allocate_lock()
        turn.acquire()
        self._waiting.append(turn)
        self._let_in()
        self._wake()
        turn.acquire()

    def _let_in(self) -> None:
        """Give free permits to those who wait, the first first."""
        while self._waiting:
            try:
                self._free.pop()
            except IndexError:
                return
            try:
                turn = self._waiting.popleft()
            except IndexError:
                # Others were faster. Look again: somebody may have joined before the permit came back.
                self._free.append(None)
            else:
                self._moved = True
                turn.release()

    def _wake(self) -> None:
        """The thread that looks; the first time it is made."""
        if self._started.acquire(False):
            try:
                _thread.start_new_thread(self._watch, ())
            except RuntimeError:
                # No more threads for this account; the next who waits tries again.
                self._started.release()
        if self._asleep.locked():
            # Another may have released it just now.
            with contextlib.suppress(RuntimeError):
                self._asleep.release()

    def _watch(self) -> None:
        while True:
            self._asleep.acquire()
            self.begin()
            time.sleep(_LOOK_S)
            while self.look():
                time.sleep(_LOOK_S if self._waiting else _SLOW_LOOK_S)

    def begin(self) -> None:
        """What the first look compares with."""
        self._last = self._stretch = (self._clock(), self._spent())
        self._moved_at = self._used_at = self._last[0]

    def look(self) -> bool:
        """Make the gate as wide as what happened since the last look asks for; whether there is a reason to look again."""
        now = (self._clock(), self._spent())
        if self._moved or not self._waiting:
            self._moved, self._moved_at = False, now[0]
        if self._waiting and _share(self._last, now) < _WAITS:
            self._widen(min(self.width, self.most - self.width))
        elif now[0] - self._moved_at > _STUCK_S:
            self._moved_at = now[0]
            self._add(1)
        self._last = now
        if len(self._free) < self.width:
            self._used_at = now[0]
        stretched = now[0] - self._stretch[0] > _COMPUTES_S
        if (stretched and _share(self._stretch, now) > _COMPUTES) or now[0] - self._used_at > _IDLE_S:
            self._narrow()
        if stretched:
            self._stretch = now
        return bool(self._waiting) or self.width > LEAST

    def _widen(self, count: int) -> None:
        """First those stay that were about to go."""
        with contextlib.suppress(IndexError):
            while count > 0:
                self._excess.pop()
                self.width, count = self.width + 1, count - 1
        self._add(max(0, count))

    def _add(self, count: int) -> None:
        self.width += count
        self._free.extend([None] * count)
        self._let_in()

    def _narrow(self) -> None:
        """Of the permits that are held, those too many go when their holders leave."""
        while self.width > LEAST:
            self.width -= 1
            try:
                self._free.pop()
            except IndexError:
                self._excess.append(None)


def _share(before: tuple[float, float], now: tuple[float, float]) -> float:
    """Of one core; all of it where no time passed."""
    passed = now[0] - before[0]
    return (now[1] - before[1]) / passed if passed > 0 else 1.0
