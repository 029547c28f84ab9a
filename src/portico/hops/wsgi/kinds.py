"""The kinds of findings about loading an application in its own Python."""

from __future__ import annotations

from portico.model.finding import Kind

MISSING_PACKAGE = Kind(
    "wsgi.E002",
    "wsgi",
    "A module the project imports is not there",
    "The project's Python is not the one the package was installed into, or it was never installed.",
    "https://docs.python.org/3/library/exceptions.html#ModuleNotFoundError",
)
MODULE_NOT_FOUND = Kind(
    "wsgi.E003",
    "wsgi",
    "The module of the application is not there",
    "uWSGI loads the application by this name; without it nobody can be served.",
    "https://docs.djangoproject.com/en/stable/ref/settings/#wsgi-application",
)
NO_CALLABLE = Kind(
    "wsgi.E004",
    "wsgi",
    "The module has no WSGI callable of that name",
    "A WSGI server calls one object of the module for each request, by name.",
    "https://peps.python.org/pep-3333/",
)
NOT_WSGI = Kind(
    "wsgi.E005",
    "wsgi",
    "The named object is no WSGI application",
    "uWSGI would load it and then fail at every request: WSGI calls it with (environ, start_response).",
    "https://peps.python.org/pep-3333/",
)
FACTORY = Kind(
    "wsgi.E006",
    "wsgi",
    "The module has a function that makes the application, but no application",
    "It would be called with a request as if it were the application; it has to be called once at the start.",
    "https://flask.palletsprojects.com/en/stable/patterns/appfactories/",
)
IMPORT_FAILED = Kind(
    "wsgi.E007",
    "wsgi",
    "The application raises an exception while it is imported",
    "uWSGI imports the application once before it takes requests; when that fails nobody can be served.",
)
HANGS = Kind(
    "wsgi.E008",
    "wsgi",
    "The project does not finish loading",
    "Code that waits while it is imported keeps every start and every reload waiting.",
)
MISSING_VARIABLE = Kind(
    "wsgi.E009",
    "wsgi",
    "An environment variable the project needs is not set",
    "The application gets the environment of the shell that ran `portico up`, `env_files` and `[env]`, and nothing else.",
    "https://12factor.net/config",
)
ASGI = Kind(
    "wsgi.E010",
    "wsgi",
    "The application is ASGI, not WSGI",
    "uWSGI would load it and then fail at every request with `missing 1 required positional argument: 'send'`.",
    "https://asgi.readthedocs.io/en/latest/specs/main.html",
)
NO_ANSWER = Kind(
    "wsgi.E011",
    "wsgi",
    "The project's Python ended without an answer",
    "A crash of a compiled module or os._exit() would end uWSGI's workers in the same way.",
)
EXITS = Kind(
    "wsgi.E012",
    "wsgi",
    "The project calls sys.exit() while it is loaded",
    "The server's process would end with it.",
    "https://docs.python.org/3/library/sys.html#sys.exit",
)
DEAD_THREADS = Kind(
    "wsgi.W013",
    "wsgi",
    "The application starts threads while it is imported",
    "uWSGI imports the application once and then forks its workers; a thread does not survive fork(), so in every worker "
    "such a scheduler or queue looks alive and never runs.",
    "https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html",
)
MANAGE_FAILED = Kind(
    "django.E014",
    "django",
    "manage.py does not lead to the settings",
    "Portico asks manage.py which settings module the project uses, as runserver does.",
    "https://docs.djangoproject.com/en/stable/ref/django-admin/",
)
SETTINGS_FAILED = Kind(
    "django.E015",
    "django",
    "The settings cannot be loaded",
    "Django reads them first; nothing works without them.",
    "https://docs.djangoproject.com/en/stable/topics/settings/#designating-the-settings",
)
SETUP_FAILED = Kind(
    "django.E016",
    "django",
    "An installed application or the logging cannot be set up",
    "django.setup() configures logging and loads every application before the first request.",
    "https://docs.djangoproject.com/en/stable/ref/applications/#initialization-process",
)
URLS_FAILED = Kind(
    "django.E017",
    "django",
    "The URLconf cannot be imported",
    "Django imports it at the first request, so without this check every page would fail after the start.",
    "https://docs.djangoproject.com/en/stable/topics/http/urls/",
)
