"""A trace as one HTML page that needs nothing else: no file beside it, no network, and no script to be read. Pure.

Everything in a trace is somebody else's text. The template escapes it, and the page's Content-Security-Policy
(https://www.w3.org/TR/CSP3/) lets only the one script run that the page itself brings, known by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader
from markupsafe import Markup

from portico.export import trace_flow, trace_packet, trace_rows, trace_units, trace_waterfall

_FOLDER = resources.files("portico.export") / "templates"


def page(result: Mapping[str, Any]) -> str:
    """The page of a trace's `result`, live or read from the logs. Any key may be missing; what is unknown is not shown."""
    hops = {str(hop.get("hop")): hop for hop in result.get("hops") or ()}
    script = _text("trace.js")
    return _TEMPLATES.get_template("trace.html.j2").render(
        result=result,
        hops=hops,
        # Ours, not the trace's: the only two texts that are not escaped.
        style=Markup(_text("trace.css")),  # noqa: S704
        script=Markup(script),  # noqa: S704
        policy=_policy(script),
        flow=trace_flow.flow(result),
        waterfall=trace_waterfall.waterfall(result),
        packet=trace_packet.packet(hops.get("uwsgi") or {}),
        environ=trace_rows.environ((hops.get("wsgi") or {}).get("in") or {}),
        statements=trace_rows.statements((hops.get("django") or {}).get("sql") or ()),
        way_back=trace_rows.way_back(tuple(hops.values())),
    )


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("portico.export"),
        autoescape=True,
        # A trace read from logs lacks most keys, at any depth.
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["duration"] = trace_units.duration
    made.filters["size"] = trace_units.bytes_text
    made.filters["count"] = trace_units.count_text
    made.filters["moment"] = trace_units.moment
    return made


_TEMPLATES = _environment()
