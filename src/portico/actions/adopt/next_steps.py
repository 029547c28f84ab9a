"""What to type after an adoption."""

from __future__ import annotations

import shlex
from pathlib import Path

from portico.actions.adopt.gather import Gathered
from portico.actions.adopt.ledger import Ledger


def next_steps(gathered: Gathered, made: Ledger, written: str | None) -> list[str]:
    """Command lines, in order."""
    asked = gathered.asked
    words = ["portico"]
    folder = asked.project / str(made.merged.config.get("uwsgi", {}).get("chdir") or "")
    elsewhere = folder.is_dir() and not folder.is_relative_to(asked.project)
    project = folder if elsewhere else asked.project
    if project != Path.cwd():
        words += ["-C", str(project)]
    start = shlex.join(words)
    if written:
        return [f"{start} check", f"{start} up"]
    files = [
        *(["--nginx", gathered.conf] if asked.nginx else []),
        *(part for name in asked.uwsgi for part in ("--uwsgi", name)),
    ]
    files += [
        *(["--server", asked.server] if asked.server else []),
        *(part for one in asked.maps for part in ("--map", one)),
    ]
    files += ["--root", asked.root] if asked.root else []
    again = shlex.join([*words, "adopt", *files])
    prove = [] if asked.prove else [f"{again} --prove"]
    # Asked for and not done: a proof has spoken against it.
    force = " --force" if asked.write else ""
    return [*prove, f"{again} --write{force}", f"{start} up"]
