"""Values of nginx as those of portico.toml; None for what portico.toml cannot say.

https://nginx.org/en/docs/syntax.html
"""

from __future__ import annotations

import ipaddress
import re

_PART = re.compile(r"(\d+)(ms|s|m|h|d|w|M|y)?")
_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MS |= {"M": 30 * _MS["d"], "y": 365 * _MS["d"]}
_SIZE = re.compile(r"(\d+)([kKmMgG]?)")
_MAX_AGE = re.compile(r"max-age=(\d+)")


def milliseconds(text: str) -> int | None:
    """`60`, `500ms`, `1m30s`."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(int(number) * _MS[unit or "s"] for number, unit in parts)


def seconds(text: str) -> int | None:
    """The same in whole seconds."""
    found = milliseconds(text)
    return None if found is None or found % 1000 else found // 1000


def duration(text: str) -> str | int | None:
    """Seconds where they are whole, else milliseconds with their unit."""
    found = milliseconds(text)
    if found is None:
        return None
    return f"{found}ms" if found % 1000 else found // 1000


def size(text: str) -> str | None:
    """`75m`; a small letter for the unit."""
    return text.lower() if _SIZE.fullmatch(text) else None


def switch(text: str) -> bool | None:
    """`on` or `off`."""
    return {"on": True, "off": False}.get(text)


def whole(text: str) -> int | None:
    """A number from 1."""
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


def max_age(text: str) -> int | None:
    """Seconds of a Cache-Control header."""
    found = _MAX_AGE.search(text)
    return int(found[1]) if found else None


def expiry(text: str) -> int | None:
    """Seconds of `expires 30d` and `expires max` (ten years); None for `off`, `epoch`, `@time`, what is in the past or comes
    from a variable."""
    return 315_360_000 if text == "max" else seconds(text.removeprefix("+"))


def network(text: str) -> str | None:
    """An address or a network."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return text
