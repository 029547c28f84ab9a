"""Lines of JSON in uWSGI's log, as `log-encoder = json` and the project's own LOGGING write them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from portico.hops.uwsgi.tracebacks import HEADER

#: How far within one another objects may stand; ECS, for one, has `{"error": {"stack_trace": ...}}`
#: (https://www.elastic.co/docs/reference/ecs/ecs-error).
_DEEPEST = 4


def texts(line: str) -> list[str]:
    """The texts of a line that is a JSON object, whatever they are called, those with a traceback last: it belongs to the
    message beside it. Empty for another line."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return []
    return sorted(_texts(document, _DEEPEST), key=lambda text: HEADER in text) if isinstance(document, dict) else []


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list)) and depth:
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item, depth - 1)
