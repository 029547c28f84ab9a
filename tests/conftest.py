"""Lets every test import the helpers in tests/support; the checkout need not be writable for hypothesis."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

#: Where tests start real stacks. They go first: a long file that is begun last would be waited for by all other workers.
SLOW = ("integration", "catalogue", "examples", "inside", "hops")

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("portico", database=None, deadline=None)
settings.load_profile("portico")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow folders first; within one, the order stays."""
    here = Path(__file__).parent
    folders = (*SLOW, "")
    items.sort(key=lambda item: folders.index(name if (name := item.path.relative_to(here).parts[0]) in SLOW else ""))
