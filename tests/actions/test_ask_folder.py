"""What a killed command has left is removed by the next; what is in use, young or somebody else's stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from portico.actions.aside.folder import forget_killed


def test_only_old_folders_of_processes_that_are_gone_are_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()
    names = {
        "old": f"portico-ask-{gone.pid}-a",
        "young": f"portico-ask-{gone.pid}-b",
        "in use": f"portico-ask-{os.getpid()}-c",
        "without a number": "portico-ask-x-d",
        "other": f"portico-{gone.pid}-e",
    }
    for what, name in names.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "request.json").write_text("{}")
        if what != "young":
            os.utime(tmp_path / name, (0, 0))
    forget_killed(tmp_path, "portico-ask-", old_s=60)
    assert {what for what, name in names.items() if (tmp_path / name).exists()} == set(names) - {"old"}
    forget_killed(tmp_path, "portico-ask-")
    assert not (tmp_path / names["young"]).exists()
