"""Where a site keeps its secrets: all of them are known, and what cannot be read stops nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portico.actions.site_secrets import discretion

SETTINGS = """
SECRET_KEY = "literal-of-settings"
TOKEN_MODEL = "accounts.models.Token"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "PASSWORD": 'it is "quoted"', "NAME": "catalogue"}}
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_PASSWORD", "the-fallback")
CACHES = {"default": {"LOCATION": "redis://:redis-word@cache:6379/0"}}
SENTRY_KEY = env("SENTRY_KEY", default="the-default")
"""


@pytest.mark.parametrize(
    ("file", "text", "secret"),
    [
        (".env", "DATABASE_URL=postgres://joe:of-dotenv@db/x\n", "of-dotenv"),
        (".env", "not a line of it\nexport API_TOKEN=other-dialect\n", "other-dialect"),
        ("backend/.env", "API_TOKEN=of-subfolder\n", "of-subfolder"),
        ("portico.toml", '[env]\nAPI_TOKEN = "of-table"\n', "of-table"),
        ("portico.toml", 'API_TOKEN = "of-broken-toml"\n[env\n', "of-broken-toml"),
        ("portico.toml", '[release]\nhooks = [["deploy", "--token", "of-hook"]]\n', "of-hook"),
        ("portico.toml", '[release]\nhooks = ["deploy --password of-hook-line"]\n', "of-hook-line"),
        ("portico.toml", '[uwsgi]\nextra = ["env = DB_PASSWORD=of-raw-line"]\n', "of-raw-line"),
        ("pyproject.toml", '[tool.portico.env]\nAPI_TOKEN = "of-pyproject"\n', "of-pyproject"),
        ("settings.py", SETTINGS, "literal-of-settings"),
        ("mysite/settings.py", SETTINGS, 'it is "quoted"'),
        ("mysite/settings/prod.py", SETTINGS, "the-fallback"),
        ("backend/mysite/settings.py", SETTINGS, "redis-word"),
        ("mysite/local_settings.py", SETTINGS, "the-default"),
    ],
)
def test_a_secret_of_the_site_is_known_wherever_it_is_kept(tmp_path: Path, file: str, text: str, secret: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    (tmp_path / "backend").mkdir(exist_ok=True)
    (tmp_path / "backend/manage.py").touch()
    assert discretion(tmp_path).text(f"it said {secret} twice: {secret}") == "it said *** twice: ***"


def test_a_file_that_is_named_as_one_of_variables(tmp_path: Path) -> None:
    (tmp_path / "portico.toml").write_text('env_files = ["prod.env", "not-there.env"]\n')
    (tmp_path / "prod.env").write_text("API_TOKEN=of-env-file\n")
    assert discretion(tmp_path).text("of-env-file") == "***"


def test_the_environment_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://joe:of-shell@db/x")
    assert discretion(tmp_path).text("no of-shell") == "no ***"


@pytest.mark.parametrize(
    "text",
    [
        "accounts.models.Token",
        "the catalogue",
        "django.db.backends.postgresql",
        "$API_TOKEN",
        "hook: deploy --token $API_TOKEN",
    ],
)
def test_what_is_none_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.py").write_text(SETTINGS)
    (tmp_path / "portico.toml").write_text('[release]\nhooks = [["deploy", "--token", "$API_TOKEN"]]\n')
    assert discretion(tmp_path).text(text) == text


def test_a_password_that_everything_is_full_of_does_not_blot_it_out(tmp_path: Path) -> None:
    project = tmp_path / "web-shop"
    project.mkdir()
    (project / ".env").write_text("A_URL=postgres://shop:shop@db/shop\nDB_PASSWORD=portico\nMAIL_PASSWORD=admin\n")
    clean = discretion(project)
    command = f"portico -C {project} logs   # shop.wsgi"
    assert clean.text(command) == command
    assert clean.text("postgres://shop:shop@db/shop password=portico") == "postgres://***@db/shop password=***"
    assert clean.text("GET /static/admin/css/base.css") == "GET /static/admin/css/base.css"


def test_files_that_cannot_be_used_stop_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    (tmp_path / "settings.py").mkdir()
    (tmp_path / "portico.toml").write_bytes(b"\xff\xfe[env")
    (tmp_path / "pyproject.toml").write_text('[tool]\nportico = "text"\n')
    assert discretion(tmp_path).text("API_TOKEN=by-its-form") == "API_TOKEN=***"
    assert discretion(tmp_path / "not-there").text("nothing to hide") == "nothing to hide"
