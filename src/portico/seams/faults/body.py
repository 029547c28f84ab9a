"""What nginx sends and uWSGI or the application does not take: bodies left unread, kinds of requests it has no plugin
for."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.log import ErrorEntry, Event
from portico.seams.faults import body_kinds as kinds

_LOST = (errno.ECONNRESET, errno.EPIPE)
_BODILESS = ("GET ", "HEAD ", "OPTIONS ")
_SAME_S = 3


def unread(evidence: Evidence) -> Iterator[Finding]:
    """A request with a body whose answer was lost, although uWSGI wrote that it had answered."""
    for entry in reversed(evidence.errors_of(*_LOST)):
        if not entry.request or entry.request.startswith(_BODILESS):
            continue
        answered = _answered(evidence, entry)
        if answered is None:
            continue
        instance = evidence.instance
        buffering = instance.option("post-buffering") if instance else None
        yield kinds.UNREAD_BODY.found(
            cause=f"{entry.request.rpartition(' ')[0]} was answered before its body was read",
            evidence=[
                entry.line,
                answered.text,
                f"{buffering.where}: post-buffering = {buffering.value}" if buffering else "uWSGI has no post-buffering",
            ],
            fix=[
                "post-buffering = 8192   # in uwsgi.ini, then restart uWSGI; not together with threads and harakiri",
                "or read the body in the application before it answers: request.body, request.FILES",
            ],
            basis="log",
        )
        return


def _answered(evidence: Evidence, entry: ErrorEntry) -> Event | None:
    """uWSGI's own line about that request: same method and URI, with a status, at about that time."""
    method, _, rest = entry.request.partition(" ")
    uri = rest.rpartition(" ")[0]
    for seen in evidence.uwsgi:
        for event in reversed(seen.saw("request")):
            same = event.data.get("method") == method and event.data.get("uri") == uri
            if same and event.data.get("headers", "0") != "0" and abs(event.time_s - entry.time_s) <= _SAME_S:
                return event
    return None


def modifier(evidence: Evidence) -> Iterator[Finding]:
    """A modifier that nginx was told to send."""
    route = evidence.visit.route if evidence.visit else None
    setting = route.setting("uwsgi_modifier1") if route else None
    if not setting or setting.args == ("0",):
        return
    number = setting.args[0] if setting.args else "?"
    told = [event for seen in evidence.uwsgi for event in seen.saw("modifier") if event.data.get("number") == number]
    if told or (evidence.visit and evidence.visit.failing):
        yield kinds.OTHER_MODIFIER.found(
            cause=f"{setting.text} at {setting.where} asks for plugin {number}, and a WSGI application is plugin 0",
            evidence=[f"{setting.where}: {setting.text}", *[event.text for event in told[-1:]]],
            fix=[f"remove `{setting.text};` at {setting.where}, then nginx -s reload"],
            certainty="certain" if told else "likely",
            basis="request",
        )


RULES = (unread, modifier)
