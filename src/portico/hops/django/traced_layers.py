"""What each middleware did to a request and its response, from the layers that a trace recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from portico.hops.django.traced_spans import Span, of_kind


def middleware(spans: Sequence[Span], began_ns: int) -> list[dict[str, Any]]:
    """The layers, outermost first; times in microseconds after `began_ns`.

    `own_us` is the duration without that of the layers inside. `answered`: the view was not called, this one answered;
    `answered_in` says `process_view` when that did. `adds_headers` and `removes_headers` compare with what came from inside;
    a header with another value is in `adds_headers` and, as [name, from, to], in `changes_headers`. A cookie is there as
    ["Set-Cookie", its name].
    """
    # What Django makes of an exception comes from inside, as a response does.
    layers = [span for span in spans if span.kind in ("layer", "handling")]
    hooks = {span.before.get("name"): span for span in of_kind(spans, "process_view")}
    return [
        _layer(layer, layers, hooks.get(layer.before.get("name")), began_ns) for layer in layers if layer.before.get("name")
    ]


def _layer(layer: Span, spans: Sequence[Span], hook: Span | None, began_ns: int) -> dict[str, Any]:
    inside = [other for other in spans if other.before.get("parent") == layer.number]
    found: dict[str, Any] = {
        "name": layer.before.get("name"),
        **layer.times(began_ns),
        "own_us": max(0, layer.ended - layer.began - sum(other.ended - other.began for other in inside)) // 1000,
        "answered": layer.finished and layer.after.get("status") is not None and not inside,
        "adds_to_request": _attributes(layer, inside),
        **_headers(layer, inside),
    }
    if hook is not None:
        found["process_view"] = hook.times(began_ns)
        if hook.after.get("answered"):
            found.update(answered=True, answered_in="process_view")
    return found


def _attributes(layer: Span, inside: Sequence[Span]) -> list[str]:
    """Before the layer inside began the layer had added what that one found; the rest it added after."""
    found: list[str] = []
    for other in inside:
        found += other.before.get("attributes") or ()
    found += layer.after.get("attributes") or ()
    return list(dict.fromkeys(map(str, found)))


def _headers(layer: Span, inside: Sequence[Span]) -> dict[str, Any]:
    if not layer.finished or layer.after.get("status") is None:
        return {"adds_headers": [], "removes_headers": [], "changes_headers": []}
    before = _pairs(inside[-1]) if inside else []
    after = _pairs(layer)
    added = list((Counter(after) - Counter(before)).elements())
    removed = list((Counter(before) - Counter(after)).elements())
    names = {name.lower() for name, _ in after}
    return {
        "adds_headers": [list(pair) for pair in added],
        "removes_headers": [name for name, _ in removed if name.lower() not in names],
        "changes_headers": [
            [name, old, new]
            for name, old in removed
            for other, new in added
            if name != "Set-Cookie" and other.lower() == name.lower()
        ],
    }


def _pairs(layer: Span) -> list[tuple[str, str]]:
    headers = [(str(name), str(value)) for name, value in layer.after.get("headers") or ()]
    return headers + [("Set-Cookie", str(name)) for name in layer.after.get("cookies") or ()]
