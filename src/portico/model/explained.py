"""A line of a rendered file with the comment that explains it: what both hops' readers of their own files return."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

COMMENT = "#:"
#: `[nginx.gzip]` or `[servers, upstream.tries]` at the end of a comment: keys of portico.toml.
_KEYS = re.compile(r"\s*\[([a-z_]+(?:\.[a-z_]+)?(?:, [a-z_]+(?:\.[a-z_]+)?)*)\]$")


@dataclass(frozen=True)
class Line:
    """One directive or option. `number` counts from 1; `text` is what stands there, with further lines where it goes on.

    `why` is its comment; `keys` are those of portico.toml that it comes from. `kind` is `entry` for data within a block
    (`map`, `types`), which shares the block's comment, and `own` for a line of the user's. `inside` are the blocks around
    it, outermost first.
    """

    number: int
    text: str
    name: str
    value: str
    why: str
    keys: tuple[str, ...]
    kind: Literal["directive", "entry", "own"] = "directive"
    inside: tuple[str, ...] = ()


def said(comments: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The text of the comment lines above a directive, and the keys it names at its end."""
    text = " ".join(comment.strip().removeprefix(COMMENT).strip() for comment in comments)
    found = _KEYS.search(text)
    return (text[: found.start()], tuple(found[1].split(", "))) if found else (text, ())
