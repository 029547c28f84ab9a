"""A file as a value: hops and exports yield these, `system.files` writes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """Text to be written (UTF-8, atomically) at `path`, relative to the folder the caller chooses.

    `mode` is the permission bits; private by default, because configuration can carry secrets.
    """

    path: str
    text: str
    mode: int = 0o600
