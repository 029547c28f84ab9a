"""What a proof is made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from portico.model.adoption import NO_MAP, PathMap
from portico.model.directive import Directive, Option


@dataclass(frozen=True)
class ProofInputs:
    """`root` is nginx's main context with its http block, includes resolved; `server` the site's own server in it. `options`
    are uWSGI's, expanded, in order. `toml` is the text of the new portico.toml, for the folder `project`. `requests` are
    paths to ask for besides. All must be done after `timeout_s`. `allow_root_app`: as root, an application that belongs to
    root may run as root."""

    root: Directive
    server: Directive
    options: Sequence[Option]
    toml: str
    project: Path
    paths: PathMap = NO_MAP
    requests: tuple[str, ...] = ()
    timeout_s: float = 90.0
    allow_root_app: bool = False
    say: Callable[[str], None] = field(default=lambda _: None, compare=False)
