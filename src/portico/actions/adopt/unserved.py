"""Folders that the old nginx serves to nobody, and Portico would: those that Django's settings name."""

from __future__ import annotations

from collections.abc import Iterable

from portico.actions.adopt.choice import Choice
from portico.model.adoption import Carried

_WHY = {
    "static": "nginx has no folder of static files for this site, so Portico serves none, whatever STATIC_URL says",
    "media": "nginx hands out no uploaded files, so Portico does not either, whatever MEDIA_URL says: they may be private",
}


def unserved(choice: Choice, lines: Iterable[Carried]) -> tuple[Carried, ...]:
    """An empty table for each of `static` and `media` that no line sets. It keeps Portico from adding a location for what
    Django names: files that were private would be public, and a raw location of that prefix would be there twice, which
    nginx refuses (`duplicate location`)."""
    if choice.server is None:
        return ()
    said = {line.key.partition(".")[0] for line in lines if line.fate == "key"}
    where = choice.server.where if choice.server.line else choice.server.file
    return tuple(
        Carried(where, f"no location of a {name} folder", "key", name, {}, why)
        for name, why in _WHY.items()
        if name not in said
    )
