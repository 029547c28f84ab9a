"""The project that every stack serves: the sample, with the pages that are measured laid over it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bench import content

OVERLAY = Path(__file__).parent / "overlay"
SAMPLE = Path(__file__).parent.parent / "examples" / "destiny"
#: What would make it another site than the one that is measured.
_FOREIGN = ("DJANGO_", "DESTINY_", "DATABASE_URL", "PYTHONPATH", "PYTHONHOME")
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "db.sqlite3*", "secret-key*", "media", "tests.py")


def make(target: Path, python: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """A copy of the project in `target`, with migrated databases of 200 rows each and its static files in
    `target/collected`.

    `python` has Django, and psycopg when `environ` names a PostgreSQL (BENCH_POSTGRES_*, as bench.postgres gives it).
    Answers the environment that the application needs, `environ` among it. The copy may be moved and copied. Every account
    may read it. Raises RuntimeError with what Django said.
    """
    shutil.copytree(SAMPLE, target, ignore=_LEFT_OUT)
    shutil.copytree(OVERLAY, target, ignore=_LEFT_OUT, dirs_exist_ok=True)
    content.write(target / "bench_static" / "bench")
    needed = {**environ, "DJANGO_SETTINGS_MODULE": "bench_settings", "DESTINY_SECRET_KEY": "known to everybody: " + "x" * 40}
    done = subprocess.run(
        [str(python), "bench_prepare.py"], cwd=target, env=surroundings(needed), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the site could not be prepared: {done.stderr.strip()[-2000:]}")
    _open_to_all(target)
    return needed


def surroundings(needed: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what would change the site's settings, and with what the site needs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, **needed}


def change(target: Path, version: str) -> None:
    """From now on /version/ of newly loaded code answers `version`: letters, digits, full stops."""
    module = target / "bench_version.py"
    draft = module.with_suffix(".new")
    draft.write_text(f'VERSION = "{version}"\n', encoding="ascii")
    # Python takes the compiled module of a source with the same size and second:
    # https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
    later = module.stat().st_mtime + 2
    draft.chmod(0o644)
    os.utime(draft, (later, later))
    draft.replace(module)


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
