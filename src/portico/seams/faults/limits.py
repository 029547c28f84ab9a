"""How large, how long, how many: limits that one side has and the other does not know."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from portico.model.evidence import BackendSeen, Evidence
from portico.model.finding import Basis, Finding
from portico.model.log import ErrorEntry, Event
from portico.seams.faults import limit_kinds as kinds
from portico.seams.faults.protocol import HTTP_SIZES

_DEFAULT_BUFFER = "4096"
_LARGEST_BUFFER = 65535


def _events(evidence: Evidence, *names: str) -> list[Event]:
    return [event for seen in evidence.uwsgi for event in seen.saw(*names)]


def _of_request(evidence: Evidence, entry: ErrorEntry) -> Basis:
    """Whether the line belongs to a request the doctor made."""
    made = any(entry.time_s >= int(visit.exchange.began_s) and visit.failing for visit in evidence.visits)
    return "request" if made else "log"


def buffer_size(evidence: Evidence) -> Iterator[Finding]:
    """A packet larger than buffer-size, told from HTTP that was read as one."""
    for seen in evidence.uwsgi:
        events = [
            event for event in seen.saw("block-size", "http-size-exceeded") if event.data.get("size") not in HTTP_SIZES
        ]
        if not events:
            continue
        option = seen.option("buffer-size")
        size = events[-1].data.get("size", "")
        limit = events[-1].data.get("max", option.value if option else _DEFAULT_BUFFER)
        enough = min(_LARGEST_BUFFER, max(32768, 2 * int(size or 0)))
        reset = [entry.line for entry in evidence.errors_of(errno.ECONNRESET)][-1:]
        yield kinds.SMALL_BUFFER.found(
            cause=f"a request of {size or 'more'} bytes met a buffer-size of {limit}",
            evidence=[
                f"{option.where}: buffer-size = {option.value}" if option else f"buffer-size is not set: {limit}",
                events[-1].text,
                *reset,
            ],
            fix=[f"buffer-size = {enough}   # in {seen.files[0] if seen.files else 'uwsgi.ini'}, then restart uWSGI"],
            basis="log",
        )


def answer_head(evidence: Evidence) -> Iterator[Finding]:
    """An answer whose headers nginx does not take."""
    entries = [entry for entry in evidence.nginx.errors if "too big header" in entry.message]
    if not entries:
        return
    route = evidence.visit.route if evidence.visit else None
    prefix = "proxy" if entries[-1].upstream.startswith("http") else "uwsgi"
    setting = route.setting(f"{prefix}_buffer_size") if route else None
    large = [event.data["headers_bytes"] for event in _events(evidence, "request") if event.data.get("headers_bytes")]
    yield kinds.BIG_ANSWER_HEAD.found(
        cause=f"the application's headers for {entries[-1].request or 'a request'} exceed {prefix}_buffer_size",
        evidence=[
            f"{setting.where}: {setting.text}" if setting else f"{prefix}_buffer_size is not set: one memory page, 4k or 8k",
            entries[-1].line,
            *([f"uWSGI sent {max(large, key=int)} bytes of headers"] if large else []),
        ],
        fix=[f"{prefix}_buffer_size 16k; {prefix}_buffers 8 16k;   # in the location, then nginx -s reload"],
        basis=_of_request(evidence, entries[-1]),
    )


def slow_upload(evidence: Evidence) -> Iterator[Finding]:
    """A body that came too slowly for uWSGI's own patience."""
    unbuffered = list(evidence.nginx.tree.deep("uwsgi_request_buffering")) if evidence.nginx.tree else []
    off = next((one for one in unbuffered if one.args == ("off",)), None)
    cut = [event for event in _events(evidence, "traceback") if "timeout during read" in event.text]
    if cut:
        yield kinds.SLOW_UPLOAD.found(
            cause="a client sent its body too slowly for uWSGI's socket-timeout"
            + (f", and nginx does not collect it first: {off.where}" if off else ""),
            evidence=[*([f"{off.where}: {off.text}"] if off else []), cut[-1].text.splitlines()[-1]],
            fix=[
                f"remove `{off.text};` at {off.where}" if off else "put nginx in front",
                "or socket-timeout = 60 in uwsgi.ini",
            ],
            basis="log",
            certainty="certain" if off else "likely",
        )


