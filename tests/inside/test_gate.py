"""The gate before the application: how many are inside at once, and that everybody gets in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from portico.inside.gate import LEAST, Gate
from support.stack import until

LIMIT_S = 30.0


class Clock:
    """Time and what the process has computed, which stand still unless they are told."""

    now = spent = 0.0

    def passes(self, computing: float, done: Callable[[], bool]) -> None:
        """Time goes on until then, and so much of a core is used. Whoever looks compares with the last look, and the first
        one has nothing to compare with."""

        def tick() -> bool:
            # In this order a look in between takes the process for one that computes more.
            self.spent += computing * 0.3
            self.now += 0.3
            return done()

        until(tick, what="the gate has seen how the time goes")


class Inside:
    """An application that counts who is inside at once, and keeps them there until `leave`."""

    def __init__(self, stays: bool) -> None:
        self.entered = threading.Semaphore(0)
        self.leave = threading.Event()
        self.most = self._now = 0
        self._lock = threading.Lock()
        if not stays:
            self.leave.set()

    def __call__(self, environ: object, start_response: object) -> list[bytes]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.entered.release()
        assert self.leave.wait(LIMIT_S)
        with self._lock:
            self._now -= 1
        return [b"answer"]

    def has_let_in(self, count: int) -> bool:
        return all(self.entered.acquire(timeout=LIMIT_S) for _ in range(count))

    def lets_one_in(self) -> bool:
        return self.entered.acquire(blocking=False)


@contextmanager
def calling(gated: Callable[[object, object], object], threads: int, times: int = 1) -> Iterator[list[BaseException]]:
    """So many threads call it so often; at the end of the block all have come back."""
    failed: list[BaseException] = []

    def work() -> None:
        for _ in range(times):
            try:
                gated({}, None)
            except BaseException as error:
                failed.append(error)

    started = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for one in started:
        one.start()
    yield failed
    for one in started:
        one.join(LIMIT_S)
    assert not any(one.is_alive() for one in started), "somebody waits at the gate for ever"
    assert not [error for error in failed if isinstance(error, AssertionError)]


def frozen(most: int = 64) -> tuple[Gate, Clock]:
    clock = Clock()
    return Gate(most, lambda: clock.now, lambda: clock.spent), clock


def test_only_a_few_are_inside_at_once_and_everybody_gets_in() -> None:
    gate, _ = frozen()
    inside = Inside(stays=False)
    with calling(gate.around(inside), threads=24, times=100) as failed:
        pass
    assert not failed
    assert 0 < inside.most <= LEAST
    assert inside.has_let_in(24 * 100)


def test_more_are_let_in_while_those_inside_wait() -> None:
    gate, clock = frozen()
    inside = Inside(stays=True)
    with calling(gate.around(inside), threads=4 * LEAST):
        assert inside.has_let_in(LEAST)
        for _ in range(3 * LEAST):
            clock.passes(0.1, inside.lets_one_in)
        inside.leave.set()
    assert inside.most == 4 * LEAST


def test_it_narrows_when_they_compute() -> None:
    gate, clock = frozen()
    inside = Inside(stays=True)
    with calling(gate.around(inside), threads=2 * LEAST):
        assert inside.has_let_in(LEAST)
        for _ in range(LEAST):
            clock.passes(0.0, inside.lets_one_in)
        clock.passes(1.0, lambda: gate.width == LEAST)
        inside.leave.set()
    after = Inside(stays=False)
    with calling(gate.around(after), threads=24, times=20):
        pass
    assert after.most <= LEAST


def test_it_narrows_when_all_have_left() -> None:
    gate, clock = frozen()
    inside = Inside(stays=True)
    with calling(gate.around(inside), threads=2 * LEAST):
        assert inside.has_let_in(LEAST)
        for _ in range(LEAST):
            clock.passes(0.0, inside.lets_one_in)
        inside.leave.set()
    clock.passes(0.0, lambda: gate.width == LEAST)


def test_nobody_waits_for_ever_for_those_who_compute() -> None:
    gate, clock = frozen()
    inside = Inside(stays=True)
    with calling(gate.around(inside), threads=LEAST + 3):
        assert inside.has_let_in(LEAST)
        for _ in range(3):
            clock.passes(1.0, inside.lets_one_in)
        inside.leave.set()


def test_a_request_may_ask_its_own_site_for_something() -> None:
    gate = Gate(64)
    inside = Inside(stays=False)
    everybody = threading.Barrier(LEAST)

    def application(environ: object, start_response: object) -> object:
        everybody.wait(LIMIT_S)
        return gated_inside(environ, start_response)

    gated_inside, gated = gate.around(inside), gate.around(application)
    with calling(gated, threads=LEAST, times=3) as failed:
        pass
    assert not failed
    assert inside.has_let_in(3 * LEAST)


def test_an_exception_takes_no_permit_along() -> None:
    gate, _ = frozen()

    def fails(environ: object, start_response: object) -> object:
        raise SystemExit("the application's own")

    with calling(gate.around(fails), threads=12, times=10) as failed:
        pass
    assert len(failed) == 120
    inside = Inside(stays=True)
    with calling(gate.around(inside), threads=LEAST):
        assert inside.has_let_in(LEAST)
        inside.leave.set()


def test_what_the_server_takes_from_a_generator_is_not_behind_it() -> None:
    gate, _ = frozen()
    gated = gate.around(lambda environ, start_response: (chunk for chunk in (b"a", b"b")))
    answers = [gated({}, None) for _ in range(3 * LEAST)]
    assert [b"".join(answer) for answer in answers] == [b"ab"] * (3 * LEAST)


@pytest.mark.parametrize("most", [LEAST, 64])
def test_a_crowd_that_comes_and_goes_while_the_gate_changes(most: int) -> None:
    """Under what the process really computes, with permits that are added and taken away."""
    gate = Gate(most)
    inside = Inside(stays=False)
    with calling(gate.around(inside), threads=32, times=150) as failed:
        for _ in range(200):
            gate.look()
    assert not failed
    assert inside.has_let_in(32 * 150)
