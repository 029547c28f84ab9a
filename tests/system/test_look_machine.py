"""The machine: room, limits, kills, names."""

from __future__ import annotations

import os
from pathlib import Path

from portico.system.look import killed
from portico.system.look.hosts import hosts
from portico.system.look.machine import machine
from support.stack import ROOT


def test_each_file_system_once_and_by_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    wanted = [(str(tmp_path / "not/yet/there.log"), "the log"), (str(tmp_path), "the project"), ("/proc/self", "proc")]
    seen = machine(wanted)
    first, *others = seen.disks
    assert (first.path, first.why) == (str(tmp_path), "the log")
    assert [disk.why for disk in others] == ["proc"]
    room = os.statvfs(tmp_path)
    assert first.total_bytes == room.f_blocks * room.f_frsize
    assert 0 < first.free_bytes <= first.total_bytes
    assert not first.read_only


def test_the_kernels_figures() -> None:
    seen = machine([])
    assert seen.root is ROOT
    assert seen.somaxconn == int(Path("/proc/sys/net/core/somaxconn").read_text())
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert 0 < seen.free_memory_bytes < total
    assert seen.selinux in ("", "enforcing", "apparmor")
    assert seen.disks == ()


def test_the_kernels_record_of_a_kill_and_nobody_elses(tmp_path: Path) -> None:
    log = tmp_path / "kmsg"
    kill = "Out of memory: Killed process 4177 (uwsgi) total-vm:900kB, anon-rss:800kB"
    log.write_text(
        f"6,1,100,-;EXT4-fs (vda): mounted\n3,2,200,-;{kill}\n SUBSYSTEM=memory\n11,3,300,-;Out of memory: forged\n"
    )
    assert [line for line in killed.oom_kills(str(log)) or () if "memory.events" not in line] == [kill]


def test_a_real_log_is_read_without_waiting_or_is_not_to_be_seen() -> None:
    found = killed.oom_kills()
    assert found is None or all(found)


def test_names_of_a_hosts_file(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_bytes(
        b"127.0.0.1 localhost App.example # main\n::1\tlocalhost\n\n# 10.0.0.1 off\n127.0.0.1 localhost\n9.9.9.9 \xff\n"
    )
    found = hosts(str(path))
    assert found["localhost"] == ("127.0.0.1", "::1")
    assert found["app.example"] == ("127.0.0.1",)
    assert "off" not in found
    assert hosts(str(tmp_path / "none")) == {}
