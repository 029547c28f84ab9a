"""Lines of a rendered nginx.conf that the user wrote: `extra_main`, `extra_http`, `extra_server`, `extra_location`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from portico.model.plan import Plan

KEYS = ("extra_main", "extra_http", "extra_server", "extra_location")


def origins(plan: Plan, text: str) -> Mapping[int, str]:
    """For each line of the rendered `text` (1 is the first) that is a raw line of the plan: where it was written, as
    `portico.toml:12 ([nginx] extra_server, line 3)`. The number before the parenthesis is that of the key."""
    lines = [line.strip() for line in text.splitlines()]
    found: dict[int, str] = {}
    for key in KEYS:
        raw = tuple(_lines(getattr(plan.nginx, key, ())))
        start = _find(lines, raw)
        origin = plan.origins.get(f"nginx.{key}")
        where = origin.detail if origin and origin.detail else "portico.toml"
        for index in range(len(raw) if start is not None else 0):
            found[(start or 0) + index + 1] = f"{where} ([nginx] {key}, line {index + 1})"
    return found


def _lines(raw: tuple[str, ...]) -> Iterator[str]:
    for entry in raw:
        yield from (line.strip() for line in entry.splitlines() or [""])


def _find(lines: list[str], raw: tuple[str, ...]) -> int | None:
    """Where the raw lines stand, in one piece, among the others."""
    if not any(raw):
        return None
    last = len(lines) - len(raw)
    return next((start for start in range(last + 1) if tuple(lines[start : start + len(raw)]) == raw), None)
