"""A trace as files: a page to look at, and spans for a tracing backend."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from portico.model.file import File
from portico.model.result import Result
from portico.system import files


def write(result: Result, html: Path | None, otlp: Path | None) -> Iterator[str]:
    """Write what was asked for, private, and yield a line for each. Raises PorticoError when a file cannot be written."""
    if html:
        from portico.export.trace_page import page

        files.write(html.absolute().parent, File(html.name, page(result.data)))
        yield f"the page: {html}"
    if otlp:
        from portico.export.otlp import otlp as spans_of

        files.write(otlp.absolute().parent, File(otlp.name, json.dumps(spans_of(result.data), indent=1) + "\n"))
        yield f"the spans: {otlp}"
