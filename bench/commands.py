"""What Portico itself costs: CPU of its commands, time that `up` adds, memory that stays."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from portico.system.usage import tree

PORTICO = [sys.executable, "-m", "portico"]


def cpu_of(argv: list[str], runs: int = 7) -> float:
    """Median seconds of CPU (user and system) of a finished command and its children."""
    seconds = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(argv, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(seconds)


def wall_of(argv: list[str], **kwargs: Any) -> float:
    """Seconds until the command is done; it must succeed."""
    started = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kwargs)
    return time.monotonic() - started


def up(sample: Path, *flags: str) -> tuple[dict[str, Any], float]:
    """Start the sample; returns the Result's data and the seconds it took."""
    root = ["--allow-root-app"] if os.geteuid() == 0 else []
    started = time.monotonic()
    done = subprocess.run(
        [*PORTICO, "-C", str(sample), "up", "-d", "--json", "--listen", "auto", *root, *flags],
        capture_output=True,
        text=True,
    )
    seconds = time.monotonic() - started
    answer = json.loads(done.stdout)
    if not answer["result"]:
        raise RuntimeError(done.stdout)
    return answer["result"], seconds


def down(sample: Path) -> None:
    subprocess.run([*PORTICO, "-C", str(sample), "down"], check=True, capture_output=True)


def django_alone(sample: Path) -> float:
    """Seconds that Django itself needs for what `up` makes it do: import everything and look through the static files
    (`collectstatic` into an unchanged folder), then import once more to serve."""
    code = (
        "import os, sys, django, tempfile; sys.path.insert(0, '.');"
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'destiny.settings'); django.setup();"
        "from django.urls import get_resolver; get_resolver().url_patterns;"
        "from django.conf import settings; settings.STATIC_ROOT = sys.argv[1];"
        "from django.core.management import call_command; call_command('collectstatic', interactive=False, verbosity=0)"
    )
    load = (
        "import sys; sys.path.insert(0, '.'); import destiny.wsgi;"
        "from django.urls import get_resolver; get_resolver().url_patterns"
    )
    collected = str(sample / ".portico" / "static")
    return wall_of([sys.executable, "-c", code, collected], cwd=sample) + wall_of([sys.executable, "-c", load], cwd=sample)


def rows(sample: Path, starts_of: int = 5) -> list[tuple[str, str, str]]:
    """Label, measured, target."""
    version = cpu_of([*PORTICO, "--version"])
    up(sample)
    down(sample)
    starts, alone = [], []
    for _ in range(starts_of):
        _, seconds = up(sample)
        starts.append(seconds)
        down(sample)
        alone.append(django_alone(sample))
    data, _ = up(sample)
    status = cpu_of([*PORTICO, "-C", str(sample), "status"])
    supervisor = data["supervisor"]["pid"]
    resident = data["supervisor"]["rss_bytes"]
    serving = {pid for hop in data["hops"] for pid in hop.get("pids", ())}
    others = tree(supervisor) - serving - {supervisor}
    down(sample)
    added = statistics.median(starts) - statistics.median(alone)
    return [
        ("`portico --version`, CPU", f"{version:.3f} s", "0.15 s"),
        ("`portico status`, CPU", f"{status:.3f} s", "0.35 s"),
        ("`portico up -d`, wall", f"{statistics.median(starts):.2f} s", ""),
        ("of it Django's own imports and collectstatic, wall", f"{statistics.median(alone):.2f} s", ""),
        ("added by Portico, wall", f"{added:.2f} s", "1.5 s"),
        (f"resident: supervisord, and {len(others)} other processes of ours", f"{resident / 1e6:.1f} MB", "40 MB"),
    ]
