"""Durations and sizes with their unit, as people write them in portico.toml."""

from __future__ import annotations

import math
import re

_DURATION = re.compile(r"(\d+)\s*(ms|s|m|h|d)?", re.ASCII)
_SIZE = re.compile(r"(\d+)\s*([kmg]?)(?:i?b)?", re.ASCII | re.IGNORECASE)
_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_BYTES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def duration_s(text: str | int | float) -> int:
    """Seconds from `30`, `"30s"`, `"2m"`, `"1h"`; a bare number is seconds. Raises ValueError with the forms allowed.

    Whole seconds only, because uWSGI's timers count whole seconds
    (https://uwsgi-docs.readthedocs.io/en/latest/Options.html).
    """
    milliseconds = duration_ms(text)
    if milliseconds % 1000:
        raise ValueError(f"{text!r} is not a whole number of seconds")
    return milliseconds // 1000


def duration_ms(text: str | int | float) -> int:
    """Milliseconds from what `duration_s` takes and `"500ms"` or 0.5. Raises ValueError with the forms allowed."""
    if isinstance(text, (int, float)) and not isinstance(text, bool) and math.isfinite(text):
        milliseconds = round(text * 1000)
    else:
        match = _DURATION.fullmatch(str(text).strip())
        if not match:
            raise ValueError(f"{text!r} is not a duration: write 30, '30s', '2m' or '1h'")
        milliseconds = int(match[1]) * _MS[match[2] or "s"]
    if milliseconds < 0:
        raise ValueError(f"{text!r} is not a duration: it is negative")
    return milliseconds


def size_bytes(text: str | int) -> int:
    """Bytes from `1048576`, `"75m"`, `"75M"`, `"1g"`, `"64KiB"`; 1k is 1024 bytes, as in nginx
    (https://nginx.org/en/docs/syntax.html). Raises ValueError with the forms allowed."""
    match = _SIZE.fullmatch(str(text).strip())
    if isinstance(text, bool) or not match:
        raise ValueError(f"{text!r} is not a size: write 1048576, '512k', '75m' or '1g'")
    return int(match[1]) * _BYTES[match[2].lower()]


def nginx_size(count: int) -> str:
    """Bytes in nginx's notation, with the largest unit that is exact: 78643200 -> `75m`."""
    for unit, factor in (("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10)):
        if count and count % factor == 0:
            return f"{count // factor}{unit}"
    return str(count)


def nginx_time(milliseconds: int) -> str:
    """Milliseconds in nginx's notation: 5000 -> `5s`, 500 -> `500ms`."""
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def human_bytes(count: int) -> str:
    """Bytes for people: `45.2 MB` (decimal units, as `ls -h --si`)."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


def human_seconds(seconds: float) -> str:
    """A duration for people: `0.4s`, `42s`, `3m 05s`, `2h 11m`, `3d 4h`."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"
