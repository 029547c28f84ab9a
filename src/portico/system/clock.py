"""Time, and waiting for a condition instead of sleeping."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


def wait_for(condition: Callable[[], T | None], timeout_s: float, every_s: float = 0.02) -> T | None:
    """Call `condition` until it returns something true, and return that; None when `timeout_s` has passed.

    The pause grows from 5 ms to `every_s`, so that quick things are seen quickly and slow ones cost little. It is called
    once more after the time has passed: on a busy machine we may have been held up, and not what we wait for.
    """
    deadline = time.monotonic() + timeout_s
    pause = 0.005
    while True:
        is_last = time.monotonic() >= deadline
        answer = condition()
        if answer:
            return answer
        if is_last:
            return None
        time.sleep(pause)
        pause = min(pause * 1.5, every_s)


def wait_for_sign(sign: Path, condition: Callable[[], T | None], timeout_s: float, every_s: float) -> T | None:
    """As `wait_for`, for a condition that costs something and mostly comes with a file: the file is looked for often, which
    costs nothing, and the condition is asked when it is there, or else now and then."""
    looks = itertools.count()
    return wait_for(lambda: condition() if sign.exists() or not next(looks) % 10 else None, timeout_s, every_s)
