"""Fixtures for the tests of hop nginx: every real nginx of this machine, and short folders its workers can reach."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from nginx_lab import binary, candidates

from portico.model.plan import NginxBinary


@pytest.fixture(scope="session", params=candidates(), ids=lambda path: "wheel" if "wheel" in path else path)
def nginx(request: pytest.FixtureRequest) -> NginxBinary:
    found = binary(request.param)
    if found is None:
        pytest.skip(f"there is no {request.param}")
    return found


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder with a short path (a unix socket's has at most 107 bytes) that any account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="pn-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
