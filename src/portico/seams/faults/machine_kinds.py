"""Kinds: the machine below the deployment: its disks, and the clocks of its logs."""

from __future__ import annotations

from portico.model.finding import Kind

_STATVFS = "https://man7.org/linux/man-pages/man3/statvfs.3.html"
#: What a full disk makes of those who write to it.
_FOLLOWS = ("django.E110", "django.W111", "django.E112", "wsgi.E125", "django.E122", "django.E132")

DISK_FULL = Kind(
    "system.E100",
    "system",
    "A disk is full",
    "Uploads, the database and the logs on it can no longer be written: the logs simply stop, so that nobody reports it.",
    source=_STATVFS,
    shows="Reading works; uploads and whatever writes are 500. nginx: `pwrite() ... failed (28: No space left on "
    "device)` or "
    "`has written only 4096 of 17250`; SQLite: `database or disk is full`.",
    example="Filesystem  Size  Used Avail Use% Mounted on\n/dev/vda1    20G   20G     0 100% /",
    cure="Make room (`du -xh / | sort -h | tail`, `journalctl --vacuum-size=200M`, old logs and releases), then "
    "restart what "
    "had stopped to log.",
    leads_to=_FOLLOWS,
)
NO_INODES = Kind(
    "system.E101",
    "system",
    "A disk has no inodes left",
    "No file can be made although there is room: too many small files, most often sessions or caches.",
    source=_STATVFS,
    shows="`No space left on device` (errno 28) while `df -h` shows room; `df -i` shows 100 %.",
    example="Filesystem   Inodes   IUsed IFree IUse% Mounted on\n/dev/vda1   1310720 1310720     0  100% /",
    cure="Remove the small files: `python manage.py clearsessions`, caches, `find / -xdev -type d -size +1M`.",
    leads_to=_FOLLOWS,
)
READ_ONLY = Kind(
    "system.E102",
    "system",
    "A disk is mounted read-only",
    "After an error of the disk the kernel stops to write to it; in containers a volume may be meant so.",
    source="https://man7.org/linux/man-pages/man8/mount.8.html",
    shows="Reading works, writing fails with errno 30 (`Read-only file system`).",
    example="EXT4-fs (vda1): Remounting filesystem read-only",
    cure="`dmesg | grep -i remount`: check the disk, then `mount -o remount,rw`.",
    leads_to=_FOLLOWS,
)
ALMOST_FULL = Kind(
    "system.W103",
    "system",
    "A disk is nearly full",
    "When it is, logs stop and whatever writes fails.",
    source=_STATVFS,
    shows="Nothing yet.",
    example="/dev/vda1    20G   20G   80M 100% /",
    cure="Make room: `du -xh / | sort -h | tail`, `journalctl --vacuum-size=200M`, old logs and releases.",
)
LOG_CLOCKS = Kind(
    "system.I105",
    "system",
    "The lines of uWSGI's log are in two time zones",
    "Django sets the zone of its whole process to TIME_ZONE when the settings are read: what uWSGI writes from then on "
    "is in "
    "that zone, its first lines and nginx's logs are in the machine's.",
    source="https://docs.djangoproject.com/en/stable/ref/settings/#time-zone",
    shows="Times in one log jump by hours; a request is in nginx's log at 23:15 and in uWSGI's at 15:15. `TZ` of the "
    "environment "
    "has no effect on Django.",
    example="*** Starting uWSGI 2.0.30 on [Fri Nov 27 23:15:00 2026] ***\n... [Fri Nov 27 15:15:07 2026] GET / => ...",
    cure='Nothing is broken. One zone makes logs easy to compare: UTC on the machine and `TIME_ZONE = "UTC"`.',
)
