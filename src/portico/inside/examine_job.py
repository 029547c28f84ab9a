"""One examination in the making: what was asked, what is known so far, how much time is left.

Standard library only, Python 3.8 and later; loaded by `examine_project`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

_HERE = os.path.dirname(os.path.abspath(__file__))
#: What is kept back to write the answer in.
_RESERVE_S = 0.5
#: A part whose time is up is told so again and again, because code of the project may catch everything once.
_AGAIN_S = 0.3


def _beside(name: str) -> Any:
    return sys.modules["portico_inside_loading"].beside(name)


class TimeUp(BaseException):
    """The time of a part is over; `stack` is where it was. Not an Exception, so that few handlers of the project take it."""

    def __init__(self, stack: Any, limit_s: float) -> None:
        super().__init__(f"did not end within {limit_s:.3g} s")
        self.stack = stack
        self.limit_s = limit_s


class Job:
    """`application` is the WSGI callable once it is loaded, `django` whether Django has its settings, `ready` whether its
    applications are set up. `bare` are names of modules of an interpreter that has done nothing yet."""

    def __init__(self, request: dict[str, Any], timeout_s: float, bare: frozenset[str]) -> None:
        self.request = request
        self.project = os.path.abspath(request.get("project") or os.getcwd())
        self.bare = bare
        self.application: Any = None
        self.parts: dict[str, Any] = {}
        self.masker = _beside("masking").Masker()
        # Loaded now: after the project has had its way, importing may not work any more.
        self.failures = _beside("examine_failure")
        self.harmless = _beside("harmless")
        self._timeout_s = timeout_s
        self._end = time.monotonic() + max(1.0, timeout_s - _RESERVE_S)
        self._out = request["out"]
        self._pid = os.getpid()
        self._main = threading.get_ident()
        self._part = ""
        self._part_end = self._end
        self._armed = False
        self._once = threading.RLock()
        self._watch()

    @property
    def left_s(self) -> float:
        """Seconds until everything must be over."""
        return max(0.0, self._end - time.monotonic())

    @property
    def part_left_s(self) -> float:
        """Seconds until the part that is being done must be over, with a little to tell of it."""
        return max(0.0, self._part_end - time.monotonic() - 0.1)

    @property
    def django(self) -> bool:
        conf = sys.modules.get("django.conf")
        return bool(conf and conf.settings.configured)

    @property
    def ready(self) -> bool:
        return bool(self.django and "django.apps" in sys.modules and sys.modules["django.apps"].apps.ready)

    def settings(self) -> Any:
        """Django's settings object. Only where `django`."""
        return sys.modules["django.conf"].settings

    def describe(self, error: BaseException) -> dict[str, Any]:
        """An exception as the parser's `Failure` wants it."""
        if isinstance(error, TimeUp):
            # It need not be told again.
            self._armed = False
            return self.failures.hang(error.stack, str(error), self.project)  # type: ignore[no-any-return]
        return self.failures.describe(error, self.project)  # type: ignore[no-any-return]

    def run(self, name: str, share: float, examine: Callable[[Job, dict[str, Any]], None]) -> None:
        """Do one part, within its share of the whole time. What it found before it failed is kept."""
        found: dict[str, Any] = {"ok": None, "reason": ""}
        self.parts[name], self._part = found, name
        self.write(name)
        began = time.monotonic()
        limit_s = min(share * self._timeout_s, self.left_s)
        if limit_s <= 0.05:
            found["reason"] = "there was no time left"
            return
        self._part_end = began + limit_s
        try:
            with self._limited(limit_s):
                examine(self, found)
        except BaseException as error:
            failure = self.describe(error)
            found.update(ok=None, reason=f"could not tell: {failure['exception']}: {failure['message']}", failure=failure)
        found["duration_s"] = round(time.monotonic() - began, 4)

    @contextlib.contextmanager
    def _limited(self, limit_s: float) -> Iterator[None]:
        def over(_: int, frame: Any) -> None:
            if self._armed:
                raise TimeUp(traceback.extract_stack(frame), limit_s)

        self._armed = True
        signal.signal(signal.SIGALRM, over)
        # The project may have blocked it, or have inherited that.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
        signal.setitimer(signal.ITIMER_REAL, limit_s, _AGAIN_S)
        try:
            yield
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _watch(self) -> None:
        """Code that is deaf to signals (a C library that waits) is seen by another thread, and ends everything."""
        timer = threading.Timer(self.left_s, self._late)
        timer.name = sys.modules["portico_inside_loading"]._WATCH
        timer.daemon = True
        timer.start()

    def _late(self) -> None:
        stack = traceback.extract_stack(sys._current_frames().get(self._main))
        found = self.parts.get(self._part)
        if found is not None and found.get("ok") is None:
            failure = self.describe(TimeUp(stack, self._timeout_s))
            found.update(reason=f"could not tell: it {failure['message']}", failure=failure)
            if self._part == "load":
                found.update(ok=False, kind="hang", limit_s=self._timeout_s)
            elif self._part == "call":
                problem = {"kind": "hang", "message": failure["message"], "frame": failure["frame"], "failure": failure}
                found.update(ok=False, problems=[*found.get("problems", ()), problem])
        self.finish()

    def write(self, unfinished: str = "") -> None:
        """The answer so far. A child that the project made writes nothing and ends."""
        if os.getpid() != self._pid:
            os._exit(0)
        with self._once:
            answer = {**self.parts, "unfinished": unfinished, "timeout_s": self._timeout_s}
            partial = f"{self._out}.{self._pid}"
            with open(partial, "w", encoding="utf-8") as file:
                json.dump(self.masker.all(answer), file)
            os.replace(partial, self._out)

    def finish(self) -> NoReturn:
        """Write the whole answer and end at once: atexit functions and threads of the project are not waited for."""
        self.write()
        os._exit(0)
