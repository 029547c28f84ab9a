"""What takes part in a round: a stack on the air, or the floor under all of them."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from bench.air import TROUBLE, Failed, OnAir
from bench.effort import Effort
from bench.results import Figures
from bench.stacks import floor
from bench.stacks.base import Ground

#: A stack that ended by itself is started again once.
LIVES = 2
FLOOR = "floor"


@dataclass
class StackContender:
    """One stack in one workload."""

    air: OnAir
    workload: ModuleType
    effort: Effort

    @property
    def key(self) -> str:
        return self.air.key

    @property
    def gone(self) -> bool:
        return self.air.running is None

    def measure(self) -> Figures:
        return self.workload.measure(self.air, self.effort)

    def revived(self) -> str:
        """See bench.rounds.Contender."""
        if self.air.running and self.air.alive():
            return ""
        self.air.deaths += 1
        try:
            self.air.stop()
            if self.air.deaths >= LIVES:
                return "it did not answer any more for the second time, and was left alone"
            self.air.start()
        except TROUBLE as error:
            self.air.discard()
            return f"it did not answer any more, and could not be started again: {error}"
        return "it did not answer any more, and was started again"


@dataclass
class FloorContender:
    """The application called in a loop for the path of the workload."""

    ground: Ground
    workload: ModuleType
    effort: Effort
    key: str = FLOOR
    gone: bool = False

    def measure(self) -> Figures:
        try:
            return floor.measure(self.ground, self.workload.PATH, self.effort.seconds)
        except RuntimeError as error:
            raise Failed(str(error)) from error

    def revived(self) -> str:
        return ""
