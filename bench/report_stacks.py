"""The stacks: what they are, where their configuration is recommended, and what they can."""

from __future__ import annotations

import importlib
import re

from bench.results import Results
from bench.verdict import FLOOR
from bench.words import cell, table

_CAN = {True: "yes", False: "**no**", None: "not measured"}
_ADDRESS = re.compile(r"https?://[^\s,;]+[^\s,;.)]")


def paragraphs(results: Results) -> list[str]:
    """One table of all stacks, and what each one's file says of its configuration."""
    rows = [
        [
            f"[{cell(one.title)}](../bench/stacks/{one.key}.py)",
            cell(one.version) if one.version else f"not measured: {cell(one.missing)}" if one.missing else "",
            *(["", "", ""] if one.key == FLOOR else [_CAN[each] for each in (one.static, one.slow_clients, one.reload)]),
            _linked(cell(source(one.key))),
        ]
        for one in results.stacks
    ]
    head = ["", "versions", "serves static files", "survives slow clients", "reloads without loss", "configured as in"]
    said = [f"- {one.title}: {about}" for one in results.stacks if (about := configuration(one.key))]
    return [
        "## The stacks",
        "Each is set up as its own documentation recommends for production, with the application's defaults and nothing "
        "tuned for this benchmark.",
        "\n".join(table(head, rows)),
        "\n".join(said),
    ]


def source(key: str) -> str:
    """Where a stack's configuration is recommended; empty if its file is not here."""
    stack = getattr(_module(key), "STACK", None)
    return stack.source if stack else ""


def configuration(key: str) -> str:
    """What the stack's file says first of itself."""
    return " ".join((getattr(_module(key), "__doc__", "") or "").split())


def _module(key: str) -> object:
    if not re.fullmatch(r"[a-z_]+", key):
        return None
    try:
        return importlib.import_module(f"bench.stacks.{key}")
    except ModuleNotFoundError:
        return None


def _linked(text: str) -> str:
    return _ADDRESS.sub(lambda found: f"<{found[0]}>", text)
