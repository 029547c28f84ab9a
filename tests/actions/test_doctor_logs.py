"""Which log the doctor reads."""

from __future__ import annotations

import pytest

from portico.actions.doctor.look_uwsgi import log_path
from portico.model.directive import Option
from portico.model.evidence import UwsgiSeen


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ((("req-logger", "file:/l/r.log"),), ""),
        ((("req-logger", "file:/l/r.log"), ("logger", "file:/l/own.log")), "/l/own.log"),
        ((("req-logger", "file:/l/r.log"), ("daemonize", "/l/d.log")), "/l/d.log"),
    ],
)
def test_a_log_of_requests_alone_is_not_the_one_that_tells_of_failures(
    options: tuple[tuple[str, str], ...], path: str
) -> None:
    assert log_path(UwsgiSeen(options=tuple(Option(name, value, value) for name, value in options))) == path
