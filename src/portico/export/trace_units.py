"""Times, sizes and counts of a trace, as people read them. Pure; what is not a number becomes nothing."""

from __future__ import annotations

from datetime import datetime, timezone


def duration(us: object) -> str:
    """Microseconds: `812 µs`, `12.4 ms`, `1.25 s`."""
    if not isinstance(us, (int, float)) or isinstance(us, bool):
        return ""
    if abs(us) < 1000:
        return f"{us:.0f} µs"
    if abs(us) < 999_950:
        return f"{us / 1000:.1f} ms" if abs(us) < 99_950 else f"{us / 1000:.0f} ms"
    return f"{us / 1_000_000:.2f} s"


def bytes_text(count: object) -> str:
    """Exact below ten thousand: `1,234 bytes`; above, `45.2 kB` (decimal units)."""
    if not isinstance(count, int) or isinstance(count, bool):
        return ""
    if count < 10_000:
        return "1 byte" if count == 1 else f"{count:,} bytes"
    for unit, factor in (("kB", 1e3), ("MB", 1e6)):
        if count < 999.95 * factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1e9:.1f} GB"


def count_text(count: int, one: str, many: str = "") -> str:
    """`1 header`, `7 headers`; `many` is for words that take more than an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def moment(epoch_s: object) -> str:
    """Seconds since 1970 as a date and time in UTC, with milliseconds: the same page wherever it is made."""
    if not isinstance(epoch_s, (int, float)) or isinstance(epoch_s, bool):
        return ""
    try:
        when = datetime.fromtimestamp(epoch_s, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return ""
    return f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03d} UTC"
