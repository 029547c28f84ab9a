"""Why a front gives no answer, from what nginx wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from portico.actions.probe import Probe
from portico.actions.start_failure import explain_uwsgi, front_failed
from support.plans import make_plan


def test_the_port_that_nginx_could_not_have_is_the_one_to_look_at(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_text("2026/01/01 00:00:00 [emerg] 7#7: bind() to [::]:9301 failed (98: Address already in use)\n")
    plan = make_plan()
    assert plan.nginx
    plan = replace(plan, nginx=replace(plan.nginx, error_log=str(log)))
    (finding,) = front_failed(plan, Probe("nginx", 0, "", error="no answer")).findings
    assert finding.fix[0].startswith("sudo ss -ltnp 'sport = :9301'")


def test_a_variable_that_a_dotenv_file_has_is_led_to_the_application(tmp_path: Path) -> None:
    log = tmp_path / "uwsgi.log"
    log.write_text(
        "Traceback (most recent call last):\n"
        f'  File "{tmp_path}/shop/settings.py", line 24, in <module>\n'
        "    SECRET_KEY = os.environ['TOKEN']\n"
        "KeyError: 'TOKEN'\n"
        "unable to load app 0 (mountpoint='') (callable not found or import error)\n"
    )
    plan = make_plan()
    plan = replace(plan, paths=replace(plan.paths, project=str(tmp_path)), uwsgi=replace(plan.uwsgi, log=str(log)))
    told = [explain_uwsgi(plan, 0, "it ended").findings[0].fix[1]]
    (tmp_path / ".env").write_text("TOKEN=abc\n")
    told.append(explain_uwsgi(plan, 0, "it ended").findings[0].fix[1])
    assert told == [
        '[env]\nTOKEN = "..."   # in portico.toml',
        'env_files = [".env"]   # in portico.toml; .env defines TOKEN',
    ]
