"""Secrets of the environment never reach a finding; what only sounds like one stays readable."""

from __future__ import annotations

import pytest

from portico.actions.environment import masker


@pytest.mark.parametrize("name", ["SECRET_KEY", "DB_PWD", "API_TOKEN", "AWS_PRIVATE", "SENTRY_DSN", "DB_PASSWORD"])
def test_a_value_named_like_a_secret_is_hidden(name: str) -> None:
    assert masker({name: "hunter22"})("said hunter22") == "said ***"


@pytest.mark.parametrize("name", ["PWD", "OLDPWD", "HOME", "KEYBOARD"])
def test_folders_of_the_shell_stay_readable(name: str) -> None:
    assert masker({name: "/srv/site"})("/srv/site/manage.py") == "/srv/site/manage.py"


def test_a_password_in_a_url_is_hidden() -> None:
    assert masker({"DATABASE": "postgres://ana:hunter22@db/site"})("hunter22") == "***"
