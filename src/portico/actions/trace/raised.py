"""An exception in one sentence, whether it was seen live or found in a log. Pure."""

from __future__ import annotations


def raised(kind: str, message: str, frame: tuple[str, int, str] | None) -> str:
    """`ValueError: no such page, in detail (/srv/shop/pages/views.py:91)`: the first line of the message.
    `frame` is file, line and function of the place in the project, None where it is not known."""
    first = message.splitlines()
    said = f"{kind}: {first[0]}" if first else kind
    if frame is None:
        return said
    file, line, function = frame
    return f"{said}, in {function} ({file}:{line})"
