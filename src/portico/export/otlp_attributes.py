"""What a span of a trace is called and says in OpenTelemetry's words (https://opentelemetry.io/docs/specs/semconv/)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from portico.export.spans import Span

Data = Mapping[str, Any]
Attributes = Mapping[str, Any]

_ERROR = 2
_TABLE = re.compile(r"\b(?:from|into|update|join)\s+[\"'`\[]?([\w.$]+)", re.IGNORECASE)
#: What Django calls a database, in the words of https://opentelemetry.io/docs/specs/semconv/database/
_SYSTEMS = {"postgresql": "postgresql", "mysql": "mysql", "sqlite": "sqlite", "oracle": "oracle.db"}


def name(span: Span, result: Data) -> str:
    """Few different ones, as the conventions want it: methods, routes, tables; never a path, an id or a whole statement."""
    if span.kind == "hop":
        method = str(result.get("method") or "HTTP")
        match = _hop(result, "django").get("match")
        route = match.get("route") if match and span.hop == "django" else None
        return f"{span.hop} {method}" if route is None else f"{span.hop} {method} /{route}"
    if span.kind == "sql":
        table = _TABLE.search(span.name)
        return " ".join(filter(None, (_operation(span.name), table[1] if table else "")))
    if span.kind in ("match", "queue", "server-timing"):
        return span.name
    return f"{span.kind} {span.name}"


def attributes(span: Span, result: Data) -> Attributes:
    """By name; None for what is not known."""
    if span.kind == "hop":
        tells = _HOPS.get(span.hop)
        return tells(span.source, result) if tells else {}
    return _PARTS[span.kind](span)


def status(span: Span, result: Data) -> dict[str, Any]:
    """A Status: unset, or an error with what is known of it. A client's 4xx is an error of the client's span only
    (https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status)."""
    if span.kind == "sql":
        return _failed(span.detail) if span.failed else {}
    if span.kind == "view" and span.failed:
        return _failed(str(result.get("died") or ""))
    if span.kind != "hop":
        return {}
    code = _status_code(span.source)
    error = str((span.source.get("out") or {}).get("error") or "")
    if span.failed or error or code >= 500 or (span.hop == "client" and code >= 400):
        return _failed(str(result.get("died") or "") or error or f"HTTP {code}")
    return {}


def events(span: Span) -> Iterator[tuple[str, Attributes]]:
    """Exceptions, and lines of nginx's error log (https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/)."""
    if span.kind != "hop":
        return
    raised = list(span.source.get("exceptions") or ())
    if span.hop == "wsgi":
        raised += filter(None, [(span.source.get("out") or {}).get("exception")])
    for one in raised:
        frame = one.get("frame") or {}
        yield (
            "exception",
            {
                "exception.type": one.get("type"),
                "exception.message": one.get("message"),
                "exception.stacktrace": "".join(map(str, one.get("traceback") or ())) or None,
                "code.file.path": frame.get("file"),
                "code.line.number": frame.get("line"),
                "code.function.name": frame.get("function"),
            },
        )
    for line in span.source.get("errors") or ():
        yield "nginx.error_log", {"log.record.original": str(line)}


def _failed(message: str) -> dict[str, Any]:
    said = message.encode("utf-8", "replace").decode("utf-8")
    return {"code": _ERROR, "message": said} if said else {"code": _ERROR}


def _hop(result: Data, wanted: str) -> Data:
    return next((hop for hop in result.get("hops") or () if hop.get("hop") == wanted), {})


def _status_code(hop: Data) -> int:
    """0 where there is none; a WSGI status is a text, `200 OK`."""
    said = re.match(r"\d{3}", str((hop.get("out") or {}).get("status") or ""))
    return int(said[0]) if said else 0


def _http(hop: Data, result: Data) -> dict[str, Any]:
    """https://opentelemetry.io/docs/specs/semconv/http/http-spans/"""
    code = _status_code(hop)
    url = _url(result)
    return {
        "http.request.method": result.get("method"),
        "http.response.status_code": code or None,
        "http.request.body.size": (hop.get("in") or {}).get("body_bytes"),
        "http.response.body.size": (hop.get("out") or {}).get("body_bytes"),
        "error.type": str(code) if code >= 500 else None,
        "server.address": url.hostname if url else None,
        "server.port": (url.port or (443 if url.scheme == "https" else 80)) if url else None,
    }


def _url(result: Data) -> SplitResult | None:
    """None where there is no address, or none that can be read."""
    try:
        url = urlsplit(str(result.get("url") or ""))
        _ = url.port
    except ValueError:
        return None
    return url if url.hostname else None


