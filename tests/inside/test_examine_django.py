"""What Django's settings and checks say of a deployment, and the folders that files are written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.examined import examine, mode, stranger
from support.inside_projects import django_project, write

PARTS = ["django", "checks", "media"]


def test_settings_that_matter_are_told(tmp_path: Path) -> None:
    settings = (
        "SECURE_SSL_REDIRECT = True\nSECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')\n"
        "SESSION_COOKIE_SECURE = True\n"
        "CSRF_TRUSTED_ORIGINS = ['https://example.com']\nADMINS = [('A', 'a@example.com')]\n"
        "MEDIA_ROOT = BASE_DIR / 'media'\n"
        "EMAIL_BACKEND = 'django.core.mail.backends.console.EmailBackend'\n"
    )
    django = examine(django_project(tmp_path / "site", settings), parts=PARTS).django
    told = django.settings
    assert django.ok is True
    assert (told["DEBUG"], told["ALLOWED_HOSTS"], told["SECURE_SSL_REDIRECT"]) == (False, ["example.com"], True)
    assert told["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
    assert (told["CSRF_TRUSTED_ORIGINS"], told["SESSION_COOKIE_SECURE"]) == (["https://example.com"], True)
    assert (told["ADMINS"], told["MEDIA_ROOT"]) == (1, str(tmp_path / "site" / "media"))
    assert told["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"
    assert (told["FILE_UPLOAD_PERMISSIONS"], told["DATA_UPLOAD_MAX_MEMORY_SIZE"]) == (0o644, 2621440)
    assert "SECRET_KEY" not in told
    assert django.facts["root_urlconf"] == "mysite.urls"
    assert django.urlconf.ok is True


@pytest.mark.parametrize(
    ("line", "environ", "generated", "insecure"),
    [
        ("SECRET_KEY = 'x' * 60", {}, False, False),
        ("SECRET_KEY = 'django-insecure-' + 'x' * 60", {}, False, True),
        (
            "from django.core.management.utils import get_random_secret_key\nSECRET_KEY = get_random_secret_key()",
            {},
            True,
            False,
        ),
        ("import secrets, os\nSECRET_KEY = os.environ.get('APP_KEY') or secrets.token_hex()", {}, True, False),
        (
            "import secrets, os\nSECRET_KEY = os.environ.get('APP_KEY') or secrets.token_hex()",
            {"APP_KEY": "k" * 60},
            False,
            False,
        ),
    ],
)
def test_where_the_secret_key_comes_from(
    tmp_path: Path, line: str, environ: dict[str, str], generated: bool, insecure: bool
) -> None:
    key = examine(django_project(tmp_path / "site", line + "\n"), environ, parts=["django"]).django.secret_key
    assert (key.generated, key.insecure) == (generated, insecure)
    assert key.length >= 50


def test_errors_that_nobody_would_see(tmp_path: Path) -> None:
    project = django_project(tmp_path / "site")
    assert examine(project, parts=["django"]).django.shows_errors is False
    shown = (
        "LOGGING = {'version': 1, 'disable_existing_loggers': False, "
        "'handlers': {'c': {'class': 'logging.StreamHandler'}}, 'root': {'handlers': ['c']}}\n"
    )
    assert examine(django_project(tmp_path / "shown", shown), parts=["django"]).django.shows_errors is True


def test_static_files(tmp_path: Path) -> None:
    settings = (
        "STATIC_ROOT = BASE_DIR / 'collected'\nSTATICFILES_DIRS = [BASE_DIR / 'collected', BASE_DIR / 'absent']\n"
        "STORAGES = {'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'}}\n"
    )
    project = django_project(tmp_path / "site", settings)
    static = examine(project, parts=["django"]).django.static
    assert (static.root, static.exists, static.count) == (str(project / "collected"), False, 0)
    assert (static.manifest, static.manifest_exists) == (str(project / "collected" / "staticfiles.json"), False)
    assert (static.root_in_dirs, static.dirs_missing) == (True, (str(project / "collected"), str(project / "absent")))
    write(project, {"collected/staticfiles.json": "{}", "collected/css/site.css": ""})
    static = examine(project, parts=["django"]).django.static
    assert (static.exists, static.count, static.manifest_exists, static.readable) == (True, 2, True, True)


def test_checks(tmp_path: Path) -> None:
    settings = (
        "SILENCED_SYSTEM_CHECKS = ['security.W008']\n"
        "TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'OPTIONS': {'string_if_invalid': 7}}]\n"
    )
    checks = examine(django_project(tmp_path / "site", settings), parts=PARTS).checks
    by_id = {message.id: message for message in checks.messages}
    assert by_id["security.W009"].level == 30
    assert by_id["security.W009"].msg.startswith("Your SECRET_KEY has less than 50 characters")
    assert "security.W008" not in by_id
    assert by_id["templates.E002"].level == 40
    assert checks.ok is False


def test_an_application_that_is_not_djangos(tmp_path: Path) -> None:
    app = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return []\n"
    found = examine(write(tmp_path / "site", {"app.py": app}), module="app")
    assert (found.load.ok, found.call.ok, found.media.ok) == (True, True, True)
    assert (found.django.ok, found.django.reason) == (None, "the application is not Django's")
    assert (found.checks.ok, found.database.ok) == (None, None)


def test_settings_are_told_though_the_application_cannot_be_loaded(tmp_path: Path) -> None:
    found = examine(django_project(tmp_path / "site"), module="mysit.wsgi", settings="mysite.settings")
    assert found.load.kind == "module-not-found"
    assert (found.django.ok, found.django.settings["ALLOWED_HOSTS"]) == (True, ["example.com"])
    assert found.database.aliases[0].kind == "file-missing"
    unknown = examine(django_project(tmp_path / "other"), module="mysit.wsgi")
    assert (unknown.django.ok, unknown.checks.ok) == (None, None)
    assert "DJANGO_SETTINGS_MODULE is not set" in unknown.django.reason


def test_applications_that_cannot_be_set_up(tmp_path: Path) -> None:
    found = examine(django_project(tmp_path / "site", "INSTALLED_APPS += ['absent_app']\n"))
    assert (found.load.kind, found.load.stage) == ("missing-dependency", "setup")
    assert found.django.settings["ALLOWED_HOSTS"] == ["example.com"]
    assert (found.checks.ok, found.database.aliases[0].unapplied) == (None, None)
    assert "cannot be set up" in found.checks.reason


def test_media_that_is_not_writable() -> None:
    with stranger() as (other, folder):
        settings = "MEDIA_ROOT = BASE_DIR / 'media'\nFILE_UPLOAD_TEMP_DIR = BASE_DIR / 'media' / 'new'\n"
        project = django_project(folder / "site", settings)
        (project / "media").mkdir()
        with mode(project / "media", 0o555):
            closed = other.examine(project, parts=["media"]).media
        with mode(project / "media", 0o777):
            opened = other.examine(project, parts=["media"]).media
    assert closed.media is not None
    assert (closed.ok, closed.media.path, closed.media.exists) == (False, str(project / "media"), True)
    assert (closed.media.writable, closed.media.creatable) == (False, False)
    assert opened.media is not None
    assert opened.upload is not None
    assert (opened.ok, opened.media.writable) == (True, True)
    assert (opened.upload.exists, opened.upload.creatable) == (False, True)
    assert opened.upload.free_bytes


def test_the_folder_for_uploads_is_pythons_own(tmp_path: Path) -> None:
    media = examine(django_project(tmp_path / "site"), {"TMPDIR": str(tmp_path)}, parts=["media"]).media
    assert media.media is None
    assert media.upload is not None
    assert (media.upload.path, media.upload.writable) == (str(tmp_path), True)
