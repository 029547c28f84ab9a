"""Settings of the sample project, fit for production as they stand; everything that differs comes from the environment.

DESTINY_SECRET_KEY     the secret key; without it one is made and kept in `secret-key`, readable by its owner only
DESTINY_DEBUG          1 for development (default 0)
DESTINY_ALLOWED_HOSTS  comma-separated names (default localhost,127.0.0.1,[::1])
DESTINY_HTTPS          1 when the site is reached over HTTPS only: cookies are then never sent without it (default 0)
DATABASE_URL           postgresql://user:password@host:5432/name (default: SQLite in `db.sqlite3`)
"""

import os
from pathlib import Path

from destiny.database import database
from destiny.secret import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent


def _switch(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")


SECRET_KEY = os.environ.get("DESTINY_SECRET_KEY") or secret_key(BASE_DIR / "secret-key")
DEBUG = _switch("DESTINY_DEBUG")
ALLOWED_HOSTS = [
    name.strip() for name in os.environ.get("DESTINY_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if name.strip()
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _switch("DESTINY_HTTPS")

ROOT_URLCONF = "destiny.urls"
WSGI_APPLICATION = "destiny.wsgi.application"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "journal",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": database(os.environ.get("DATABASE_URL", ""), BASE_DIR / "db.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# STATIC_ROOT is left to the deployment: Portico collects into .portico/static and tells Django so. The file names carry
# a content hash, so that browsers may keep them for ever; in development nothing is collected and names stay plain.
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": f"django.contrib.staticfiles.storage.{'' if DEBUG else 'Manifest'}StaticFilesStorage",
    },
}
MEDIA_URL = "/media/"
MEDIA_ROOT = BASE_DIR / "media"
# nginx's workers may run under another account than uWSGI: uploads must be readable whatever the umask is.
FILE_UPLOAD_PERMISSIONS = 0o644
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o755

# Django itself logs to the console only with DEBUG on. Here it always does: a traceback belongs in uWSGI's log.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "journal": {"level": "INFO"},
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}
