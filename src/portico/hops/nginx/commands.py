"""The hop's commands, as values.

`NGINX` must not be in the environment of any of them: nginx takes it for the list of sockets inherited in a binary
upgrade (https://nginx.org/en/docs/control.html#upgrade). The environments here are therefore left to the runner, which
scrubs it.
"""

from __future__ import annotations

from portico.hops.nginx.front import front
from portico.model.command import Command
from portico.model.plan import NginxPlan, Plan

#: The version that brought `-e`: https://nginx.org/en/docs/switches.html
_ERROR_LOG_SWITCH = (1, 19, 5)


def build_info(path: str) -> Command:
    """Asks the nginx at `path` for its version and build; `facts.parse_build` reads the answer (on standard error)."""
    return Command((path, "-V"), why="ask nginx for its version and modules", timeout_s=10.0)


def prove(plan: Plan, conf_path: str) -> Command:
    """Lets the real nginx test the configuration at `conf_path`; `facts.emerg_reason` reads a refusal.

    Silent when all is well, but for warnings. It opens the logs, creates the temporary folders and an empty nginx.pid,
    and binds the ports, without a complaint about one in use. As an ordinary user, nginx before 1.19.5 also prints a
    harmless `[alert]` about the compiled-in error log, which cannot be replaced there.
    """
    nginx = front(plan)
    argv = (nginx.binary.path, "-t", "-q", *_places(plan, nginx, error_log="stderr"), "-c", conf_path)
    return Command(argv, why="prove the nginx configuration")


def serve_argv(plan: Plan, conf_path: str) -> tuple[str, ...]:
    """The argument vector that runs nginx in the foreground, for a supervisor.

    The file itself never says `daemon off`, so that `nginx -c` on it works as people expect.
    """
    nginx = front(plan)
    return (nginx.binary.path, *_places(plan, nginx, nginx.error_log), "-g", "daemon off;", "-c", conf_path)


def _places(plan: Plan, nginx: NginxPlan, error_log: str) -> tuple[str, ...]:
    """The prefix for relative paths in lines of the user's, and the log for what happens before the file is read."""
    prefix = ("-p", plan.paths.state.rstrip("/") + "/")
    return (*prefix, "-e", error_log) if nginx.binary.version >= _ERROR_LOG_SWITCH else prefix


def prove_file(binary: str, version: tuple[int, ...], conf: str, prefix: str) -> Command:
    """Lets the nginx at `binary` test a configuration that somebody wrote; `facts.emerg_reason` reads a refusal."""
    argv = [binary, "-t", "-c", conf]
    argv += ["-p", prefix] if prefix else []
    argv += ["-e", "stderr"] if version >= _ERROR_LOG_SWITCH else []
    return Command(tuple(argv), why="let nginx test its configuration", timeout_s=20.0)
