"""What the kernel allows a process of ours."""

from __future__ import annotations

import resource


def open_files() -> int | None:
    """The most open files a process of this account may have (RLIMIT_NOFILE, hard); None without a limit
    (https://man7.org/linux/man-pages/man2/getrlimit.2.html)."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return None if hard == resource.RLIM_INFINITY else hard
