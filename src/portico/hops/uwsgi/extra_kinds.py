"""The kinds of findings about raw lines for uwsgi.ini (`extra` in portico.toml)."""

from __future__ import annotations

from portico.model.finding import Kind

_OPTIONS = "https://uwsgi-docs.readthedocs.io/en/latest/Options.html"

RUNS_AWAY = Kind(
    "uwsgi.E081",
    "uwsgi",
    "A raw line takes uWSGI away from its supervisor",
    "The process that was started ends at once and leaves one behind that nobody controls: the supervisor starts it again "
    "and again, and the one that serves can be neither stopped nor reloaded.",
    source=f"{_OPTIONS}#daemonize",
    shows="`exited too quickly` with status 0, while the site answers; `bind(): Address already in use` after that.",
    example='[uwsgi]\nextra = "daemonize = /var/log/uwsgi.log"',
    cure="Remove the line. For another place of the log there is the key `log`.",
)
NO_OPTION = Kind(
    "uwsgi.E082",
    "uwsgi",
    "A raw line names an option that uWSGI does not have",
    "Portico's uwsgi.ini is strict, so uWSGI refuses to start; without `strict` the line would be ignored without a word.",
    source=f"{_OPTIONS}#strict",
    shows="`[strict-mode] unknown config directive: proceses`, and the release is refused.",
    example='[uwsgi]\nextra = "proceses = 8"',
    cure="Correct the name. An option of a plugin that the wheel of pyuwsgi lacks (https, for one) needs a uWSGI that was "
    "built with it.",
)
NEEDS_PLUGIN = Kind(
    "uwsgi.E083",
    "uwsgi",
    "A raw line needs a plugin that pyuwsgi has no file of",
    "Everything pyuwsgi can do is in its one shared object; `need-plugin` looks for a file beside it and gives up.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/Plugins.html",
    shows='`unable to load plugin "python3"`, and uWSGI ends with status 1.',
    example='[uwsgi]\nextra = "need-plugin = python3"',
    cure="Remove the line: the Python plugin is built in.",
)
NO_EFFECT = Kind(
    "uwsgi.W084",
    "uwsgi",
    "A raw line has no effect with pyuwsgi",
    "pyuwsgi runs inside a Python that is there before the file is read: environment and packages are that Python's.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/Python.html#virtualenv-support",
    shows="The variable is not in os.environ, or packages come from another environment than the line says; no message.",
    example='[uwsgi]\nextra = "env = DJANGO_DEBUG=0"',
    cure="`[env]` in portico.toml gives the application its environment, `python` the interpreter and with it the packages.",
)
SIDE_DOOR = Kind(
    "uwsgi.W085",
    "uwsgi",
    "A raw line opens a way around nginx",
    "Who knocks there is not held to nginx's limits, and what he claims in X-Forwarded-Proto or Host is believed.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/HTTP.html",
    shows="The site answers on a second port; a few slow clients there hold every worker.",
    example='[uwsgi]\nextra = "http-socket = 0.0.0.0:9090"',
    cure='Remove the line. For a site without nginx there is `front = "none"`.',
)
SAID_TWICE = Kind(
    "uwsgi.W086",
    "uwsgi",
    "A raw line says again what the plan says already",
    "uWSGI takes the later of the two, Portico goes by the plan: its checks, nginx's timeouts and `portico config` then "
    "speak of a value that is not in force.",
    source=_OPTIONS,
    shows="`portico config` shows another number than `portico status`, or nginx gives up before harakiri.",
    example='[uwsgi]\nextra = "harakiri = 300"',
    cure="Use the key of portico.toml instead of the raw line.",
)
KINDS = (RUNS_AWAY, NO_OPTION, NEEDS_PLUGIN, NO_EFFECT, SIDE_DOOR, SAID_TWICE)
