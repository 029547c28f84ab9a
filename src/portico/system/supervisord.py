"""supervisord that notices a signal at once: `python -m portico.system.supervisord -n -c FILE`.

supervisord's loop sleeps for up to a second, and a signal does not end that sleep (supervisor/supervisord.py, runforever;
PEP 475): after a child died it took up to two seconds until the next one started. Here each signal wakes the loop
(https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd), and dead children are seen before it decides what to
start.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from supervisor import supervisord


class _Waker:
    """What supervisord's loop wants of a descriptor it reads: each byte stands for a signal."""

    def __init__(self, descriptor: int, reap: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._reap = reap

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        os.read(self._descriptor, 512)
        self._reap()

    def handle_error(self) -> None:
        """Nothing to mend: the loop reaps by itself in a second."""


class _Prompt(supervisord.Supervisor):  # type: ignore[misc]
    def runforever(self) -> None:
        reading, writing = os.pipe()
        for descriptor in (reading, writing):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self.options.get_socket_map()[reading] = _Waker(reading, self.reap)
        super().runforever()


if __name__ == "__main__":
    os.chdir("/")
    supervisord.Supervisor = _Prompt
    supervisord.main()
