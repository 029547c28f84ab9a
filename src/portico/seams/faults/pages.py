"""Pages that raise: which exception it is and where, and whether anybody is told of it."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from portico.hops.django.faults import page_kinds as django
from portico.hops.django.faults.start_kinds import SETTINGS_REFUSED, URLCONF_BROKEN
from portico.hops.wsgi.examination import Failure
from portico.hops.wsgi.faults import answer_kinds as wsgi
from portico.hops.wsgi.faults.load_kinds import CLOSED
from portico.model.evidence import Evidence, Exchange
from portico.model.finding import Certainty, Finding
from portico.seams.faults.app_seen import asked_exchange, examined, is_loaded, python_of
from portico.seams.faults.raised import Raised, lately, of_request
from portico.seams.faults.said_of_database import kind_of

_TEMPLATES = ("TemplateDoesNotExist", "TemplateNotFound")
#: Other rules know these better: uWSGI's limits, slow uploads, collected static files, and what PEP 3333 forbids.
_ELSEWHERE = re.compile(
    rf"Missing staticfiles manifest entry|\[Errno {errno.EMFILE}\]|timeout during read|during read\(\d*\) on wsgi\.input"
    r"|^http (?:status|header)|^write error$"
)
#: What Django raises for a request that is at fault, and answers with 400, 403 or 404; and a client that went away.
_REFUSALS = (
    *(
        "DisallowedHost",
        "RequestDataTooBig",
        "TooManyFieldsSent",
        "TooManyFilesSent",
        "SuspiciousOperation",
        "DisallowedRedirect",
    ),
    *("Http404", "PermissionDenied", "BadRequest", "UnreadablePostError", "MultiPartParserError"),
)
_WELL = "called in its own Python, the page is well"
_LOGGING = (
    'LOGGING = {"version": 1, "disable_existing_loggers": False,\n'
    '           "handlers": {"console": {"class": "logging.StreamHandler"}},\n'
    '           "root": {"handlers": ["console"], "level": "WARNING"}}   # in the settings; then restart uWSGI'
)


def failing(evidence: Evidence) -> Iterator[Finding]:
    """The page that was asked for."""
    asked = asked_exchange(evidence)
    if asked is None or is_loaded(evidence) is False:
        return
    if broken := _urlconf(evidence, asked):
        yield broken
        return
    for one in of_request(evidence):
        if not _is_told_elsewhere(evidence, one):
            yield _of_page(evidence, one, asked)


def _urlconf(evidence: Evidence, asked: Exchange) -> Finding | None:
    """Django imports it at the first request, and again at each one while it fails."""
    urlconf = examined(evidence).django.urlconf
    if urlconf.ok is not False or urlconf.failure is None or 0 < asked.status < 500:
        return None
    failure = urlconf.failure
    if closed := _closed(evidence, failure, asked):
        return closed
    place = f" in {failure.frame.where}" if failure.frame else ""
    return URLCONF_BROKEN.found(
        cause=f"ROOT_URLCONF ({urlconf.module}) cannot be imported: {failure.says}{place}",
        evidence=[asked.line, *failure.traceback[-4:]],
        fix=[f"correct {failure.frame.where if failure.frame else urlconf.module}", "then restart uWSGI"],
        basis="request",
    )


def _closed(evidence: Evidence, failure: Failure, asked: Exchange) -> Finding | None:
    """A package that may not be entered looks like one with nothing in it, and what is in it is then `unknown`."""
    for path in evidence.project.paths if evidence.project else ():
        name = path.path.rpartition("/")[2]
        if path.closed == path.path and (f"'{name}'" in failure.message or f"'{name}." in failure.message):
            return CLOSED.found(
                cause=f"{path.account}, whom uWSGI runs as, may not read {path.path}: so it says {failure.says}",
                evidence=[asked.line, f"{path.closed_mode} {path.path}", *failure.traceback[-3:]],
                fix=[
                    f"sudo -u {path.account} ls {path.path}   # shows the refusal",
                    f"chmod -R o+rX {path.path}   # or its group",
                ],
                basis="request",
            )
    return None


def _is_told_elsewhere(evidence: Evidence, one: Raised) -> bool:
    if one.exception == "MemoryError" and evidence.instance and evidence.instance.option("limit-as"):
        return True
    if one.exception in _REFUSALS:
        return True
    called = one.exception == "TypeError" and not one.where and one.logged
    return called or bool(_ELSEWHERE.search(one.message)) or kind_of(one.exception, one.message) is not None


def _of_page(evidence: Evidence, one: Raised, asked: Exchange) -> Finding:
    where = f"{one.where}: {one.code}" if one.code else one.where
    rows = [asked.line, *one.rows, *([where] if where and one.where not in " ".join(one.rows) else [])]
    fix = [f"correct {one.where or 'the line that the traceback names'}"]
    certainty: Certainty = "certain"
    page = _without_query(asked.path)
    if one.exception in _TEMPLATES:
        kind, cause = (
            django.TEMPLATE_MISSING,
            f"{page} needs the template {one.message.partition(chr(10))[0]}, which is nowhere",
        )
        fix = [
            f"is the file deployed, under exactly this name? find . -ipath '*{one.message.rpartition('/')[2]}'",
            *_folders(evidence),
        ]
    elif one.exception == "UnicodeEncodeError" and "'ascii' codec" in one.message:
        return _ascii(evidence, one, rows)
    elif one.exception == "ImproperlyConfigured" and "django/conf/" in one.text.rpartition("File ")[2]:
        kind, cause = SETTINGS_REFUSED, f"{page} asks for a setting that cannot be used: {one.says}"
        fix = ["correct the settings, then restart uWSGI"]
    else:
        kind = django.VIEW_RAISES if _is_django(evidence, one) else wsgi.RAISES
        cause = f"{page} raises {one.says}" + (f" at {one.where}" if one.where else "")
    if not one.logged:
        rows.append("seen by calling the page once in its own Python; uWSGI's log does not have it")
    return kind.found(cause=cause, evidence=rows, fix=fix, certainty=certainty, basis=one.basis)


def _is_django(evidence: Evidence, one: Raised) -> bool:
    return examined(evidence).load.django or "/django/core/handlers/" in one.text


def _without_query(path: str) -> str:
    return path.partition("?")[0]


def _folders(evidence: Evidence) -> list[str]:
    return [f"{python_of(evidence)} manage.py shell -c 'from django.conf import settings; print(settings.TEMPLATES)'"]


def _ascii(evidence: Evidence, one: Raised, rows: list[str]) -> Finding:
    python = examined(evidence).python
    said = f"sys.getfilesystemencoding() is {python.filesystem_encoding}" if python.filesystem_encoding else ""
    place = f" at {one.where}" if one.where else ""
    return wsgi.ASCII.found(
        cause=f"text is encoded as ASCII{place}: {one.says}",
        evidence=[*rows, *([said] if said else [])],
        fix=["Environment=LANG=C.UTF-8   # in uWSGI's systemd unit (or PYTHONUTF8=1); then restart it"],
        basis=one.basis,
    )


def ascii_locale(evidence: Evidence) -> Iterator[Finding]:
    """The same in the log, of a page that was not asked for now; or in the interpreter, before anybody stumbles."""
    encoding = examined(evidence).python.filesystem_encoding.lower()
    for one in lately(evidence):
        if one.exception == "UnicodeEncodeError" and "'ascii' codec" in one.message:
            yield _ascii(evidence, one, list(one.rows))
            return
    live = evidence.instance is not None and evidence.instance.master is not None
    if live and encoding in ("ascii", "us-ascii", "ansi_x3.4-1968"):
        yield wsgi.ASCII_YET.found(
            cause="Python encodes names of files as ASCII here: the first one with another letter fails",
            evidence=[f"sys.getfilesystemencoding() is {encoding}"],
            fix=["Environment=LANG=C.UTF-8   # in uWSGI's systemd unit (or PYTHONUTF8=1); then restart it"],
            basis="state",
        )


def earlier(evidence: Evidence) -> Iterator[Finding]:
    """Pages that raised lately, of which nothing is known now."""
    found = [
        one for one in lately(evidence) if not _is_told_elsewhere(evidence, one) and one.exception != "UnicodeEncodeError"
    ]
    for one in found[:3]:
        place = f" at {one.where}" if one.where else ""
        yield django.RAISED_LATELY.found(
            cause=f"{_without_query(one.path) or 'a page'} raised {one.says}{place}",
            evidence=one.rows,
            fix=[f"portico doctor URL{_without_query(one.path)}   # whether it still does"],
            certainty="likely",
            basis="log",
        )


def unlogged(evidence: Evidence) -> Iterator[Finding]:
    """Django's own 500 page, and nothing in the log: nobody would ever know."""
    asked, said = asked_exchange(evidence), examined(evidence)
    seen = evidence.instance
    of_django = asked is not None and asked.status == 500 and (asked.maker == "django" or said.load.django)
    if asked is None or not of_django or is_loaded(evidence) is False or asked.maker in ("nginx", "uwsgi"):
        return
    logged = any(one.logged for one in of_request(evidence))
    readable = seen is not None and seen.log is not None and not seen.log.error
    if readable and said.django.shows_errors and not of_request(evidence):
        yield _elsewhere(evidence, asked)
    if logged or said.django.shows_errors or not (readable or said.django.shows_errors is False):
        return
    yield django.UNLOGGED.found(
        cause=f"{_without_query(asked.path)} fails inside Django, and no log says why: its LOGGING shows errors nowhere",
        evidence=[asked.line, *([f"no traceback in {seen.log.path}"] if readable and seen and seen.log else [])],
        fix=[_LOGGING],
        basis="request",
        certainty="certain" if said.django.shows_errors is False or readable else "likely",
    )


def _elsewhere(evidence: Evidence, asked: Exchange) -> Finding:
    log = evidence.instance.log.path if evidence.instance and evidence.instance.log else "uWSGI's log"
    return django.LOGGED_ELSEWHERE.found(
        cause=f"{_without_query(asked.path)} fails inside Django, and its LOGGING writes why elsewhere than to {log}",
        evidence=[asked.line, f"no traceback in {log}", *([_WELL] if examined(evidence).call.ok else [])],
        fix=[
            f"{python_of(evidence)} manage.py shell -c 'from django.conf import settings; print(settings.LOGGING)'"
            "   # where it writes to",
            _LOGGING,
        ],
        certainty="likely",
        basis="request",
    )


RULES = (failing, ascii_locale, earlier, unlogged)
