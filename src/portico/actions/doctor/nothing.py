"""A project of which nothing runs and nothing is written down: would it come up, and if not, why?"""

from __future__ import annotations

from portico.actions.doctor.target import Target
from portico.actions.options import Options
from portico.model.errors import PorticoError
from portico.model.finding import Finding, Kind
from portico.model.remedy import PorticoUp, Remedy
from portico.system.lock import is_held

NOT_UP = Kind(
    "system.E120",
    "system",
    "Nothing of this project runs",
    "No nginx and no uWSGI belongs to this folder, and no configuration in it says that one should.",
    shows="A browser cannot connect.",
    example="$ portico status\nNothing is running for /srv/site.",
    cure="`portico up`. For files that you wrote yourself: `portico doctor --nginx FILE --uwsgi FILE`.",
)


def is_nothing(target: Target) -> bool:
    """Whether there is nothing to look at."""
    return not target.managed and not target.conf and not target.uwsgi and not target.url and not target.logs


def would_come_up(target: Target) -> tuple[Finding, ...]:
    """What `portico up` would say, the root first."""
    # What `portico up` needs takes as long to import as the doctor takes to look.
    from portico.actions.prepare import prepare

    try:
        prepared = prepare(Options(target.asked.project))
    except PorticoError as error:
        return error.findings
    blocking = tuple(finding for finding in prepared.findings if finding.severity == "error")
    starting = is_held(prepared.where.lock)
    found = NOT_UP.found(
        cause="another command is just starting or stopping it" if starting else "it was never started, or was stopped",
        evidence=[prepared.headline, f"would listen on {prepared.plan.listen}"],
        fix=["portico up"],
        basis="state",
        remedy=Remedy("start it: portico up", (PorticoUp(),)),
    )
    others = tuple(finding for finding in prepared.findings if finding.severity != "error")
    return (*blocking, found, *others)
