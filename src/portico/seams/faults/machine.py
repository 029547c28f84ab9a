"""The machine below: full disks, by the file systems and by errno 28 in the logs; and logs in two time zones."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Iterator

from portico.hops.wsgi.examination import Folder
from portico.model.evidence import DiskSeen, Evidence
from portico.model.finding import Basis, Finding, Kind
from portico.model.log import ErrorEntry
from portico.seams.faults import machine_kinds as kinds
from portico.seams.faults.app_seen import examined
from portico.seams.faults.raised import raised
from portico.seams.faults.said_of_database import FULL

#: Less than this is as good as nothing: SQLite's journal, an upload, a line of a log need some of it.
_NOTHING_BYTES = 1 << 20
_NOTHING_SHARE = 0.005
_LITTLE_BYTES = 200 << 20
_LITTLE_SHARE = 0.02
_MIB = 1 << 20
_SHORT_WRITE = re.compile(r'pwritev?\(\) "(?P<path>[^"]+)" has written only \d+ of \d+')
_PATH = re.compile(r'"(?P<path>/[^"]+)"')


def disks(evidence: Evidence) -> Iterator[Finding]:
    """Each file system that the deployment writes to, and what the logs say of one that was full."""
    told = False
    for disk in evidence.machine.disks:
        kind = _state(disk)
        if kind is not None:
            told = told or kind is not kinds.ALMOST_FULL
            yield _of_disk(evidence, kind, disk)
    if not told and (finding := _logged(evidence)):
        yield finding


def _state(disk: DiskSeen) -> Kind | None:
    if disk.read_only:
        return kinds.READ_ONLY
    if disk.free_inodes == 0:
        return kinds.NO_INODES
    if not disk.total_bytes:
        return None
    if disk.free_bytes <= min(_NOTHING_BYTES, disk.total_bytes * _NOTHING_SHARE):
        return kinds.DISK_FULL
    few = disk.free_bytes <= min(_LITTLE_BYTES, disk.total_bytes * _LITTLE_SHARE)
    return kinds.ALMOST_FULL if few else None


def _of_disk(evidence: Evidence, kind: Kind, disk: DiskSeen) -> Finding:
    room = f"{disk.free_bytes / _MIB:.1f} of {disk.total_bytes / _MIB:.0f} MiB are free"
    words = {
        kinds.READ_ONLY.id: f"the file system of {disk.path} ({disk.why}) is mounted read-only",
        kinds.NO_INODES.id: f"the file system of {disk.path} ({disk.why}) has no inodes left: no file can be made",
    }
    basis: Basis = "request" if _request_hit(evidence) else "state"
    return kind.found(
        cause=words.get(kind.id, f"the file system of {disk.path} ({disk.why}) is {_how(kind)}: {room}"),
        evidence=[
            f"{disk.path}: {room}" + (f", {disk.free_inodes} inodes free" if disk.free_inodes is not None else ""),
            *[entry.line for entry in _errors(evidence)][-1:],
            *_said(evidence)[:1],
        ],
        fix=_room(kind, disk.path),
        basis=basis,
    )


def _how(kind: Kind) -> str:
    return "full" if kind is kinds.DISK_FULL else "nearly full"


def _room(kind: Kind, path: str) -> list[str]:
    if kind is kinds.READ_ONLY:
        return ["dmesg | grep -i remount", f"sudo mount -o remount,rw $(df --output=target {path} | tail -1)"]
    if kind is kinds.NO_INODES:
        many = "find / -xdev -type d -size +1M   # folders with very many files"
        return [f"df -i {path}", "python manage.py clearsessions", many]
    largest = f"df -h {path}; du -xh $(df --output=target {path} | tail -1) | sort -h | tail"
    return [largest, "sudo journalctl --vacuum-size=200M"]


def _errors(evidence: Evidence) -> list[ErrorEntry]:
    return [entry for entry in evidence.nginx.errors if entry.errno == errno.ENOSPC or _SHORT_WRITE.search(entry.message)]


def _said(evidence: Evidence) -> list[str]:
    return [one.says for one in raised(evidence) if FULL.search(one.message)]


def _request_hit(evidence: Evidence) -> bool:
    return any(one.basis == "request" and FULL.search(one.message) for one in raised(evidence))


def _logged(evidence: Evidence) -> Finding | None:
    """A file system that is not among those looked at (a mount of its own), or that has room again."""
    entries, said = _errors(evidence), _said(evidence)
    if not entries and not said:
        return None
    path = match["path"] if entries and (match := _PATH.search(entries[-1].message)) else ""
    folder = _upload_folder(evidence)
    place = f" ({path})" if path else ""
    rows = [*[entry.line for entry in entries][-1:], *said[:1]]
    if folder and folder.free_bytes is not None:
        rows.append(f"{folder.path}: {folder.free_bytes / _MIB:.1f} MiB free")
    return kinds.DISK_FULL.found(
        cause=f"writing failed for want of room{place}",
        evidence=rows,
        fix=_room(kinds.DISK_FULL, path.rpartition("/")[0] or "/"),
        certainty="likely",
        basis="request" if _request_hit(evidence) else "log",
    )


def _upload_folder(evidence: Evidence) -> Folder | None:
    return examined(evidence).media.upload


def log_clocks(evidence: Evidence) -> Iterator[Finding]:
    """A request whose line in uWSGI's log is hours away from when it was made."""
    seen = evidence.instance
    visit = evidence.visit
    if seen is None or visit is None:
        return
    zone = str(examined(evidence).django.settings.get("TIME_ZONE") or "")
    # The doctor has just asked for it, so that its last line was written now, whatever the line says.
    lines = [event for event in seen.saw("request") if event.data.get("uri") == visit.exchange.path]
    start = next(iter(seen.saw("start")), None)
    for event in lines[-1:]:
        hours = _hours_off(event.data.get("when", ""), visit.exchange.began_s)
        if hours:
            yield kinds.LOG_CLOCKS.found(
                cause=f"uWSGI's request lines are {abs(hours):g} hours {'behind' if hours < 0 else 'ahead of'} "
                "this machine's clock" + (f": Django's TIME_ZONE is {zone}" if zone else ""),
                evidence=[*([start.text] if start else []), event.text],
                fix=['TIME_ZONE = "UTC", and UTC on the machine; or compare the logs with the difference in mind'],
                basis="log",
            )


def _hours_off(when: str, time_s: float) -> float:
    """How far the written time is from the real one; 0 where it is none of a zone (they are whole quarters of an hour)."""
    try:
        written_s = time.mktime(time.strptime(when, "%a %b %d %H:%M:%S %Y"))
    except (ValueError, OverflowError):
        return 0.0
    off_s = written_s - time_s
    quarters = round(off_s / 900)
    return quarters / 4 if abs(quarters) > 1 and abs(off_s - quarters * 900) < 60 else 0.0


RULES = (disks, log_clocks)
