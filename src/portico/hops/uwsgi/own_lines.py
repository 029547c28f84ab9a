"""How uWSGI's own log lines begin: the formats that its sources (core, plugins/python, plugins/http) print.

uWSGI, its request log and the application write into one stream; there is nothing else to tell them apart by.
"""

from __future__ import annotations

import re

_BEGINNINGS = (
    # What starts it.
    "guard: ",
    "uwsgi_launcher: ",
    # Before and while it is configured.
    "[uWSGI] ",
    "[strict-mode] ",
    "[uwsgi-static] ",
    "[uwsgi-fileserve] ",
    "*** Starting uWSGI ",
    "*** WARNING: ",
    " *** WARNING: ",
    "compiled with version: ",
    "os: ",
    "nodename: ",
    "machine: ",
    "clock source: ",
    "pcre jit ",
    "detected number of CPU cores: ",
    "detected binary path: ",
    "detected max file descriptor number: ",
    "current working directory: ",
    "uWSGI running as root, ",
    "dropping root privileges ",
    "chdir() to ",
    "setgid() to ",
    "setuid() to ",
    "set additional group ",
    "your processes number limit ",
    "your memory page size ",
    "your process address space limit ",
    "your server socket listen backlog ",
    "your mercy for graceful operations ",
    "building mime-types dictionary ",
    "setting request body buffering size ",
    "lock engine: ",
    "thunder lock: ",
    "realpath() of ",
    # Sockets.
    "uwsgi socket ",
    "uwsgi shared socket ",
    "uWSGI http bound on ",
    "Listen queue size is greater ",
    "invalid socket name",
    "probably another instance of uWSGI ",
    "unable to create server socket ",
    # Python and the application.
    "Python version: ",
    "Python main interpreter initialized ",
    "--- Python VM already initialized ---",
    "*** Python threads support ",
    "python threads support enabled",
    "Set PythonHome to ",
    "PEP 405 virtualenv detected",
    "!!! Python Home is not a directory",
    "*** Operational MODE: ",
    "failed to open python file ",
    "failed to compile ",
    "no data read from ",
    'unable to find "application" callable ',
    "unable to load app ",
    "*** no app loaded. ",
    # Processes.
    "spawned uWSGI ",
    "gracefully (RE)spawned uWSGI ",
    "Respawned uWSGI ",
    "*** Stats server enabled on ",
    "DAMN ! worker ",
    "Gracefully killing worker ",
    "...The work of process ",
    "...gracefully killing workers...",
    "...brutally killing workers...",
    "SIGINT/SIGTERM received",
    'gateway "uWSGI ',
    "goodbye to uWSGI.",
    "binary reloading uWSGI...",
    "closing all non-uwsgi socket fds ",
    "VACUUM: ",
    "VACUUM WARNING: ",
    "*** HARAKIRI ",
    "HARAKIRI: ",
    "!!! uWSGI process ",
    "*** backtrace of ",
    "*** end of backtrace ***",
    "*** uWSGI listen queue of socket ",
    "*** EVIL RELOAD ",
    # Requests it did not take.
    "--- no python application found",
    "-- unavailable modifier requested: ",
    "invalid request block size: ",
    "invalid uwsgi request ",
    "invalid HTTP request size ",
    "Invalid (too big) CONTENT_LENGTH",
    "max vec size reached.",
    "SIGPIPE: writing to a closed pipe",
)

_FORMS = tuple(
    map(
        re.compile,
        (
            # uwsgi_log_verbose: a date before anything.
            r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} - .",
            # uwsgi_error: CALL(): what the C library says [file and line of the sources].
            r"[\w/]+\(.*\)(/[\w]+\(.*\))?: .* \[(core|plugins)/[\w/]+\.c line \d+\]$",
            r"mapped \d+ bytes \(",
            r"mapped socket \d+ \(",
            r"!!! no .+ file found !!!",
            r"WSGI app \d+ \(mountpoint=",
            r'running ("[\w-]+:|/)',
            r"spawned \d+ offload threads ",
            r"worker \d+ (killed successfully|buried after|lifetime reached)",
            r"added .+ to pythonpath\.$",
            r"found fd \d+ mapped to ",
            # A frame of a backtrace.
            r"[^\s(]+(\([\w+]*\))? \[0x[0-9a-f]+\]$",
        ),
    )
)


def is_own(line: str) -> bool:
    """Whether uWSGI itself writes lines like this one."""
    return line.startswith(_BEGINNINGS) or any(form.match(line) for form in _FORMS)
