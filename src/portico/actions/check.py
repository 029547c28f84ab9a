"""`portico check`: findings about a project before anything runs."""

from __future__ import annotations

from portico.actions.listen import port_findings
from portico.actions.options import Options
from portico.actions.prepare import prepare
from portico.actions.supervise import observe
from portico.model.errors import Exit, PorticoError
from portico.model.result import Result


def check(options: Options) -> Result:
    """Every finding of the static checks, errors first. `result.checked` says what was looked at."""
    try:
        prepared = prepare(options)
    except PorticoError as error:
        # A project that does not load is what a check is for; a configuration that says nothing is a mistake of use.
        if error.findings[0].hop in ("config", "project", "system"):
            raise
        return Result("check", {"checked": [], "listen": None}, error.findings, Exit.FINDINGS)
    live = observe(prepared.where)
    findings = [*prepared.findings, *port_findings(prepared.plan.listen, live.pids)]
    order = {"error": 0, "warning": 1, "info": 2}
    findings.sort(key=lambda finding: order[finding.severity])
    code = Exit.FINDINGS if any(finding.severity != "info" for finding in findings) else Exit.DONE
    return Result("check", {"checked": prepared.checked, "listen": str(prepared.plan.listen)}, tuple(findings), code)
