"""collectstatic, as the remedy of several findings: in the application's Python, environment and account."""

from __future__ import annotations

from portico.model.command import Command
from portico.model.evidence import Evidence, ProjectSeen
from portico.model.remedy import PorticoUp, Remedy, RenewWorkers, Run, Step
from portico.seams.faults.static_seen import examined

_LIMIT_S = 300.0


def command_line(evidence: Evidence) -> str:
    """What a person types."""
    project = evidence.project
    if project is None:
        return "python manage.py collectstatic --noinput"
    user = f"sudo -u {project.account} " if project.account not in ("", evidence.machine.user) else ""
    return f"cd {project.directory} && {user}{project.python} manage.py collectstatic --noinput"


def collected(evidence: Evidence, renew: bool = False) -> Remedy | None:
    """Collect, and where the running processes have read what is collected (`renew`), replace them. None where the project
    is not known well enough."""
    if evidence.managed:
        return Remedy("collect the static files anew: portico up", (PorticoUp(),))
    project = evidence.project
    if project is None or not examined(evidence).load.settings:
        return None
    steps: list[Step] = [Run(_command(evidence, project), _running(evidence))]
    workers = renewed(evidence) if renew else None
    says = f"run collectstatic in {project.directory} as {project.account or evidence.machine.user}"
    return Remedy(f"{says}, then {workers.says}" if workers else says, (*steps, *(workers.steps if workers else ())))


def _command(evidence: Evidence, project: ProjectSeen) -> Command:
    settings = examined(evidence).load.settings
    named = ("--settings", settings, "--pythonpath", project.directory)
    argv = (project.python, "-m", "django", "collectstatic", "--noinput", "-v0", *named)
    return Command(argv, "collect the static files", _LIMIT_S, cwd=project.directory, user=project.account or None)


def _running(evidence: Evidence) -> int:
    """A process that has the application's environment; 0 where none runs."""
    instance = evidence.instance
    found = (*instance.workers, *((instance.master,) if instance.master else ())) if instance else ()
    return found[0].pid if found else 0


def renewed(evidence: Evidence) -> Remedy | None:
    """Let uWSGI replace its workers, which finish their requests first. None without a master to replace them."""
    if evidence.managed:
        return Remedy("start a new release: portico up", (PorticoUp(),))
    instance = evidence.instance
    if instance is None or instance.master is None or not instance.workers:
        return None
    if not all(worker.ppid == instance.master.pid for worker in instance.workers):
        return None
    pids = tuple(worker.pid for worker in instance.workers)
    return Remedy(f"let uWSGI (pid {instance.master.pid}) replace its workers", (RenewWorkers(pids),))
