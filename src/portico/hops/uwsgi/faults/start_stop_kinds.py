"""Kinds: uWSGI is reloaded, stopped or supervised in a way that does something else."""

from __future__ import annotations

from portico.hops.uwsgi.faults.start_kinds import DOWN
from portico.model.finding import Kind

_OPTIONS = "https://uwsgi-docs.readthedocs.io/en/latest/Options.html"
_SIGNALS = "https://uwsgi-docs.readthedocs.io/en/latest/Management.html#signals-for-controlling-uwsgi"
_THINGS = "https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html"

RELOAD_LOST = Kind(
    "uwsgi.E133",
    "uwsgi",
    "A reload ended uWSGI: it started itself anew with another Python",
    "pyuwsgi follows the environment's link to the Python behind it and executes that; there is no pyuwsgi in there.",
    source="https://github.com/unbit/uwsgi/issues/2478",
    shows="502 after a reload, a deploy (`touch-reload`) or a stop. The log: `binary reloading uWSGI...`, `running "
    "/usr/bin/python3.11`, `ModuleNotFoundError: No module named 'pyuwsgi'`.",
    example="running /usr/bin/python3.11\nModuleNotFoundError: No module named 'pyuwsgi'",
    cure="`binary-path = /srv/site/venv/bin/python` in uwsgi.ini (not bin/uwsgi), then start uWSGI again.",
    leads_to=DOWN,
)
RELOAD_WILL_FAIL = Kind(
    "uwsgi.W134",
    "uwsgi",
    "The next reload will end uWSGI",
    "pyuwsgi executes the Python behind the environment's link, which has no pyuwsgi, unless `binary-path` says otherwise.",
    source="https://github.com/unbit/uwsgi/issues/2478",
    shows="Nothing yet. `detected binary path` at the start of the log is not the environment's own Python.",
    example="touch-reload = /srv/site/reload        ; and no binary-path",
    cure="`binary-path = /srv/site/venv/bin/python` in uwsgi.ini, then stop and start uWSGI.",
)
TERM_RELOADS = Kind(
    "uwsgi.W135",
    "uwsgi",
    "A request to stop makes uWSGI reload instead",
    "In uWSGI 2.0 SIGTERM means a brutal reload unless `die-on-term` is set; supervisors send just that signal, wait, and "
    "kill.",
    source=_SIGNALS,
    shows="`systemctl stop`, `docker stop` or supervisor hangs until it kills. The log: `...brutally killing workers...`, "
    "then `binary reloading uWSGI...`.",
    example="...brutally killing workers...\nbinary reloading uWSGI...",
    cure="`die-on-term = true` in uwsgi.ini.",
)
DAEMONIZED = Kind(
    "uwsgi.W136",
    "uwsgi",
    "uWSGI leaves the supervisor that starts it",
    "With `daemonize` the process that was started ends at once. The supervisor takes that for a failure and starts it "
    "again "
    "and again, while the first one serves and nobody can stop it.",
    source=f"{_OPTIONS}#daemonize",
    shows="`exited too quickly` with status 0, although the site answers; the log repeats `bind(): Address already in use`, "
    "and the pid file names a process that is gone.",
    example="daemonize = /var/log/uwsgi.log        ; and a unit or a supervisor that starts it",
    cure="Remove `daemonize` and let uWSGI log to its standard output, or start it by hand only; stop the one left over.",
    leads_to=("uwsgi.E100", "uwsgi.W101", "uwsgi.W102", "uwsgi.W137"),
)
STALE_PID_FILE = Kind(
    "uwsgi.W137",
    "uwsgi",
    "The pid file names no uWSGI",
    "`uwsgi --stop` and `--reload` signal whatever process has that number now, and report success.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/Management.html",
    shows="`signal_pidfile()/kill(): No such process`; or it seems to work, uWSGI goes on, and another program has ended.",
    example="$ uwsgi --stop /run/site/uwsgi.pid\nsignal_pidfile()/kill(): No such process [core/uwsgi.c line 1688]",
    cure="Remove the file. `master-fifo`, or the supervisor's own commands, cannot hit a stranger.",
)
LAST_WORKER_GONE = Kind(
    "uwsgi.E138",
    "uwsgi",
    "uWSGI's only process has ended, and without a master nobody starts another",
    "`max-requests` and the like end a worker so that the master replaces it; there is no master.",
    source=f"{_OPTIONS}#master",
    shows="The site works for a while and is then down for good: 502. The log ends with `...The work of process N is done. "
    "Seeya!`.",
    example="*** WARNING: you are running uWSGI without its master process manager ***\n...The work of process 4177 is "
    "done. "
    "Seeya!",
    cure="`master = true` in uwsgi.ini.",
    leads_to=DOWN,
)
NO_MASTER = Kind(
    "uwsgi.W139",
    "uwsgi",
    "uWSGI runs without a master, and these options need one",
    "The master starts workers again, ends those that hang (`harakiri`) and reloads. Without it a worker that ends at "
    "`max-requests` is gone for good.",
    source=_THINGS,
    shows="`*** WARNING: you are running uWSGI without its master process manager ***` at its start.",
    example="max-requests = 5000\nharakiri = 30",
    cure="`master = true` in uwsgi.ini.",
)
