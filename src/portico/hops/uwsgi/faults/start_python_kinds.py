"""Kinds: uWSGI starts, but not with the Python, the environment or the plugin that was meant."""

from __future__ import annotations

from portico.hops.uwsgi.faults.start_kinds import DOWN
from portico.model.finding import Kind

#: What an application says that lacks a variable, or a package.
_DATABASE = tuple(f"django.E{number}" for number in (104, 120, 122, 123, 124, 125, 126, 127, 128, 129, 130, 132))
_WITHOUT_VARIABLE = (
    "wsgi.E104",
    "wsgi.E109",
    "wsgi.E112",
    "wsgi.E125",
    "wsgi.E130",
    "wsgi.W131",
    "django.E100",
    "django.E101",
)
_OTHER_SETTINGS = (
    "django.E102",
    "django.E103",
    "django.E110",
    "nginx-django.E110",
    "django.E116",
    "django.W117",
    "nginx-django.E103",
)
_WITHOUT_PACKAGE = ("wsgi.E104", "wsgi.E109", "django.E102", "django.E103", "django.E104", "uwsgi.E120", "uwsgi.E121")
_OPTIONS = "https://uwsgi-docs.readthedocs.io/en/latest/Options.html"
_PYTHON = "https://uwsgi-docs.readthedocs.io/en/latest/Python.html"
_VENV = "https://uwsgi-docs.readthedocs.io/en/latest/Python.html#virtualenv-support"
_PLUGINS = "https://uwsgi-docs.readthedocs.io/en/latest/Plugins.html"

