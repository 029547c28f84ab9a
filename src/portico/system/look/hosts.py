"""The names this machine knows without asking anybody: /etc/hosts (hosts(5))."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def hosts(path: str = "/etc/hosts") -> Mapping[str, tuple[str, ...]]:
    """Names, in lower case, with their addresses in the order of the file; empty when it cannot be read."""
    found: dict[str, tuple[str, ...]] = {}
    try:
        text = Path(path).read_text(errors="replace")
    except OSError:
        return found
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in map(str.lower, names):
            if address not in found.get(name, ()):
                found[name] = (*found.get(name, ()), address)
    return found
