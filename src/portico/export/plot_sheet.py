"""Several pictures under each other in one SVG file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portico.export.plot_svg import WIDTH, svg
from portico.model.plot import Bars, Plot

_HEIGHT = re.compile(r"<svg[^>]*?\bheight=\"(\d+(?:\.\d+)?)\"")


def sheet(pictures: Iterable[Plot | Bars]) -> str:
    """The pictures in that order, as one SVG text (https://www.w3.org/TR/SVG2/struct.html#NestedSVGElement)."""
    parts: list[str] = []
    top = 0.0
    for text in map(svg, pictures):
        found = _HEIGHT.search(text)
        if found is None:
            raise AssertionError("a picture says how high it is")
        parts.append(text.replace("<svg ", f'<svg y="{top:g}" ', 1))
        top += float(found[1])
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top:g}" viewBox="0 0 {WIDTH} {top:g}">'
    return "\n".join([head, *parts, "</svg>", ""])