def queues(evidence: Evidence) -> Iterator[Finding]:
    """More connections wait than the socket's backlog."""
    for backend in evidence.backends:
        full = [one for one in backend.listeners if one.queue is not None and one.backlog and one.queue >= one.backlog]
        rows = [f"{one.address}: {one.queue} of {one.backlog} wait" for one in full]
        unix = backend.address.startswith("unix:")
        if unix:
            refused = [entry for entry in evidence.errors_of(errno.EAGAIN) if "connect()" in entry.message]
            if refused or full:
                yield _full(evidence, backend, [*rows, *[entry.line for entry in refused[-1:]]], bool(full))
        else:
            logged = _events(evidence, "listen-queue")
            if logged or full:
                yield _full(evidence, backend, [*rows, *[event.text for event in logged[-1:]]], bool(full))


def _full(evidence: Evidence, backend: BackendSeen, rows: list[str], now: bool) -> Finding:
    instance = evidence.uwsgi[backend.instance] if backend.instance is not None else None
    workers = len(instance.workers) if instance else 0
    options = [found for name in ("processes", "threads", "listen") if instance and (found := instance.option(name))]
    kind = kinds.QUEUE_UNIX if backend.address.startswith("unix:") else kinds.QUEUE_TCP
    return kind.found(
        cause=f"all {workers or ''} workers are busy and the queue of {backend.address} is full".replace("  ", " "),
        evidence=[*rows, *(f"{one.where}: {one.name} = {one.value}" for one in options)],
        fix=[
            "processes = 4\nthreads = 2   # in uwsgi.ini: more requests at once",
            "find the slow page: the request times in the access log",
            "listen = 1024   # and sudo sysctl net.core.somaxconn=1024, for short peaks only",
        ],
        basis="state" if now else "log",
    )


def limit_post(evidence: Evidence) -> Iterator[Finding]:
    """uWSGI's own limit for bodies."""
    for seen in evidence.uwsgi:
        refused = seen.saw("content-length-too-big")
        option = seen.option("limit-post")
        if not refused:
            continue
        route = evidence.visit.route if evidence.visit else None
        nginx = route.setting("client_max_body_size") if route else None
        yield kinds.LIMIT_POST.found(
            cause=f"a body is larger than limit-post = {option.value}" if option else "a body is larger than limit-post",
            evidence=[
                *([f"{option.where}: limit-post = {option.value}"] if option else []),
                *([f"{nginx.where}: {nginx.text}"] if nginx else []),
                refused[-1].text,
            ],
            fix=["remove limit-post: nginx's client_max_body_size is the limit", "then restart uWSGI"],
            basis="log",
        )


def read_timeout(evidence: Evidence) -> Iterator[Finding]:
    """A page that took longer than nginx waits, where both speak the same protocol."""
    entries = [
        entry
        for entry in evidence.errors_of(errno.ETIMEDOUT)
        if "upstream timed out" in entry.message and "while connecting" not in entry.message
    ]
    backend = evidence.backend
    asked = (backend.uwsgi if backend.protocol == "uwsgi" else backend.http) if backend else None
    if not entries or (asked is not None and not asked.status):
        return
    route = evidence.visit.route if evidence.visit else None
    setting = route.setting("uwsgi_read_timeout") or route.setting("proxy_read_timeout") if route else None
    instance = evidence.instance
    harakiri = instance.option("harakiri") if instance else None
    broken = [event.text for event in _events(evidence, "sigpipe", "write-error")]
    yield kinds.READ_TIMEOUT.found(
        cause=f"{entries[-1].request or 'a request'} took longer than "
        + (f"{setting.text} ({setting.where})" if setting else "nginx's default of 60 s"),
        evidence=[
            entries[-1].line,
            *([f"{harakiri.where}: harakiri = {harakiri.value}"] if harakiri else ["uWSGI has no harakiri"]),
            *broken[-1:],
        ],
        fix=[
            "make the page faster, or move its work to a task queue",
            "uwsgi_read_timeout 300s;   # for that location only, if it must take long; and harakiri a little less",
        ],
        basis=_of_request(evidence, entries[-1]),
    )


RULES = (buffer_size, answer_head, slow_upload, queues, limit_post, read_timeout)
