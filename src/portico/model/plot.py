"""What a picture shows, before anybody knows whether it is drawn in a terminal or as SVG: plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """Points (x, y) in the order of x. `main`: the one that the picture is about; it is drawn stronger than the others."""

    name: str
    points: tuple[tuple[float, float], ...]
    main: bool = False


@dataclass(frozen=True)
class Mark:
    """A value of x that is worth naming: what is set now, what is recommended."""

    x: float
    name: str


@dataclass(frozen=True)
class Plot:
    """Lines over one x axis. `x` and `y` are the axes' names with their unit ("requests per second"). A y axis begins at
    0 unless it is logarithmic. A logarithmic axis leaves out what is not above 0; any axis what is not finite."""

    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    log_x: bool = False
    log_y: bool = False
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Bar:
    """A value with its spread from `low` to `high` (quartiles), if there is one. `faint`: shown, but out of the race, for
    the reason in `note`. `main`: as in Line."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    main: bool = False
    faint: bool = False
    note: str = ""


@dataclass(frozen=True)
class Bars:
    """Bars under each other from 0, in the order given. `x` is the name of the value with its unit."""

    title: str
    x: str
    bars: tuple[Bar, ...]
