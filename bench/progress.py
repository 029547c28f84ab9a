"""What a run does, one line for each step, and about how long it still takes."""

from __future__ import annotations

import time

#: The steps before all others, each followed by the key of a stack: its environment, and the stack itself.
INSTALL, START = "install ", "start "
SITE = START + "the site"


class Progress:
    """`planned`: seconds of the steps that come, by name, as they were guessed. What they really took corrects the guess."""

    def __init__(self, planned: dict[str, float]) -> None:
        self._planned = dict(planned)
        self._began = time.monotonic()
        self._guessed = self._took = 0.0
        self._since = self._began

    def say(self, text: str) -> None:
        """A line with the time since the beginning and what is left."""
        passed = time.monotonic() - self._began
        print(f"[{_clock(passed)}, about {_clock(self.left_s())} left] {text}", flush=True)

    def done(self, name: str, share: float = 1.0) -> None:
        """`share` of what was left of this step is over. Installing and starting say nothing about the rest."""
        now = time.monotonic()
        over = self._planned.get(name, 0.0) * share
        self._planned[name] = self._planned.get(name, 0.0) - over
        if not name.startswith((INSTALL, START)):
            self._guessed += over
            self._took += now - self._since
        self._since = now

    def left_s(self) -> float:
        """What is left, as guessed; longer or shorter as the steps until now were, once they are a minute's worth."""
        ratio = (self._took + 60) / (self._guessed + 60)
        return ratio * sum(self._planned.values())

    @property
    def passed_s(self) -> float:
        return time.monotonic() - self._began


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