NO_APP = Kind(
    "uwsgi.E120",
    "uwsgi",
    "uWSGI serves without an application",
    "It could not be loaded, and without `need-app` uWSGI goes on all the same: every request is answered 500.",
    source=f"{_OPTIONS}#need-app",
    shows="Every page is `Internal Server Error` as plain text, 21 bytes. Per request the log says `--- no python "
    "application "
    "found`; the reason stands where uWSGI started.",
    example="unable to load app 0 (mountpoint='') (callable not found or import error)\n"
    "*** no app loaded. going in full dynamic mode ***",
    cure="`need-app = true` makes uWSGI refuse to start like this. Then correct what kept the application from loading.",
)
APP_REFUSED = Kind(
    "uwsgi.E121",
    "uwsgi",
    "uWSGI ended because the application could not be loaded",
    "With `need-app` it does not start without one, and its exit status is 22.",
    source=f"{_OPTIONS}#need-app",
    shows="502, or a supervisor that starts it again and again. The last line of the log is `GAME OVER`, the reason "
    "above it.",
    example="ModuleNotFoundError: No module named 'site'\nunable to load app 0 (mountpoint='') (callable not found or "
    "import "
    "error)\n*** no app loaded. GAME OVER ***",
    cure="Correct what the lines above `unable to load app` say.",
    leads_to=DOWN,
)
ENV_LOST = Kind(
    "uwsgi.E122",
    "uwsgi",
    "The application misses a variable that uwsgi.ini sets",
    "pyuwsgi runs inside a Python that is there before the file is read: `env` does not reach os.environ. A uWSGI compiled "
    "with its own Python does it, so documents and other machines say that it works.",
    source="https://github.com/unbit/uwsgi/issues/1980",
    shows="The application runs with its defaults (wrong settings module, wrong database) or fails with a KeyError, and the "
    "line in uwsgi.ini is right. The log has `--- Python VM already initialized ---`.",
    example="[uwsgi]\nenv = DJANGO_SETTINGS_MODULE=mysite.prod",
    cure="Give the variable to the process: `Environment=` of a systemd unit, `environment=` of supervisord, or "
    "`NAME=value uwsgi --ini uwsgi.ini`.",
    leads_to=(*DOWN, "uwsgi.E120", "uwsgi.E121", *_WITHOUT_VARIABLE, *_OTHER_SETTINGS, *_DATABASE),
)
ENV_IGNORED = Kind(
    "uwsgi.W123",
    "uwsgi",
    "`env` in uwsgi.ini has no effect with pyuwsgi",
    "os.environ was made before uWSGI read the file.",
    source="https://github.com/unbit/uwsgi/issues/1980",
    shows="No message; the variable is not in os.environ.",
    example="[uwsgi]\nenv = LANG=C.UTF-8",
    cure="Give the variable to the process that is started.",
)
HOME_LOST = Kind(
    "uwsgi.E124",
    "uwsgi",
    "The application runs in another environment than uwsgi.ini says",
    "pyuwsgi ignores `home` and `virtualenv`: the Python that runs is the one whose `uwsgi` was started.",
    source="https://github.com/unbit/uwsgi/issues/2341",
    shows="ModuleNotFoundError for a package that is installed in the environment of the configuration.",
    example="[uwsgi]\nhome = /srv/site/venv      ; started as /opt/other/bin/uwsgi",
    cure="Start the `uwsgi` of the right environment, and remove the line.",
    leads_to=(*DOWN, *_WITHOUT_PACKAGE),
)
HOME_IGNORED = Kind(
    "uwsgi.W125",
    "uwsgi",
    "`home` in uwsgi.ini has no effect with pyuwsgi",
    "The Python that runs is the one whose `uwsgi` was started, whatever the line says, even a folder that does not exist.",
    source="https://github.com/unbit/uwsgi/issues/2341",
    shows="No message; sys.prefix is another folder than the line says.",
    example="[uwsgi]\nvirtualenv = /nonexistent",
    cure="Remove the line; start the `uwsgi` of the environment that is meant.",
)
OTHER_UWSGI = Kind(
    "uwsgi.E126",
    "uwsgi",
    "This uWSGI cannot run Python",
    "The `uwsgi` of a distribution is a core without languages; one that is found first in PATH takes the place of the "
    "project's own, accepts the file and cannot serve it.",
    source=_PLUGINS,
    shows="502. At its start `no request plugin is loaded`, for each request `-- unavailable modifier requested: 0 --`; on "
    "the command line `unrecognized option '--module'`.",
    example="detected binary path: /usr/bin/uwsgi-core\n-- unavailable modifier requested: 0 --",
    cure="Start the project's own by its path (`/srv/site/venv/bin/uwsgi`), or add `plugin = python3` with the package "
    "uwsgi-plugin-python3.",
    leads_to=(*DOWN, "uwsgi.E120", "wsgi.E103"),
)
PLUGIN_NEEDED = Kind(
    "uwsgi.E127",
    "uwsgi",
    "uWSGI is told to use what this build does not have",
    "pyuwsgi is one shared object without plugins to load and without TLS; a distribution's core needs the package of each "
    "plugin.",
    source=_PLUGINS,
    shows="`unable to load plugin \"python3\"` or `unrecognized option '--https'`, and uWSGI ends with status 1.",
    example="need-plugin = python3",
    cure="With pyuwsgi remove the line: Python is built in, and TLS is nginx's part. With a distribution's uWSGI install "
    "the plugin.",
    leads_to=DOWN,
)
PLUGIN_LINE = Kind(
    "uwsgi.W128",
    "uwsgi",
    "Lines for another build of uWSGI have no effect here",
    "pyuwsgi has Python built in, and no TLS and no other languages; it logs that it cannot load a plugin and goes on.",
    source=_PLUGINS,
    shows="`!!! UNABLE to load uWSGI plugin: ./python3_plugin.so` at each start, and the application is served.",
    example="plugins = python3",
    cure="Remove the line.",
)
MINOR_MISMATCH = Kind(
    "uwsgi.E130",
    "uwsgi",
    "uWSGI's Python is of another version than the environment",
    "Packages are in lib/python3.12 of the environment, and a Python 3.11 looks in lib/python3.11; compiled ones fit one "
    "version only.",
    source=_VENV,
    shows="ModuleNotFoundError for Django, or for a part of a package (`psycopg2._psycopg`), although pip lists it.",
    example="Python version: 3.11.2\nPEP 405 virtualenv detected: /srv/site/venv      # its pyvenv.cfg: version = 3.12.1",
    cure="Make the environment with the Python that uWSGI has, or install pyuwsgi into it and start that.",
    leads_to=(*DOWN, *_WITHOUT_PACKAGE),
)
NO_LIBRARY = Kind(
    "uwsgi.E131",
    "uwsgi",
    "Python does not find its own standard library",
    "`home` or PYTHONHOME names a folder that is no Python environment; without `encodings` no Python starts.",
    source=_VENV,
    shows="uWSGI ends: `ModuleNotFoundError: No module named 'encodings'`, before it `!!! Python Home is not a "
    "directory` or "
    "`init_fs_encoding`.",
    example="!!! Python Home is not a directory: /srv/site/env !!!\nModuleNotFoundError: No module named 'encodings'",
    cure="Correct `home`: the folder that has bin/python. Remove PYTHONHOME from the environment.",
    leads_to=(*DOWN, "wsgi.E106", "django.W111"),
)
NO_PYUWSGI = Kind(
    "uwsgi.E132",
    "uwsgi",
    "The `uwsgi` command belongs to a Python that has no pyuwsgi",
    "After an upgrade of the system's Python an environment still has its scripts, but its packages lie in the folder "
    "of the "
    "old version.",
    source=_PYTHON,
    shows="`ModuleNotFoundError: No module named 'pyuwsgi'` as soon as `uwsgi` is started.",
    example="  File \"/srv/site/venv/bin/uwsgi\", line 5, in <module>\nModuleNotFoundError: No module named 'pyuwsgi'",
    cure="Make the environment anew with the Python there is, and install the project's requirements into it.",
    leads_to=DOWN,
)