def _asked(result: Data) -> dict[str, Any]:
    url = _url(result)
    if not url:
        return {}
    return {"url.scheme": url.scheme, "url.path": url.path or "/", "url.query": url.query or None}


def _client(hop: Data, result: Data) -> Attributes:
    code = _status_code(hop)
    error = (hop.get("out") or {}).get("error")
    kind = str(code) if code >= 400 else "_OTHER" if error else None
    own = {"url.full": result.get("url"), "error.type": kind, "portico.request_id": result.get("request_id")}
    return {**_http(hop, result), **own}


def _nginx(hop: Data, result: Data) -> Attributes:
    out, static = hop.get("out") or {}, hop.get("static") or {}
    packed, location = out.get("compressed") or {}, hop.get("location") or {}
    return {
        **_http(hop, result),
        **_asked(result),
        "http.response.size": out.get("bytes"),
        "portico.nginx.server": list((hop.get("server") or {}).get("names") or ()) or None,
        "portico.nginx.location": location.get("match"),
        "portico.nginx.location.why": location.get("why"),
        "portico.nginx.action": hop.get("action"),
        "portico.nginx.target": hop.get("target"),
        "portico.nginx.compressed": packed.get("encoding"),
        "portico.nginx.compressed.from": packed.get("from_bytes"),
        "file.path": static.get("file"),
        "portico.request_id": result.get("request_id"),
    }


def _uwsgi(hop: Data, result: Data) -> Attributes:
    return {
        **_http(hop, result),
        **_asked(result),
        "thread.name": hop.get("thread"),
        "portico.uwsgi.worker": hop.get("worker"),
        "portico.uwsgi.core": hop.get("core"),
        "portico.uwsgi.queue_wait_us": hop.get("queue_wait_us"),
        "portico.uwsgi.packet.size": (hop.get("in") or {}).get("size"),
    }


def _wsgi(hop: Data, result: Data) -> Attributes:
    out = hop.get("out") or {}
    sizes = {"portico.wsgi.chunks": out.get("chunk_count"), "http.response.body.size": out.get("bytes")}
    return {"code.function.name": str(hop.get("callable") or "").replace(":", ".") or None, **sizes}


def _django(hop: Data, result: Data) -> Attributes:
    match, raised = hop.get("match") or {}, list(hop.get("exceptions") or ())
    return {
        "http.route": match.get("route"),
        "code.function.name": match.get("view"),
        "http.response.status_code": _status_code(hop) or None,
        "error.type": raised[0].get("type") if raised else None,
        "portico.django.settings": hop.get("settings"),
        "portico.django.sql_us": hop.get("sql_us"),
    }


def _sql(span: Span) -> Attributes:
    vendor = str(span.source.get("vendor") or "")
    table = _TABLE.search(span.name)
    return {
        "db.system.name": _SYSTEMS.get(vendor, "other_sql"),
        "db.query.text": span.source.get("statement"),
        "db.operation.name": _operation(span.name),
        "db.collection.name": table[1] if table else None,
        "error.type": str(span.source["error"]).partition(":")[0] if span.failed else None,
        "portico.django.database": span.source.get("alias"),
    }


def _operation(statement: str) -> str:
    return (statement.split(maxsplit=1) or ["SQL"])[0].upper()


_HOPS: Mapping[str, Callable[[Data, Data], Attributes]] = {
    "client": _client,
    "nginx": _nginx,
    "uwsgi": _uwsgi,
    "wsgi": _wsgi,
    "django": _django,
}
_PARTS: Mapping[str, Callable[[Span], Attributes]] = {
    "queue": lambda span: {},
    "middleware": lambda span: {
        "code.function.name": span.detail,
        "portico.django.middleware.own_us": span.source.get("own_us"),
        "portico.django.middleware.answered": span.source.get("answered"),
    },
    "match": lambda span: {"http.route": span.source.get("route"), "portico.django.url_name": span.source.get("url_name")},
    "view": lambda span: {"code.function.name": span.detail, "portico.django.async": span.source.get("async")},
    "template": lambda span: {"portico.django.template": span.name},
    "signal": lambda span: {
        "portico.django.signal": span.source.get("name"),
        "portico.django.signal.sender": span.source.get("sender"),
        "portico.django.signal.receivers": span.source.get("receivers"),
    },
    "sql": _sql,
    "server-timing": lambda span: {"portico.server_timing": span.name, "portico.server_timing.description": span.detail},
}
