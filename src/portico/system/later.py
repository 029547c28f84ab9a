"""Something that is done beside: in a thread that keeps nobody waiting when the command ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """Begins at once. Threads share the account they act as: nothing beside may depend on `accounts.acting_as`."""

    def __init__(self, do: Callable[[], T]) -> None:
        self._do = do
        self._done: T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._done = self._do()
        except BaseException as error:  # raised where the result is asked for
            self._error = error

    def result(self, patience_s: float | None = None) -> T:
        """What came of it. Raises what it raised, or TimeoutError when it is not done within that time (None: for ever)."""
        self._thread.join(patience_s)
        if self._thread.is_alive():
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._done  # type: ignore[return-value]
