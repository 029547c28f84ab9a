"""What the uWSGI instances of a stack take, pages shared between processes counted once."""

from __future__ import annotations

from portico.actions import supervise
from portico.actions.places import Places
from portico.system import processes


def uwsgi_bytes(where: Places) -> int:
    """Proportional set size of every uWSGI process of the stack (proc_pid_smaps_rollup, proc(5)); resident size where the
    kernel does not show that to this account."""
    groups = supervise.observe(where).groups
    pids = {pid for name, members in groups.items() if name.startswith("uwsgi-") for pid in members}
    return sum(map(processes.memory, pids))
