"""How figures are called and written."""

from __future__ import annotations

import math

from bench.verdict import Spread
from portico.export.plot_scale import number

#: Figure: (its name, its unit, whether less is better).
FIGURES = {
    "cpu_us": ("CPU per request", "µs", True),
    "per_s": ("requests per second", "/s", False),
    "p50_ms": ("p50", "ms", True),
    "p99_ms": ("p99", "ms", True),
    "seconds": ("time", "s", True),
    "pss_mb": ("memory (PSS)", "MB", True),
    "rest_mb": ("at rest (PSS)", "MB", True),
    "cpu_ms": ("CPU", "ms", True),
    "gap_ms": ("longest gap", "ms", True),
    "ratio": ("throughput to that without", "", False),
    "lost": ("lost requests", "", True),
    "bytes": ("bytes", "", True),
}
#: Between quartiles: a hyphen at which no line breaks.
_TO = "\u2011"
_UNITS = {"us": "µs", "ms": "ms", "s": "s", "mb": "MB"}


def called(figure: str) -> str:
    """What a figure is called in a table's head."""
    if figure in FIGURES:
        return FIGURES[figure][0]
    return " ".join(word for word in figure.split("_") if word not in _UNITS) or figure


def unit(figure: str) -> str:
    if figure in FIGURES:
        return FIGURES[figure][1]
    last = figure.split("_")[-1]
    return _UNITS.get(last, "") if "_" in figure else ""


def shown(figure: str, value: float | None) -> str:
    """A value with its unit; nothing where there is none."""
    if value is None:
        return ""
    behind = unit(figure)
    return number(value) + ("" if behind == "/s" else "\u00a0" if behind else "") + behind


def shown_spread(figure: str, found: Spread | None) -> str:
    """Median with its unit and the quartiles behind it; one value has none."""
    if found is None:
        return ""
    return shown(figure, found.median) + (f" ({number(found.low)}{_TO}{number(found.high)})" if found.count > 1 else "")


def times(ratio: Spread | None) -> str:
    """A ratio with two decimals and its quartiles."""
    if ratio is None:
        return ""
    if not math.isfinite(ratio.median):
        return "no ratio"
    return f"{ratio.median:.2f}" + (f" ({ratio.low:.2f}{_TO}{ratio.high:.2f})" if ratio.count > 1 else "")


def cell(text: str) -> str:
    """Text in a cell of a Markdown table (https://github.github.com/gfm/#tables-extension-)."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def table(head: list[str], rows: list[list[str]], right: frozenset[int] = frozenset()) -> list[str]:
    """A Markdown table; the columns in `right` are aligned there. Cells are written as they are: `cell` makes them safe."""
    rule = ["---:" if at in right else "---" for at in range(len(head))]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def listed(names: list[str]) -> str:
    """a, b and c; apart by semicolons where a name has a comma."""
    comma = "; " if any("," in name for name in names) else ", "
    return " and ".join([comma.join(names[:-1]), names[-1]] if len(names) > 1 else names)
