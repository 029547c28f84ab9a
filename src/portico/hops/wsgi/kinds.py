"""The kinds of findings about loading an application in its own Python."""

from __future__ import annotations

from portico.model.finding import Kind

MISSING_PACKAGE = Kind(
    "wsgi.E002",
    "wsgi",
    "A module the project imports is not there",
    "The project's Python is not the one the package was installed into, or it was never installed.",
    "https://docs.python.org/3/library/exceptions.html#ModuleNotFoundError",
    shows="It works in your shell and not in the stack, or not on this machine: another Python is used, or a package was "
    "never installed there.",
    example="ModuleNotFoundError: No module named 'rest_framework'",
    cure="Install it with the Python the message names: `.venv/bin/python -m pip install -r requirements.txt`. Another "
    'Python is chosen with `python = "..."`, a folder of your own modules with `[uwsgi] pythonpath`.',
)
MODULE_NOT_FOUND = Kind(
    "wsgi.E003",
    "wsgi",
    "The module of the application is not there",
    "uWSGI loads the application by this name; without it nobody can be served.",
    "https://docs.djangoproject.com/en/stable/ref/settings/#wsgi-application",
    shows="`portico up` ends with exit status 2. Without Portico: `ModuleNotFoundError` in uWSGI's log and 500 for every "
    "page.",
    example="portico up mysite.wsgy:application",
    cure='`[uwsgi] module = "package.module:callable"` in portico.toml, or WSGI_APPLICATION in the settings. The folder '
    "that holds the package must be the one the application runs in (`chdir`).",
)
NO_CALLABLE = Kind(
    "wsgi.E004",
    "wsgi",
    "The module has no WSGI callable of that name",
    "A WSGI server calls one object of the module for each request, by name.",
    "https://peps.python.org/pep-3333/",
    shows="`portico up` ends with exit status 2 and lists the callables the module has. uWSGI alone says no more than "
    "`unable to load app 0`, and answers every request 500.",
    example="portico up hello:aplication",
    cure="Name the one that is there: `portico up hello:app`. Unasked, `application`, `app`, `wsgi` and `wsgi_app` are "
    "looked for.",
)
NOT_WSGI = Kind(
    "wsgi.E005",
    "wsgi",
    "The named object is no WSGI application",
    "uWSGI would load it and then fail at every request: WSGI calls it with (environ, start_response).",
    "https://peps.python.org/pep-3333/",
    shows="`portico up` ends with exit status 2. Without Portico uWSGI's log has `must be a callable object`, or a "
    "`TypeError` at each request, which is then answered 502.",
    example='application = "shop"          # in wsgi.py',
    cure="Name the function or object that takes (environ, start_response): `portico up package.module:callable`.",
)
FACTORY = Kind(
    "wsgi.E006",
    "wsgi",
    "The module has a function that makes the application, but no application",
    "It would be called with a request as if it were the application; it has to be called once at the start.",
    "https://flask.palletsprojects.com/en/stable/patterns/appfactories/",
    shows="`portico up` ends with exit status 2. uWSGI alone would hand each request to the function as its arguments, and "
    "fail.",
    example="def create_app(config=None): ...     # and no `app = create_app()` in the module",
    cure="`portico up 'package.module:create_app()'`, or add `application = create_app()` to the module.",
)
IMPORT_FAILED = Kind(
    "wsgi.E007",
    "wsgi",
    "The application raises an exception while it is imported",
    "uWSGI imports the application once before it takes requests; when that fails nobody can be served.",
    source="https://docs.python.org/3/reference/import.html",
    shows="`portico up` ends with exit status 2. Often it works with runserver, which runs in another folder or with "
    "another environment.",
    example="FileNotFoundError: [Errno 2] No such file or directory: 'config.json'",
    cure="Correct the line the message names. Build paths from the file they belong to, not from the folder of the "
    'process: `Path(__file__).parent / "config.json"`.',
)
HANGS = Kind(
    "wsgi.E008",
    "wsgi",
    "The project does not finish loading",
    "Code that waits while it is imported keeps every start and every reload waiting.",
    shows="`portico up` takes long and ends with exit status 2; the message has the line that waits.",
    example='CONFIG = requests.get("https://example.com/config").json()     # at module level',
    cure="Let nothing that waits (a connection, a lock, input) happen while the code is imported: do it at the first use, "
    "and with a time limit.",
)
MISSING_VARIABLE = Kind(
    "wsgi.E009",
    "wsgi",
    "An environment variable the project needs is not set",
    "The application gets the environment of the shell that ran `portico up`, `env_files` and `[env]`, and nothing else.",
    "https://12factor.net/config",
    shows="It works in your shell, where the variable is set. `portico up` ends with exit status 2.",
    example='SECRET_KEY = os.environ["SECRET_KEY"]',
    cure='`env_files = [".env"]` in portico.toml, or the table `[env]` there, or `export NAME=...` in the shell that runs '
    "`portico up`. What manage.py sets does not reach a WSGI server.",
)
ASGI = Kind(
    "wsgi.E010",
    "wsgi",
    "The application is ASGI, not WSGI",
    "uWSGI would load it and then fail at every request with `missing 1 required positional argument: 'send'`.",
    "https://asgi.readthedocs.io/en/latest/specs/main.html",
    shows="`portico up` ends with exit status 2. Without Portico every page is 502.",
    example="portico up mysite.asgi:application",
    cure="Django has both: `portico up mysite.wsgi:application`. An application that is ASGI only (FastAPI, Starlette) "
    "needs an ASGI server such as uvicorn instead of uWSGI.",
)
NO_ANSWER = Kind(
    "wsgi.E011",
    "wsgi",
    "The project's Python ended without an answer",
    "A crash of a compiled module or os._exit() would end uWSGI's workers in the same way.",
    source="https://docs.python.org/3/library/faulthandler.html",
    shows="`portico up` ends with exit status 2 and says how the process ended.",
    example="the process that was to load the project was killed by signal 11 without saying why",
    cure="`.venv/bin/python -X faulthandler -c 'import mysite.wsgi'` shows the place of a crash: reinstall that compiled "
    "package for this Python. Signal 9 is often a lack of memory: `journalctl -k | grep -i oom`.",
)
EXITS = Kind(
    "wsgi.E012",
    "wsgi",
    "The project calls sys.exit() while it is loaded",
    "The server's process would end with it.",
    "https://docs.python.org/3/library/sys.html#sys.exit",
    shows="`portico up` ends with exit status 2 and names the line. uWSGI alone ends as soon as it has started.",
    example='if "SECRET_KEY" not in os.environ:\n    sys.exit("no key")',
    cure="Raise an exception that says what is missing, or put what belongs to the command line under `if __name__ == "
    '"__main__":`.',
)
DEAD_THREADS = Kind(
    "wsgi.W013",
    "wsgi",
    "The application starts threads while it is imported",
    "uWSGI imports the application once and then forks its workers; a thread does not survive fork(), so in every worker "
    "such a scheduler or queue looks alive and never runs.",
    "https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html",
    shows="A scheduler, a queue or a metrics sender does nothing in production, without any error; with runserver it works.",
    example="threading.Thread(target=refresh, daemon=True).start()     # at module level",
    cure='Start it in a function with `@uwsgidecorators.postfork`, or in a process of its own. With `extra = "lazy-apps = '
    'true"` in `[uwsgi]` each worker imports the application itself, and runs a thread of its own.',
)
MANAGE_FAILED = Kind(
    "django.E014",
    "django",
    "manage.py does not lead to the settings",
    "Portico asks manage.py which settings module the project uses, as runserver does.",
    "https://docs.djangoproject.com/en/stable/ref/django-admin/",
    shows="`portico up` ends with exit status 2; `python manage.py check` fails too or sets its settings by itself in an "
    "unusual way.",
    example="DJANGO_SETTINGS_MODULE is not set",
    cure='manage.py needs `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")`; or `settings = '
    '"mysite.settings"` in portico.toml.',
)
SETTINGS_FAILED = Kind(
    "django.E015",
    "django",
    "The settings cannot be loaded",
    "Django reads them first; nothing works without them.",
    "https://docs.djangoproject.com/en/stable/topics/settings/#designating-the-settings",
    shows="`portico up` ends with exit status 2 and names the line. `manage.py check` in the same environment fails in the "
    "same way.",
    example="ModuleNotFoundError: No module named 'mysite.settngs'",
    cure="Correct the line, or the name: `settings` in portico.toml, `--settings`, DJANGO_SETTINGS_MODULE in the "
    "environment, a `.env` and manage.py are asked in this order.",
)
SETUP_FAILED = Kind(
    "django.E016",
    "django",
    "An installed application or the logging cannot be set up",
    "django.setup() configures logging and loads every application before the first request.",
    "https://docs.djangoproject.com/en/stable/ref/applications/#initialization-process",
    shows="`portico up` ends with exit status 2 and names the line.",
    example="ValueError: Unable to configure handler 'file'       # a folder in LOGGING that is not there",
    cure="Correct what the message names: an application's apps.py or models.py, or LOGGING; the application's account "
    "must be able to write its log files. `manage.py check` repeats it.",
)
URLS_FAILED = Kind(
    "django.E017",
    "django",
    "The URLconf cannot be imported",
    "Django imports it at the first request, so without this check every page would fail after the start.",
    "https://docs.djangoproject.com/en/stable/topics/http/urls/",
    shows="`portico up` ends with exit status 2. uWSGI alone starts well, and then every page is 500.",
    example="ImportError: cannot import name 'basket' from 'shop.views'",
    cure="Correct the line the message names; `manage.py check` imports the URLconf too.",
)
