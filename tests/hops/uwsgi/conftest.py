"""Fixtures for tests that run the real uWSGI."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder with a path short enough for unix sockets, which any account may enter."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="uw-") as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()
