"""Settings with which collectstatic cannot work."""

from __future__ import annotations

from collections.abc import Iterator

from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.seams.faults import static_kinds as kinds
from portico.seams.faults.static_collect import command_line
from portico.seams.faults.static_paths import uri_of
from portico.seams.faults.static_seen import basis_of, django, is_static, page_needs, routed, setting, static_url


def unset(evidence: Evidence) -> Iterator[Finding]:
    """Settings with which collectstatic cannot work."""
    said = django(evidence)
    if "django.contrib.staticfiles" not in (said.settings.get("INSTALLED_APPS") or ()) or not said.ok:
        return
    if said.static.root_in_dirs:
        yield kinds.ROOT_IN_DIRS.found(
            cause=f"STATIC_ROOT {said.static.root} is in STATICFILES_DIRS as well",
            evidence=[f"STATIC_ROOT = {said.static.root}", f"STATICFILES_DIRS = {list(said.static.dirs)}"],
            fix=['STATIC_ROOT = BASE_DIR / "staticfiles"   # in the settings, and the same folder in nginx'],
            basis="state",
        )
    if said.static.root or evidence.managed:
        return
    for visit, route in routed(evidence):
        needed = visit.name != "static" or page_needs(evidence, static_url(evidence)) or route.action == "file"
        if (
            visit.exchange.status == 404
            and is_static(evidence, visit)
            and uri_of(visit).startswith(static_url(evidence))
            and needed
        ):
            yield kinds.ROOT_UNSET.found(
                cause="STATIC_ROOT is not set: collectstatic has nowhere to copy the files to",
                evidence=[visit.exchange.line, "STATIC_ROOT = None", f"STATIC_URL = {setting(evidence, 'STATIC_URL')}"],
                fix=['STATIC_ROOT = BASE_DIR / "staticfiles"   # in the settings', command_line(evidence)],
                basis=basis_of(visit),
            )
            return


RULES = (unset,)
