"""Kinds: Django cannot be set up."""

from __future__ import annotations

from portico.model.finding import Kind

#: What is seen: uWSGI serves without an application, or ends for want of one, and nginx finds nobody at its socket.
_NO_APPLICATION = (
    *("nginx-uwsgi.E101", "nginx-uwsgi.E102", "nginx-uwsgi.E103", "nginx-uwsgi.E104"),
    *("uwsgi.E120", "uwsgi.E121"),
)
_SETTINGS = "https://docs.djangoproject.com/en/stable/topics/settings/#designating-the-settings"
_EVERY_PAGE = (
    "Every page is 500 `Internal Server Error` (text/plain, 21 bytes), or with `need-app` uWSGI ends and nginx says 502."
)

SETTINGS_NOT_FOUND = Kind(
    "django.E100",
    "django",
    "Django does not find its settings",
    "DJANGO_SETTINGS_MODULE is not set, or names a module that is not there; nothing works without settings.",
    source=_SETTINGS,
    shows=f"{_EVERY_PAGE} uWSGI's log: `ModuleNotFoundError: No module named 'mysite.prod'` below django/conf, or "
    "`ImproperlyConfigured: Requested setting ..., but settings are not configured`.",
    example="DJANGO_SETTINGS_MODULE=mysite.prod      # and there is no mysite/prod.py",
    cure="Correct the name where uWSGI's environment is made (`Environment=` of the systemd unit), or the default in "
    "wsgi.py: "
    '`os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")`.',
    leads_to=_NO_APPLICATION,
)
SETTINGS_VARIABLE = Kind(
    "django.E101",
    "django",
    "The settings need an environment variable that uWSGI does not have",
    "The application gets the environment uWSGI was started with, not that of your shell; with pyuwsgi `env =` in uwsgi.ini "
    "comes too late for os.environ.",
    source="https://docs.python.org/3/library/os.html#os.environ",
    shows=f"{_EVERY_PAGE} uWSGI's log: `KeyError: 'DJANGO_SECRET'` from settings.py. In your shell it works.",
    example='SECRET_KEY = os.environ["DJANGO_SECRET"]',
    cure="Set it where uWSGI is started: `Environment=` or `EnvironmentFile=` of the systemd unit.",
    leads_to=_NO_APPLICATION,
)
SETTINGS_REFUSED = Kind(
    "django.E102",
    "django",
    "The settings raise an exception, or Django refuses them",
    "Settings are code; what they raise ends the start.",
    source="https://docs.djangoproject.com/en/stable/ref/settings/",
    shows=f"{_EVERY_PAGE} The traceback in uWSGI's log goes through django/conf/__init__.py.",
    example="ImproperlyConfigured: The SECRET_KEY setting must not be empty",
    cure="Correct the line; `python manage.py check` in the environment of uWSGI shows the same.",
    leads_to=(*_NO_APPLICATION, "django.E112"),
)
SETUP_RAISES = Kind(
    "django.E103",
    "django",
    "An installed application or the logging cannot be set up",
    "django.setup() configures LOGGING and imports every application of INSTALLED_APPS before the first request.",
    source="https://docs.djangoproject.com/en/stable/ref/applications/#initialization-process",
    shows=f"{_EVERY_PAGE} The traceback in uWSGI's log goes through django/apps/registry.py or django/utils/log.py.",
    example="ValueError: Unable to configure handler 'file'       # a folder that uWSGI's account may not write to",
    cure="Correct what the message names. A log file of LOGGING must be writable for uWSGI's account.",
    leads_to=_NO_APPLICATION,
)
DRIVER_MISSING = Kind(
    "django.E104",
    "django",
    "The driver of the database is not installed",
    "Django imports it with the first model: without it the application cannot be loaded.",
    source="https://docs.djangoproject.com/en/stable/ref/databases/",
    shows=f"{_EVERY_PAGE} uWSGI's log: `ImproperlyConfigured: Error loading MySQLdb module`, or `Error loading psycopg2 or "
    "psycopg module`.",
    example='DATABASES = {"default": {"ENGINE": "django.db.backends.mysql"}}      # and no mysqlclient',
    cure='Install it with the Python that runs uWSGI: `pip install "psycopg[binary]"` or `mysqlclient`, then restart uWSGI.',
    leads_to=_NO_APPLICATION,
)
URLCONF_BROKEN = Kind(
    "django.E105",
    "django",
    "The URLconf cannot be imported",
    "Django imports it with the first request, and not before: the start succeeds, `need-app` sees nothing, and then "
    "every page "
    "fails.",
    source="https://docs.djangoproject.com/en/stable/topics/http/urls/#how-django-processes-a-request",
    shows="uWSGI says `WSGI app 0 ready`; every page is 500 or 502, also those that need nothing. By default no "
    "traceback is "
    "logged.",
    example="ImportError: cannot import name 'basket' from 'shop.views'",
    cure="Correct the line; `python manage.py check` imports the URLconf, so run it before each deployment.",
    leads_to=("django.E110", "django.W111", "django.E112", "wsgi.E125"),
)
