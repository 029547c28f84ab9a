"""Lets every test import the helpers in tests/support; the checkout need not be writable for hypothesis."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("portico", database=None, deadline=None)
settings.load_profile("portico")
