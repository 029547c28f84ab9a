"""An exception in one sentence, whether it was seen live or found in a log. Pure."""

from __future__ import annotations


def raised(kind: str, message: str, frame: tuple[str, int, str] | None) -> str:
    """`ValueError: no such page, in detail (/srv/shop/pages/views.py:91)`: the first line of the message that
    has text. `frame` is file, line and function of the place in the project, None where it is not known."""
    first = next((line.strip() for line in message.splitlines() if line.strip()), "")
    said = f"{kind}: {first}" if first else kind
    if frame is None:
        return said
    file, line, function = frame
    return f"{said}, in {function} ({file}:{line})"
