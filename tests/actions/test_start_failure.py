"""Why a front gives no answer, from what nginx wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from portico.actions.probe import Probe
from portico.actions.start_failure import front_failed
from support.plans import make_plan


def test_the_port_that_nginx_could_not_have_is_the_one_to_look_at(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_text("2026/01/01 00:00:00 [emerg] 7#7: bind() to [::]:9301 failed (98: Address already in use)\n")
    plan = make_plan()
    assert plan.nginx
    plan = replace(plan, nginx=replace(plan.nginx, error_log=str(log)))
    (finding,) = front_failed(plan, Probe("nginx", 0, "", error="no answer")).findings
    assert finding.fix[0].startswith("sudo ss -ltnp 'sport = :9301'")
