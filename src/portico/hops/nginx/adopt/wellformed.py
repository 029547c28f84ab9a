"""Lines that nginx would refuse as they are: they are told of, and the rest of the configuration is read without them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crossplane.analyzer import (
    DIRECTIVES,
    NGX_CONF_1MORE,
    NGX_CONF_2MORE,
    NGX_CONF_ANY,
    NGX_CONF_BLOCK,
    NGX_CONF_FLAG,
)

from portico.hops.nginx.adopt import fates
from portico.model.adoption import Carried
from portico.model.directive import Directive

_MOST_COUNTED = 7


class WellFormed:
    """The tree without what nginx refuses. `of` gives the copy of a block of the old tree."""

    def __init__(self, root: Directive) -> None:
        self._copies: dict[int, Directive] = {}
        self.refused: list[Directive] = []
        self.root = self._copy(root)

    def of(self, block: Directive) -> Directive:
        """The block in the new tree; itself where it was in none."""
        return self._copies.get(id(block), block)

    def told(self) -> Iterator[Carried]:
        """What became of the refused lines."""
        for directive in self.refused:
            why = "nginx refuses it like this: too few or too many words, or a block where none may be"
            yield from fates.whole(fates.left(directive, why), directive)

    def _copy(self, block: Directive) -> Directive:
        inner = []
        for entry in block.block or ():
            # What stands in these has a form of its own.
            if block.name not in ("map", "geo", "types", "split_clients", "match", "charset_map") and not takes(entry):
                self.refused.append(entry)
            else:
                inner.append(entry if entry.block is None else self._copy(entry))
        same = len(inner) == len(block.block or ()) and all(
            one is other for one, other in zip(inner, block.block or (), strict=True)
        )
        copy = block if same else replace(block, block=tuple(inner))
        self._copies[id(block)] = copy
        return copy


def takes(directive: Directive) -> bool:
    """Whether nginx takes so many words, and a block or none. Of names that are not known, anything."""
    masks = DIRECTIVES.get(directive.name)
    if masks is None or directive.name.endswith("_by_lua_block"):
        return True
    count, block = len(directive.args), directive.block is not None
    return any(_counts(mask, count) for mask in masks if bool(mask & NGX_CONF_BLOCK) == block)


def _counts(mask: int, count: int) -> bool:
    if mask & NGX_CONF_ANY or (mask & NGX_CONF_1MORE and count >= 1) or (mask & NGX_CONF_2MORE and count >= 2):
        return True
    return bool(mask & NGX_CONF_FLAG and count == 1) or (count <= _MOST_COUNTED and bool(mask >> count & 1))
