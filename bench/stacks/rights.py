"""As whom an application runs where root starts its server."""

from __future__ import annotations

import os

from bench.stacks.base import Ground
from portico.system import accounts


def other() -> accounts.Account | None:
    """The account that root's servers should become; None for everybody but root."""
    return None if os.geteuid() else accounts.worker_account()


def reads(account: accounts.Account, ground: Ground) -> bool:
    """Whether it can enter the ground and the Python that the application needs, its environment and what that is of."""
    needed = (ground.folder, ground.site, ground.python.parent, ground.python.resolve().parent)
    return not any(accounts.can_enter(account, folder) for folder in needed)
