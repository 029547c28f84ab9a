"""Settings of Django that decide over a whole site: the size of bodies, DEBUG."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.django.faults import page_kinds as kinds
from portico.model.evidence import Evidence, Exchange
from portico.model.finding import Finding
from portico.model.log import AccessEntry
from portico.seams.faults.app_seen import asked_exchange, examined, is_loaded

#: The technical pages of Django (django/views/templates/technical_404.html and technical_500.html).
_TECHNICAL = re.compile(r"<code>DEBUG = True</code>|Django tried these URL patterns|seeing this error because you have")
_LOCAL = ("127.0.0.1", "[::1]", "localhost", "unix")
_DEFAULT_BYTES = 2_621_440
_BODIES = ("POST", "PUT", "PATCH")


def body_too_large(evidence: Evidence) -> Iterator[Finding]:
    """A POST that Django refused, while a GET of the same page is no 400: the doctor never sends bodies itself."""
    said = examined(evidence)
    if not said.load.django and not said.django.settings:
        return
    limit = said.django.settings.get("DATA_UPLOAD_MAX_MEMORY_SIZE", _DEFAULT_BYTES)
    logged = _too_big(evidence)
    refused = _refused_bodies(evidence)
    if limit is None or not (logged or refused):
        return
    rows = [*logged[-1:], *refused[-2:], f"DATA_UPLOAD_MAX_MEMORY_SIZE = {limit}"]
    yield kinds.BODY_TOO_LARGE.found(
        cause=f"Django refused a body, most likely for being larger than DATA_UPLOAD_MAX_MEMORY_SIZE ({limit} bytes)"
        if not logged
        else f"Django refused a body for being larger than DATA_UPLOAD_MAX_MEMORY_SIZE ({limit} bytes)",
        evidence=rows,
        fix=[
            f"DATA_UPLOAD_MAX_MEMORY_SIZE = {4 * int(limit)}   # in the settings, no larger than client_max_body_size",
            "or send it as a file: multipart/form-data",
        ],
        certainty="certain" if logged else "likely",
        basis="log",
    )


def _too_big(evidence: Evidence) -> list[str]:
    seen = evidence.instance
    found = [event for event in (seen.saw("traceback", "django") if seen else ()) if "RequestDataTooBig" in event.text]
    return [event.text.splitlines()[-1] for event in found]


def _refused_bodies(evidence: Evidence) -> list[str]:
    """Small 400s of the application to requests with a body, by both logs."""
    asked = asked_exchange(evidence)
    if asked is not None and asked.status == 400:
        return []
    entries = [entry for entry in evidence.nginx.accesses if entry.status == 400 and entry.method in _BODIES]
    found = [_row(entry) for entry in entries if entry.bytes < 1024]
    seen = evidence.instance
    lines = [event for event in (seen.saw("request") if seen else ()) if event.data.get("status") == "400"]
    lines = [event for event in lines if event.data.get("method") in _BODIES and int(event.data.get("bytes", "0")) < 1024]
    return found if found and lines else [event.text for event in lines]


def _row(entry: AccessEntry) -> str:
    return f"{entry.method} {entry.uri.partition('?')[0]} -> {entry.status} {entry.bytes} B"


def debug(evidence: Evidence) -> Iterator[Finding]:
    """DEBUG, by its face where a page showed it, else by the settings that uWSGI would read."""
    said = examined(evidence)
    shown = [visit.exchange for visit in evidence.visits if _is_technical(visit.exchange)]
    on = said.django.settings.get("DEBUG") is True
    if not shown and not on:
        return
    local = evidence.managed and all(address.startswith(_LOCAL) for address in evidence.nginx.listens)
    if local:
        yield kinds.DEBUG_LOCAL.found(
            cause="DEBUG is on, and the site can be reached from this machine only",
            evidence=["DEBUG = True", f"listens on {', '.join(evidence.nginx.listens) or 'no address of nginx'}"],
            fix=["DEBUG = False before the site goes public"],
        )
    elif shown:
        yield kinds.DEBUG_SHOWN.found(
            cause=f"{shown[0].path.partition('?')[0]} answers with Django's technical page: DEBUG is on",
            evidence=[shown[0].line, "the page says: you're seeing this error because you have DEBUG = True"],
            fix=["DEBUG = False   # in the settings of production, with ALLOWED_HOSTS filled; then restart uWSGI"],
            basis="request",
        )
    elif is_loaded(evidence) is not False:
        yield kinds.DEBUG_ON.found(
            cause="the settings of the running site have DEBUG = True",
            evidence=[f"DEBUG = True in {said.load.settings or 'the settings'}"],
            fix=["DEBUG = False   # in the settings of production, with ALLOWED_HOSTS filled; then restart uWSGI"],
            certainty="certain" if _knows_environment(evidence) else "likely",
            basis="state",
        )


def _knows_environment(evidence: Evidence) -> bool:
    """Whether the settings were read in the environment of the running process, and not in the doctor's own."""
    master = evidence.instance.master if evidence.instance else None
    return master is not None and master.environ is not None


def _is_technical(exchange: Exchange) -> bool:
    return exchange.status >= 400 and exchange.maker != "nginx" and bool(_TECHNICAL.search(exchange.text))


RULES = (body_too_large, debug)
