"""`-H 'Name: value'`."""

from __future__ import annotations

import click


def pair(text: str) -> tuple[str, str]:
    """Name and value of a header as it was given; raises click.BadParameter."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        # The text may be a credential that lost its name.
        raise click.BadParameter("a header is written as 'Name: value'", param_hint="-H")
    return name.strip(), value.strip()
