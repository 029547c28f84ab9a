"""Waiting for a condition."""

from __future__ import annotations

import time

from portico.system.clock import wait_for


def test_what_came_true_while_we_were_held_up_is_seen() -> None:
    looks: list[bool] = []

    def condition() -> bool:
        looks.append(bool(looks))
        if not looks[-1]:
            # As a busy machine would: for longer than all the time there is.
            time.sleep(0.05)
        return looks[-1]

    assert wait_for(condition, 0.01)


def test_what_does_not_come_true_is_given_up() -> None:
    assert wait_for(lambda: None, 0.01) is None
    assert wait_for(lambda: None, 0) is None
