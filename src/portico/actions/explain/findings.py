"""`portico explain nginx.E001`: what the page of a finding says, here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from portico.model.finding import Kind

_ID = re.compile(r"[a-z]+(-[a-z]+)?\.[ewi]\d+", re.IGNORECASE)


def is_id(name: str) -> bool:
    """Whether a name has the form of a finding's id."""
    return bool(_ID.fullmatch(name))


def finding_matches(name: str, kinds: Mapping[str, Kind]) -> list[dict[str, Any]]:
    """The finding of that id, whatever the case of its letters; nothing where there is none."""
    found = next((kind for kind in kinds.values() if kind.id.lower() == name.lower()), None)
    return [_data(found, kinds)] if found else []


def _data(kind: Kind, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    causes = [other for other in kinds.values() if kind.id in other.leads_to]
    effects = [kinds[name] for name in kind.leads_to if name in kinds]
    return {
        "kind": "finding",
        "name": kind.id,
        "what": kind.title,
        "severity": kind.severity,
        "hop": kind.hop,
        "why": kind.why,
        "shows": kind.shows,
        "example": kind.example,
        "cure": kind.cure,
        "leads_to": [{"id": other.id, "title": other.title} for other in effects],
        "caused_by": [{"id": other.id, "title": other.title} for other in sorted(causes, key=lambda one: one.id)],
        "source": kind.source,
        "page": f"docs/findings/{kind.id}.md",
    }
