"""A trace for OpenTelemetry: an ExportTraceServiceRequest in the JSON form of OTLP
(https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hexadecimal digits, field names in lowerCamelCase,
64-bit numbers as decimal strings, enumerations as numbers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, TypeGuard

from portico import __version__
from portico.export.otlp_attributes import Attributes, attributes, events, name, status
from portico.export.spans import Span, spans

Data = Mapping[str, Any]

_INTERNAL, _SERVER, _CLIENT = 1, 2, 3
#: https://opentelemetry.io/docs/specs/otel/trace/api/#spankind
_KINDS = {"client": _CLIENT, "nginx": _SERVER, "uwsgi": _SERVER}
_OK_FLAGS = 1
#: The processes on the way: WSGI and Django run in the uWSGI worker's.
_PROCESSES = {"client": "client", "nginx": "nginx", "uwsgi": "worker", "wsgi": "worker", "django": "worker"}
#: Seconds in the year 2554 are the last that a 64-bit count of nanoseconds can say.
_LAST_NS = 2**64 - 1


def otlp(result: Data) -> dict[str, Any]:
    """The `result` of `portico trace` as one ExportTraceServiceRequest: a resource for each process on the way, the spans of
    its hops in it. The span of the client has the id that the request's traceparent named, so that spans the application
    sends by itself lie in it; all other ids are made of the request's id: the same trace always has the same."""
    made = spans(result)
    identified = _ids(made, result)
    parents = _parents(made)
    times = _times(made, parents, result)
    by_process: dict[str, list[dict[str, Any]]] = {}
    for place, span in enumerate(made):
        parent = parents[place]
        above = _above(result) if parent is None else identified[parent]
        sent = _sent(span, _trace_id(result), identified[place], above, times[place], result)
        by_process.setdefault(_PROCESSES.get(span.hop, span.hop), []).append(sent)
    return {"resourceSpans": [_resource_spans(process, sent, result) for process, sent in by_process.items()]}


def _resource_spans(process: str, sent: list[dict[str, Any]], result: Data) -> dict[str, Any]:
    scope = {"name": "portico.trace", "version": __version__}
    return {"resource": {"attributes": _pairs(_resource(process, result))}, "scopeSpans": [{"scope": scope, "spans": sent}]}


def _resource(process: str, result: Data) -> Attributes:
    """https://opentelemetry.io/docs/specs/semconv/resource/"""
    project = PurePath(str(result.get("project") or "")).name or "application"
    hops = {hop.get("hop"): hop for hop in result.get("hops") or ()}
    common: dict[str, Any] = {
        "service.namespace": project,
        "telemetry.sdk.name": "portico",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": __version__,
    }
    if process == "client":
        return {"service.name": "portico", "service.version": __version__, **common}
    if process == "nginx":
        return {"service.name": "nginx", "service.version": hops["nginx"].get("version"), **common}
    uwsgi, wsgi = hops.get("uwsgi", {}), hops.get("wsgi", {})
    release = result.get("release")
    return {
        "service.name": project,
        "service.version": None if release is None else str(release),
        "service.instance.id": uwsgi.get("instance"),
        "process.pid": uwsgi.get("pid"),
        "process.runtime.name": "cpython" if wsgi.get("python") else None,
        "process.runtime.version": wsgi.get("python"),
        **common,
    }


def _sent(
    span: Span, trace_id: str, span_id: str, parent: str | None, times: tuple[int, int], result: Data
) -> dict[str, Any]:
    """https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto"""
    sent: dict[str, Any] = {
        "traceId": trace_id,
        "spanId": span_id,
        "flags": _OK_FLAGS,
        "name": name(span, result),
        "kind": _KINDS.get(span.hop, _INTERNAL) if span.kind == "hop" else _CLIENT if span.kind == "sql" else _INTERNAL,
        "startTimeUnixNano": str(times[0]),
        "endTimeUnixNano": str(times[1]),
        "attributes": _pairs(attributes(span, result)),
        "events": [
            {"timeUnixNano": str(times[1]), "name": event, "attributes": _pairs(said)} for event, said in events(span)
        ],
        "status": status(span, result),
    }
    return sent if parent is None else {**sent, "parentSpanId": parent}


def _parents(made: Sequence[Span]) -> list[int | None]:
    """The place of each span's parent: the nearest before it that is less deep."""
    found: list[int | None] = []
    around: list[int] = []
    for place, span in enumerate(made):
        while around and made[around[-1]].depth >= span.depth:
            around.pop()
        found.append(around[-1] if around else None)
        around.append(place)
    return found


def _times(made: Sequence[Span], parents: Sequence[int | None], result: Data) -> list[tuple[int, int]]:
    """Begin and end of each span in nanoseconds since 1970. A span whose begin nobody knows begins with its parent; what a
    Server-Timing header says ends with it."""
    began = result.get("started")
    epoch_ns = round(began * 1_000_000) * 1000 if isinstance(began, (int, float)) else 0
    found: list[tuple[int, int]] = []
    for span, parent in zip(made, parents, strict=True):
        outer = found[parent] if parent is not None else (epoch_ns, epoch_ns + 1000 * int(result.get("duration_us") or 0))
        took = 1000 * max(0, span.duration_us or 0)
        start = outer[0] if span.started_us is None else epoch_ns + 1000 * span.started_us
        if span.kind == "server-timing":
            took = min(took, outer[1] - outer[0])
            start = outer[1] - took
        start = min(max(start, 0), _LAST_NS)
        found.append((start, min(start + took, _LAST_NS)))
    return found


def _trace_id(result: Data) -> str:
    said = (result.get("traceparent") or {}).get("trace_id")
    return said if _is_id(said, 32) else _hashed(str(result.get("request_id") or ""), 32)


def _above(result: Data) -> str | None:
    """The span that sent the client to work, if it named itself."""
    said = (result.get("traceparent") or {}).get("parent_id")
    return said if _is_id(said, 16) else None


def _ids(made: Sequence[Span], result: Data) -> list[str]:
    request, own = str(result.get("request_id") or ""), (result.get("traceparent") or {}).get("span_id")
    found = [_hashed(f"{request}:{place}", 16) for place in range(len(made))]
    if made and made[0].hop == "client" and _is_id(own, 16):
        found[0] = own
    return found


def _is_id(said: object, digits: int) -> TypeGuard[str]:
    return isinstance(said, str) and bool(re.fullmatch(f"[0-9a-f]{{{digits}}}", said)) and bool(said.strip("0"))


def _hashed(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:digits]


def _pairs(said: Attributes) -> list[dict[str, Any]]:
    """Attributes as OTLP lists them; one that is None is left out."""
    return [{"key": key, "value": _any_value(value)} for key, value in said.items() if value is not None]


def _any_value(value: Any) -> dict[str, Any]:
    """https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto"""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [_any_value(one) for one in value]}}
    # What is not UTF-8 came in as surrogates, which JSON for protobuf refuses.
    return {"stringValue": str(value).encode("utf-8", "replace").decode("utf-8")}
