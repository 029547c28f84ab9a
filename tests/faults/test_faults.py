"""The faults that must lose nothing, in a short version; `python -m faults` measures all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from faults import report
from faults.kills import TWO_INSTANCES, instance
from faults.reloads import reload_broken, reload_good, reload_slow, rollback
from faults.rows import AFTER, Row
from faults.stacks import Stack, nginxes, running

RELOADS: dict[str, Callable[[Stack], Row]] = {
    "good": partial(reload_good, times=1),
    "broken": reload_broken,
    "slow": partial(reload_slow, seconds=1),
    "rollback": rollback,
}
Record = Callable[[str, object], None]


@pytest.fixture(scope="module", params=nginxes())
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    with running(request.param) as running_stack:
        yield running_stack


def _held(row: Row, record_property: Record) -> None:
    assert row.summary
    record_property(row.fault, f"{row.summary.lost} lost of {row.summary.requests}")
    assert row.kept, report.line(row)
    assert len(row.summary.by_kind) == 7, "every kind of request was there"
    assert row.summary.requests > 50 + AFTER


@pytest.mark.parametrize("change", RELOADS.values(), ids=RELOADS)
def test_new_code_loses_no_request(stack: Stack, change: Callable[[Stack], Row], record_property: Record) -> None:
    _held(change(stack), record_property)


def test_the_death_of_one_of_two_instances_loses_only_what_it_executed(record_property: Record) -> None:
    with running(nginxes()[0], config=TWO_INSTANCES) as two:
        _held(instance(two), record_property)
