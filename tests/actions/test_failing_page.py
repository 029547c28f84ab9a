"""What a page that answers 5xx died of, from the log that the application shares with uWSGI."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from portico.actions.failing_page import failing_page
from portico.actions.probe import Probe
from portico.model.finding import Finding
from support.plans import make_plan

ID = "14752c0eecc14231a2f75fef959f36fd"
REQUEST = f'{{"t":1795814926075,"rid":"{ID}","status":500,"us":163116,"bytes":159650,"worker":1,"core":0}}\n'
#: As Django's own LOGGING writes it with DEBUG on.
LOGGED = """\
Internal Server Error: /
Traceback (most recent call last):
  File "/srv/site/db/backends/sqlite3/base.py", line 360, in execute
    return super().execute(query, params)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
sqlite3.OperationalError: no such table: site

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/site/db/backends/sqlite3/base.py", line 360, in execute
    return super().execute(query, params)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
django.db.utils.OperationalError: no such table: site
"""
MANY_LINES = """\
Internal Server Error: /
Traceback (most recent call last):
  File "/srv/site/db/backends/utils.py", line 105, in _execute
    return self.cursor.execute(sql, params)
django.db.utils.ProgrammingError: relation "site" does not exist
LINE 1: SELECT "site"."id" FROM "site"
                                ^

"""


def _found(folder: Path, text: str) -> Finding:
    log = folder / "uwsgi.log"
    log.write_text(text)
    (folder / "manage.py").touch()
    plan = make_plan(str(folder))
    plan = replace(plan, uwsgi=replace(plan.uwsgi, log=str(log)))
    return failing_page(plan, Probe("nginx", 500, ID))


@pytest.mark.parametrize(
    ("logged", "cause"),
    [
        (LOGGED, "django.db.utils.OperationalError: no such table: site"),
        (MANY_LINES, 'django.db.utils.ProgrammingError: relation "site" does not exist'),
    ],
)
def test_the_exception_that_the_projects_own_logging_wrote_is_the_cause(tmp_path: Path, logged: str, cause: str) -> None:
    finding = _found(tmp_path, logged + REQUEST)
    assert finding.cause == cause
    assert f"cd {tmp_path} && {tmp_path}/.venv/bin/python manage.py migrate" in finding.fix[0]
    assert not any(ID in line for line in finding.evidence)


def test_a_traceback_that_is_not_wholly_written_is_not_taken_for_one(tmp_path: Path) -> None:
    half = LOGGED[: LOGGED.rindex("    return")]
    assert "File" not in _found(tmp_path, half).cause


def test_a_traceback_without_a_word_at_its_end_says_nothing(tmp_path: Path) -> None:
    """As where the lines of two workers are mixed."""
    half = MANY_LINES[: MANY_LINES.index("django.db.utils")]
    assert _found(tmp_path, half + REQUEST).cause == "it answered 500; its own log may say why"
