"""What is said of a uWSGI that has not come so far when it is asked."""

from __future__ import annotations

import pytest

from portico.hops.uwsgi.events import events
from portico.model.directive import Option
from portico.model.evidence import Evidence, Exchange, MachineSeen, ProcessSeen, UwsgiSeen, Visit
from portico.model.finding import Finding
from portico.seams.faults import loading

START = "*** Starting uWSGI 2.0.30 (64bit) ***\n*** Operational MODE: single process ***\n"
SPAWNED = "spawned uWSGI worker 1 (pid: 8, cores: 1)\n"
READY = "WSGI app 0 (mountpoint='') ready in 9 seconds on interpreter 0x55 pid: 8 (default app)\n"


def judged(log: str, lazy: str = "false") -> list[Finding]:
    """It was started a second before it was asked, and the answer was waited for 10 s."""
    master = ProcessSeen(pid=7, ppid=1, command=("uwsgi",), user="site", state="S", started_s=99.0, rss_bytes=0)
    seen = UwsgiSeen(master=master, options=(Option("lazy-apps", lazy, "uwsgi.ini:2"),), events=events(log, 100.0))
    asked = Visit("asked", Exchange("http", "127.0.0.1:80", "GET", "/", "site", duration_s=10.0))
    evidence = Evidence("http://site/", False, 100.0, 0.0, MachineSeen("root", True), uwsgi=(seen,), visits=(asked,))
    return [finding for rule in loading.RULES for finding in rule(evidence)]


@pytest.mark.parametrize(("log", "lazy"), [(START, "false"), (START + SPAWNED, "true")], ids=["eager", "lazy"])
def test_an_import_that_takes_longer_than_the_answer_was_waited_for(log: str, lazy: str) -> None:
    (found,) = judged(log, lazy)
    assert (found.id, found.certainty) == ("wsgi.E111", "likely")
    assert "11 s ago" in found.cause


@pytest.mark.parametrize(("log", "lazy"), [(START + READY + SPAWNED, "false"), (START + SPAWNED + READY, "true")])
def test_an_import_that_has_ended_meanwhile(log: str, lazy: str) -> None:
    assert judged(log, lazy) == []
