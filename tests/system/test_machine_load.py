"""How busy the machine was, and whether a quota held processes back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portico.system.machine_load import CpuTime, Quota
from portico.system.usage import of_ended_us

STAT = "usage_usec 12\nnr_periods 40\nnr_throttled 30\nthrottled_usec 9\n"


@pytest.mark.parametrize(
    ("cgroup", "place"),
    [
        ("0::/user.slice/portico.scope\n", "user.slice/portico.scope"),
        ("0::/docker/abc\n", ""),
        ("9:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n", "cpu,cpuacct"),
    ],
)
def test_a_quota_is_found_in_both_versions_and_inside_a_container(tmp_path: Path, cgroup: str, place: str) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(cgroup)
    folder = tmp_path / "sys/fs/cgroup" / place
    folder.mkdir(parents=True)
    (folder / "cpu.stat").write_text(STAT)
    before = Quota.now(tmp_path)
    assert before == Quota(40, 30)
    assert before.share_until(Quota(60, 40)) == 0.5


def test_without_a_quota_nothing_was_held_back(tmp_path: Path) -> None:
    assert Quota.now(tmp_path) == Quota(0, 0)
    assert Quota(0, 0).share_until(Quota(0, 0)) == 0.0


def test_the_machine_was_busy_for_a_share_of_the_time() -> None:
    assert CpuTime(10, 100).share_until(CpuTime(16, 108)) == 0.75
    assert CpuTime(10, 100).share_until(CpuTime(10, 100)) == 0.0
    assert 0 < CpuTime.now().busy <= CpuTime.now().all


def test_what_an_ended_child_had_is_found_with_its_parent() -> None:
    before = of_ended_us([os.getpid()])
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.1: pass"], check=True)
    assert of_ended_us([os.getpid()]) - before >= 90_000
    assert of_ended_us([]) == 0
