"""Lets every test import the helpers in tests/support; the checkout need not be writable for hypothesis."""

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

#: Where tests start real stacks. They go first: a long file that is begun last would be waited for by all other workers.
SLOW = ("integration", "catalogue", "examples", "inside", "hops")

sys.path.insert(0, str(Path(__file__).parent))
# nohup and a shell's background jobs ignore these, and so would every command that a test starts and signals.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# The same examples in every run, so that a failure is of the change that was made; others with HYPOTHESIS_PROFILE=fresh.
_COMMON = {"database": None, "deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("portico", derandomize=True, **_COMMON)
settings.register_profile("fresh", **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "portico"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow folders first; within one, the order stays."""
    here = Path(__file__).parent
    folders = (*SLOW, "")
    items.sort(key=lambda item: folders.index(name if (name := item.path.relative_to(here).parts[0]) in SLOW else ""))
