"""What `portico rollback` says where it has nothing to go back to."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.actions import history, state
from portico.actions.history import Record
from portico.actions.options import Options, find_places
from portico.actions.rollback import rollback
from portico.model.errors import PorticoError
from support.plans import make_plan


def test_after_a_fresh_start_the_releases_of_the_time_before_are_named(tmp_path: Path) -> None:
    (tmp_path / "portico.toml").write_text('state_dir = "state"\n')
    where, plan = find_places(tmp_path), state.plan_data(make_plan())
    plan["paths"]["project"] = str(where.project)
    for number in (1, 2, 3):
        where.release_dir(number).mkdir(parents=True)
        history.write(where, Record(number, 1.0, "up", "d", "", {"digest": "d", "files": 1}, {}, {}, plan, live_at=1.0))
    state.write(where, state.State(3, "d", 1.0, "", {}, plan))
    with pytest.raises(PorticoError) as stopped:
        rollback(Options(tmp_path), None, print)
    (finding,) = stopped.value.findings
    assert finding.fix[0] == "portico rollback 2"
    assert "since `portico up`" in finding.cause
