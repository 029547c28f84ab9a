"""How to call portico again from where the user stands."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path


def command_here(project: Path) -> str:
    """Short paths, and the `portico` on PATH where it is this one."""
    script = Path(sys.executable).parent / "portico"
    known = shutil.which("portico")
    if known and script.exists() and Path(known).samefile(script):
        program = ["portico"]
    else:
        program = [_from_here(script)] if script.exists() else [sys.executable, "-m", "portico"]
    here = project == Path.cwd()
    return shlex.join(program if here else [*program, "-C", _from_here(project)])


def _from_here(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
