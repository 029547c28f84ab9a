"""The machine and the versions that a run was made with."""

from __future__ import annotations

import os
import platform
import subprocess
import sysconfig
from datetime import datetime, timezone
from pathlib import Path


def machine(python: Path, nginx: Path, postgres: str) -> dict[str, str]:
    """Names and values, in the order in which they are shown. `python`: of an environment with Django; `postgres`: the
    server's version as it says it."""
    return {
        "Date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": _cpu(),
        "Cores": str(os.cpu_count()),
        "Memory": _memory(),
        "Kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Load at start": ", ".join(f"{one:.2f}" for one in os.getloadavg()),
        "Python": f"{platform.python_implementation()} {platform.python_version()}, {_build()}",
        "Django": _said([str(python), "-c", "import django; print(django.get_version())"]),
        "nginx": _said([str(nginx), "-v"]).removeprefix("nginx version: "),
        "PostgreSQL": postgres or "none",
        "Client": "one process with one thread on the same machine, requests over 127.0.0.1 (portico.system.load)",
    }


def _cpu() -> str:
    """The model as the kernel calls it; ARM's kernels give none, then the architecture (proc_cpuinfo(5))."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB"


def _build() -> str:
    """How this Python was compiled: with profiles and link-time optimisation it is about a seventh faster
    (https://docs.python.org/3/using/configure.html#performance-options)."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    profiled = "profile-guided" if "--enable-optimizations" in arguments else "not profile-guided"
    linked = "link-time optimised" if "--with-lto" in arguments else "not link-time optimised"
    return f"{profiled}, {linked}"


def _said(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    except OSError as error:
        return str(error)
    return (done.stdout or done.stderr).strip()
