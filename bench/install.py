"""Environments of the stacks that are compared: one virtual environment each, outside of the project and of Portico's own.

They are kept under `$XDG_CACHE_HOME/portico-bench/` (default `~/.cache`) and made again when the interpreter or the packages
are others.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.stacks.base import Stack

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "examples" / "destiny" / "requirements.txt"
_POLICY = Path("/usr/sbin/policy-rc.d")
_COMPLETE = "portico-bench.json"


class Missing(Exception):
    """Something cannot be had, and why."""


@dataclass(frozen=True)
class Environment:
    """Where a stack is installed: `python` of its environment, or None with the reason in `missing`."""

    python: Path | None
    missing: str = ""


def prepare(stack: Stack, told: Callable[[str], None] = lambda line: None) -> Environment:
    """Install what the stack needs, unless it is there. `told` gets a line for each thing that takes long."""
    try:
        apt(stack.apt, told)
        return Environment(_environment(stack, told))
    except Missing as error:
        return Environment(None, str(error))


def is_there(stack: Stack) -> bool:
    """Whether nothing has to be installed for it."""
    return (folder(stack) / _COMPLETE).exists() and all(map(_has, stack.apt))


def cache() -> Path:
    """Where the environments are."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "portico-bench"


def interpreter() -> Path:
    """The Python that this one's environment was made from: the same build for all stacks, Portico's included."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return (Path(sys.base_prefix) / "bin" / name).resolve()


def wanted(stack: Stack) -> dict[str, str | list[str]]:
    """All that decides whether an environment can be used again."""
    django = importlib.metadata.version("django")
    packages = [f"django=={django}", "psycopg2-binary", *stack.packages]
    return {"python": f"{interpreter()} {sys.version}", "packages": packages, "requirements": REQUIREMENTS.read_text()}


def folder(stack: Stack) -> Path:
    digest = hashlib.sha256(json.dumps(wanted(stack), sort_keys=True).encode()).hexdigest()[:12]
    return cache() / f"{stack.key}-{digest}"


def _environment(stack: Stack, told: Callable[[str], None]) -> Path:
    target = folder(stack)
    with _alone(target):
        if not (target / _COMPLETE).exists():
            shutil.rmtree(target, ignore_errors=True)
            told(f"installing {stack.title} into {target}")
            _run([str(interpreter()), "-m", "venv", str(target)])
            need = wanted(stack)
            pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, *need["packages"], "-r", str(REQUIREMENTS)])
            (target / _COMPLETE).write_text(json.dumps(need, indent=1) + "\n", encoding="utf-8")
    return target / "bin" / "python"


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Two runs at a time make an environment once."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = target.with_suffix(".lock").open("w")
    except OSError as error:
        raise Missing(f"{target.parent} cannot be written: {error}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def apt(packages: tuple[str, ...], told: Callable[[str], None]) -> None:
    """Debian's packages, those that are not here; raises Missing."""
    absent = [name for name in packages if not _has(name)]
    if not absent:
        return
    names = " ".join(absent)
    if shutil.which("apt-get") is None:
        raise Missing(f"needs {names} of Debian, and there is no apt-get here")
    if os.geteuid():
        raise Missing(f"needs root to install them: apt-get install {names}")
    told(f"apt-get install {names}")
    with _no_service_starts():
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "-qq", "update"], environ)
        _run(["apt-get", "-qq", "install", "-y", "--no-install-recommends", *absent], environ)


def _has(package: str) -> bool:
    try:
        seen = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package], capture_output=True, text=True
        )
    except FileNotFoundError:
        return False
    return seen.stdout == "installed"


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Debian starts a service when it is installed, unless this file says no (invoke-rc.d(8))."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


def _run(argv: list[str], environ: dict[str, str] | None = None) -> None:
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise Missing(f"{' '.join(argv[:6])} failed: {' | '.join(said[-3:]) or 'it said nothing'}")
