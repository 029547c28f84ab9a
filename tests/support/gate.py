"""A request that is held by the application until the test lets it go on, however slow the machine is."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from support.stack import Project, until


class Held:
    """A request to the `hello` application, in a thread of its own; inside the block the application has it.

    It takes `seconds` more once it is let go, which the end of the block does, too, and is to be answered with 200.
    """

    def __init__(self, project: Project, seconds: float = 0.0, method: str = "GET", body: bytes | None = None) -> None:
        self.statuses: list[int] = []
        self._project, self._seconds, self._method, self._body = project, seconds, method, body
        self._gate = Path(tempfile.mkdtemp(prefix="gate-", dir=project.folder.parent))
        # The application may be another account's.
        self._gate.chmod(0o777)
        self._thread = threading.Thread(target=self._ask)

    def let_go(self) -> None:
        (self._gate / "open").touch()

    def __enter__(self) -> Held:
        self._thread.start()
        try:
            until((self._gate / "reached").exists, what="the application has the request")
        except BaseException:
            self.let_go()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._thread.join(60)
        assert self.statuses == [200], "the request in progress is answered"

    def _ask(self) -> None:
        path = f"/sleep?{self._seconds:g}&{self._gate}"
        self.statuses.append(self._project.get(path, self._method, self._body, timeout=60).status)
