"""A run as data: what `--json` prints and the screen is made of. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from portico.actions.tune.caveats import Caveat
from portico.actions.tune.rows import Judged, Row
from portico.actions.tune.sizes import Size
from portico.hops.uwsgi.extra_lines import options as raw_options
from portico.model.config import Config
from portico.model.plan import Plan

_FIGURES = ("per_s", "p50_ms", "p99_ms", "alone_ms", "cpu_us", "pss_bytes")
#: Raw lines that decide in place of `processes` and `threads`
#: (https://uwsgi-docs.readthedocs.io/en/latest/Options.html).
_DECIDE = frozenset(
    ("processes", "workers", "p", "threads", "cheaper", "cheaper-algo", "async", "ugreen", "gevent", "greenlet", "asyncio")
)


def settings(rows: Sequence[Row], present: Size, found: Judged) -> list[dict[str, Any]]:
    """Every setting with its quartiles, in the order in which people look for them."""
    return [_setting(row, present, found) for row in sorted(rows, key=lambda row: row.size)]


def _setting(row: Row, present: Size, found: Judged) -> dict[str, Any]:
    return {
        "processes": row.size.processes,
        "threads": row.size.threads,
        "slots": row.size.slots,
        "present": row.size == present,
        "recommended": row.size == found.size,
        "near": row.size in found.near,
        "rounds": len(row.rounds),
        **{name: _quartiles(row, name) for name in _FIGURES},
        "lost": row.lost,
        "bad": row.bad,
        "reasons": row.reasons,
        "failed": row.failed,
    }


def _quartiles(row: Row, name: str) -> dict[str, float] | None:
    """None where no round has that figure."""
    return {key: round(value, 3) for key, value in asdict(row.spread(name)).items()} if row.values(name) else None


def recommendation(found: Judged) -> dict[str, Any]:
    """As JSON."""
    return {
        "outcome": found.outcome,
        "processes": found.size.processes if found.size else None,
        "threads": found.size.threads if found.size else None,
        "best": str(found.best) if found.best else None,
        "why": list(found.why),
    }


def caveat_rows(found: Sequence[Caveat]) -> list[dict[str, Any]]:
    return [{"about": one.about, "says": one.says, "evidence": list(one.evidence)} for one in found]


def decides(plan: Plan) -> list[str]:
    """Raw lines that would make what is measured something else."""
    return [f"{name} = {value}" for name, value, _ in raw_options(plan) if name in _DECIDE]


def about_site(config: Config, role: str, plan: Plan, lives: bool) -> Iterator[str]:
    """What was tuned, where it is not simply the site as it is."""
    if role == "app":
        yield "an nginx of this machine stood in front, as the one on the other machine does"
    if plan.front == "none":
        yield 'uWSGI\'s own HTTP router answered, as `front = "none"` has it: each setting had a port of its own'
    if config.servers:
        yield f"the uWSGIs on other machines ({', '.join(config.servers)}) had no part in it: this is about the one here"
    if plan.uwsgi.instances > 1:
        yield f"the site has {plan.uwsgi.instances} uWSGIs (`instances`), and all of them ran: each has these processes"
    if config.release.fast or any(name in ("lazy-apps", "lazy") for name, _, _ in raw_options(plan)):
        yield "the workers load the application one by one (lazy-apps), so that they share little memory"
    if lives:
        yield "the live site ran beside it and had its part of the machine; nothing of it was touched"


def origin(plan: Plan, key: str) -> Mapping[str, str]:
    """Where a value of the plan comes from."""
    found = plan.origins.get(f"uwsgi.{key}")
    return {"kind": found.kind, "detail": found.detail} if found else {"kind": "default", "detail": ""}
