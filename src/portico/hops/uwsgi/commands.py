"""The hop's commands, as values."""

from __future__ import annotations

from portico.model.plan import Plan


def serve_argv(plan: Plan, ini_path: str, launcher_path: str) -> tuple[str, ...]:
    """The argument vector that runs uWSGI in the foreground with the file at `ini_path`, for a supervisor.

    pyuwsgi runs inside the project's own interpreter, loaded by `inside/uwsgi_launcher.py`, of which `launcher_path` is
    the copy to use; another uWSGI is a program of its own.
    """
    # Behind the last colon of a file name uWSGI looks for the name of a section
    # (https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html#ini-files).
    ini = f"{ini_path}:uwsgi" if ":" in ini_path else ini_path
    uwsgi = plan.interpreter.uwsgi
    program = (plan.interpreter.executable, launcher_path) if uwsgi.kind == "pyuwsgi" else ()
    return (*program, uwsgi.path, "--ini", ini)
