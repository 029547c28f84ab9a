"""What `portico adopt` was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from portico.actions.adopt.kinds import BAD_MAP
from portico.model.adoption import PathMap
from portico.model.errors import Exit, PorticoError


@dataclass(frozen=True)
class Asked:
    """`project` is the folder that portico.toml is for, absolute. `nginx` and `uwsgi` (`FILE` or `FILE:SECTION`) are as they
    were typed; with none of them the files are looked for in the project's folder. `server` is a server name that tells one
    site of several, `root` the folder that is `/` of the machine the files are for, `maps` are `/old=/new`.

    `write`: portico.toml is written; `force`: over one that is there, or although a proof has found a difference. `prove`:
    both are run side by side and asked the same; `requests` are paths to ask for besides. `allow_root_app`: as root, one
    that belongs to root may run for it."""

    project: Path
    nginx: str = ""
    uwsgi: tuple[str, ...] = ()
    server: str = ""
    root: str = ""
    maps: tuple[str, ...] = ()
    write: bool = False
    force: bool = False
    prove: bool = False
    requests: tuple[str, ...] = ()
    allow_root_app: bool = False


def path_map(maps: Sequence[str], root: str) -> PathMap:
    """The pairs of `--map` and `--root`. Raises PorticoError for one that is no `/old=/new`, or whose end is not there."""
    pairs = [_pair(text) for text in maps]
    if root:
        pairs.append(("", _folder(root, f"--root {root}")))
    return PathMap(tuple(pairs))


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not old.startswith("/") or not new:
        raise _refused(f"--map {text}", f"{text!r} is not of the form /old=/new")
    return old.rstrip("/"), _folder(new, f"--map {text}")


def _folder(text: str, option: str) -> str:
    path = Path(text).resolve()
    if not path.exists():
        raise _refused(option, f"there is no {path} on this machine")
    return str(path).rstrip("/")


def _refused(option: str, why: str) -> PorticoError:
    fix = ["portico adopt --map /srv/shop=/home/ana/shop ...   # what the files call /srv/shop is /home/ana/shop here"]
    return PorticoError(BAD_MAP.found(cause=why, evidence=[option], fix=fix), Exit.USAGE)
