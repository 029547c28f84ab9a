"""`portico check`: findings about a project before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from portico.actions.check_django import django_says
from portico.actions.check_nginx import rendered, written
from portico.actions.doctor.static import judge
from portico.actions.looked import Looked
from portico.actions.options import Options
from portico.actions.ports import all_port_findings
from portico.actions.prepare import Prepared, prepare
from portico.model.errors import Exit, PorticoError
from portico.model.result import Result

_ORDER = {"error": 0, "warning": 1, "info": 2}
#: Places of findings that mean a mistake of use, rather than a project that cannot run.
_MISUSE = ("config", "project", "system")


def check(options: Options, strict: bool = False) -> Result:
    """Every finding of the static checks, errors first. `result.checked` says what was looked at, `result.unknown` what
    could not be told, `result.anchor` which file findings without a place of their own are about. The code is FINDINGS for
    an error, with `strict` for a warning too."""
    try:
        prepared = prepare(options)
    except PorticoError as error:
        # A project that does not load is what a check is for; a configuration that says nothing is a mistake of use.
        if error.findings[0].hop in _MISUSE:
            raise
        data = {**_data(Looked(), options.project, _anchor(options.project, "")), "listen": None}
        return Result("check", data, error.findings, Exit.FINDINGS)
    looked = Looked(prepared.findings, prepared.unknown, prepared.checked)
    looked += Looked(tuple(all_port_findings(prepared)))
    looked += rendered(prepared) + django_says(prepared)
    data = {
        **_data(looked, prepared.where.project, _anchor_of(prepared)),
        "listen": str(prepared.plan.listen),
    }
    return _result(looked, data, strict)


def check_files(project: Path, nginx: Path | None, uwsgi: Sequence[Path], strict: bool = False) -> Result:
    """The same for files somebody wrote by hand: nothing is run but gixy, and nothing the files are for need be installed
    here."""
    looked = written(nginx) if nginx else Looked()
    looked += Looked(judge(nginx, uwsgi), (), tuple(f"{path} by itself and against the others" for path in uwsgi))
    return _result(looked, {**_data(looked, project, str(nginx or uwsgi[0])), "listen": None}, strict)


def _result(looked: Looked, data: dict[str, Any], strict: bool) -> Result:
    findings = sorted(looked.findings, key=lambda finding: _ORDER[finding.severity])
    grave = ("error", "warning") if strict else ("error",)
    code = Exit.FINDINGS if any(finding.severity in grave for finding in findings) else Exit.DONE
    return Result("check", data, tuple(findings), code)


def _data(looked: Looked, project: Path, anchor: str) -> dict[str, Any]:
    unknown = [{"check": entry.check, "reason": entry.reason, "severity": "info"} for entry in looked.unknown]
    return {"checked": list(looked.checked), "unknown": unknown, "project": str(project), "anchor": anchor}


def _anchor_of(prepared: Prepared) -> str:
    return _anchor(prepared.where.project, prepared.config_file or str(prepared.request.get("manage") or ""))


def _anchor(project: Path, known: str) -> str:
    """The configuration, else manage.py, else the target or the settings: whatever is there."""
    names = [known] if known else ["portico.toml", "pyproject.toml", "manage.py", "wsgi.py", "app.py"]
    return next((str(project / name) for name in names if (project / name).is_file()), str(project / "portico.toml"))
