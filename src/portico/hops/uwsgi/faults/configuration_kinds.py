"""Kinds: uwsgi.ini does not say what it seems to say."""

from __future__ import annotations

from portico.hops.uwsgi.faults.start_kinds import DOWN
from portico.model.finding import Kind

_OPTIONS = "https://uwsgi-docs.readthedocs.io/en/latest/Options.html"
_CONFIGURATION = "https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html"
_THINGS = "https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html"
_BROKEN = (*DOWN, "uwsgi.E100", "uwsgi.E106", "uwsgi.E107", "uwsgi.E108", "uwsgi.E116", "uwsgi.E120", "uwsgi.E121")
_NOT_LOADED = ("wsgi.E100", "wsgi.E102", "wsgi.E103", "wsgi.E104")

THREADS_DEAD = Kind(
    "uwsgi.W109",
    "uwsgi",
    "A thread that the application starts while it is loaded does not run",
    "The master loads the application and then forks: a thread does not survive that, though Python still lists it. Without "
    "`enable-threads` an old uWSGI runs no thread of the application at all.",
    source=_THINGS,
    shows="A scheduler, a queue or a metrics reporter does nothing, without an error; under `runserver` it works.",
    example="threading.Thread(target=refresh, daemon=True).start()      # at the top of a module",
    cure="Start it after the fork (`uwsgidecorators.postfork`), in a process of its own, or set `lazy-apps = true`.",
)
MOST_FILES = Kind(
    "uwsgi.W129",
    "uwsgi",
    "uWSGI reserves memory for a billion files",
    "Some of its tables have one entry for each file that the limit permits; containers often permit 2^30, which is 8 GB "
    "for each such process.",
    source="https://github.com/unbit/uwsgi/issues/2299",
    shows="An idle uWSGI takes gigabytes, or is killed for memory seconds after its start.",
    example="detected max file descriptor number: 1073741816",
    cure="`max-fd = 65536` in uwsgi.ini, or a limit for the service (`LimitNOFILE=`, `ulimits` of compose).",
)
MISSPELT = Kind(
    "uwsgi.E140",
    "uwsgi",
    "An option that uWSGI cannot do without is misspelt",
    "A key that uWSGI does not know is taken for a variable of your own and ignored without a message.",
    source=_CONFIGURATION,
    shows="uWSGI behaves as if the line were not there: no socket, no application, another folder.",
    example="[uwsgi]\nmodul = site.wsgi",
    cure="Correct the name, and add `strict = true`: uWSGI then refuses what it does not know.",
    leads_to=(*_BROKEN, *_NOT_LOADED),
)
MISSPELT_UNUSED = Kind(
    "uwsgi.W141",
    "uwsgi",
    "A line of uwsgi.ini has no effect: its option is misspelt",
    "A key that uWSGI does not know is taken for a variable of your own and ignored without a message.",
    source=_CONFIGURATION,
    shows="One worker instead of eight, no time limit, no threads; uWSGI says nothing. On the command line it would end.",
    example="proceses = 8\nenable_threads = true",
    cure="Correct the name, and add `strict = true`: uWSGI then refuses what it does not know.",
)
TWICE = Kind(
    "uwsgi.W142",
    "uwsgi",
    "uwsgi.ini says the same thing twice, and differently",
    "Of most options the last line counts; of `module` and `wsgi-file` together the first application that loads; sockets "
    "are all bound.",
    source=_CONFIGURATION,
    shows="A change of one of the lines has no effect. With two applications: `mountpoint  already configured. skip.`",
    example="processes = 2\nprocesses = 8",
    cure="Keep one of the lines.",
)
MAGIC = Kind(
    "uwsgi.W143",
    "uwsgi",
    "uWSGI rewrites a value: `%` means something to it",
    "`%d`, `%n`, `%s` and other letters behind a `%` are replaced by parts of the file's path; a `%` at the end of a "
    "line vanishes together with the line end, so that the next line becomes part of the value. Literal ones are "
    "written `%%`.",
    source=f"{_CONFIGURATION}#magic-variables",
    shows="A password that does not work, a date format that comes out as a path, an option in the next line that has no "
    "effect.",
    example="logdate = %Y-%m-%d",
    cure="Write every `%` twice. A secret belongs into the environment of the process, not into uwsgi.ini.",
)
LITERAL = Kind(
    "uwsgi.E144",
    "uwsgi",
    "Quotes or a comment have become part of a value",
    "uWSGI takes everything behind the `=` as it is: quotes stay, and there are no comments at the end of a line.",
    source=_CONFIGURATION,
    shows="`No module named '\"site'`, or a socket whose name ends in a comment, or `bind()` that fails for an address that "
    "looks right.",
    example='module = "site.wsgi"\nsocket = 127.0.0.1:9090   # as in nginx',
    cure="Write the value alone; a comment gets a line of its own.",
    leads_to=(*_BROKEN, *_NOT_LOADED, "uwsgi.E111", "uwsgi.E115"),
)
LITERAL_UNUSED = Kind(
    "uwsgi.W145",
    "uwsgi",
    "A comment behind a value is part of it",
    "uWSGI has no comments at the end of a line: `vacuum = false  # later` is on, because it is not just `false`.",
    source=_CONFIGURATION,
    shows="An option that was switched off is on, or a number that is read only as far as its digits go.",
    example="vacuum = false    ; not yet",
    cure="Give the comment a line of its own.",
)
GROUP_ONLY = Kind(
    "uwsgi.W146",
    "uwsgi",
    "The socket is open to a group only, and nothing puts nginx into it",
    "`chmod-socket = 664` lets the socket's owner and its group connect. It works only where nginx's workers are in that "
    "group; connecting takes write permission.",
    source="https://man7.org/linux/man-pages/man7/unix.7.html",
    shows="502, and `(13: Permission denied)` in nginx's error log.",
    example="socket = /run/site/app.sock\nchmod-socket = 664",
    cure="`chown-socket = YOU:www-data` with `chmod-socket = 660`.",
)
MODE_OF_PORT = Kind(
    "uwsgi.I147",
    "uwsgi",
    "`chmod-socket` has no effect on a port",
    "Only a unix socket has a mode; whoever reaches the port may connect.",
    source=f"{_OPTIONS}#chmod-socket",
    shows="Nothing: the line is ignored.",
    example="socket = 127.0.0.1:9090\nchmod-socket = 664",
    cure="Remove the line, or use a unix socket, which only nginx can be let into.",
)
BODY_DEADLINE = Kind(
    "uwsgi.E148",
    "uwsgi",
    "harakiri kills a worker that is well, because of post-buffering and threads",
    "All threads of a worker share one deadline, and each piece of a body that is read for `post-buffering` moves it; when "
    "another thread's request has just ended and cleared it, the new one lies in 1970, and the master kills the worker.",
    source="https://github.com/unbit/uwsgi/issues/2706",
    shows="Uploads and whatever runs beside them are lost with 502, long before harakiri's seconds are over. The log: "
    "`*** HARAKIRI ON WORKER`, then `killed by signal 9`.",
    example="threads = 4\nharakiri = 1800\npost-buffering = 8192      ; as uWSGI's own warning at its start advises",
    cure="Remove `post-buffering` (behind nginx bodies arrive whole), or use `threads = 1`, or no `harakiri`.",
    leads_to=("uwsgi.E150", "uwsgi.E152"),
)
BODY_DEADLINE_RISK = Kind(
    "uwsgi.W149",
    "uwsgi",
    "post-buffering, threads and harakiri together can kill workers that are well",
    "All threads of a worker share one deadline, and each piece of a body that is read for `post-buffering` moves it.",
    source="https://github.com/unbit/uwsgi/issues/2706",
    shows="Now and then an upload is lost with 502, and with it what ran in the same worker.",
    example="threads = 4\nharakiri = 60\npost-buffering = 8192",
    cure="Remove `post-buffering` (behind nginx bodies arrive whole), or use `threads = 1`, or no `harakiri`.",
)
