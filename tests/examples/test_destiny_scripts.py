"""scripts/bootstrap and the Makefile: what they say where something is missing. No network, no package is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "ls", "awk", "id", "rm", "mkdir", "touch", "cat", "cksum", "tail", "env")
TOO_OLD = "#!/bin/sh\nexit 1\n"
WITHOUT_ENSUREPIP = "#!/bin/sh\ncase $* in *version_info*) exit 0 ;; *) exit 1 ;; esac\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder with a hard name; beside it `bin` (stand-ins) and `tools` (real ones) make a PATH."""
    root = tmp_path / 'it\'s a "check $out"'
    for name in ("scripts/bootstrap", "Makefile", "pyproject.toml", "examples/destiny/requirements.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, root / name)
    (tmp_path / "bin").mkdir()
    (tmp_path / "tools").mkdir()
    for tool in TOOLS:
        (tmp_path / "tools" / tool).symlink_to(shutil.which(tool) or pytest.skip(f"no {tool} here"))
    return root


def put(checkout: Path, name: str, script: str) -> None:
    path = checkout.parent / "bin" / name
    with path.open("x") as file:  # never through a link
        file.write(script)
    path.chmod(0o755)


def bootstrap(checkout: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    call = ["/bin/sh", str(checkout / "scripts" / "bootstrap"), *arguments]
    environ = {"PATH": f"{checkout.parent}/bin:{checkout.parent}/tools", **extra}
    return subprocess.run(call, cwd="/", env=environ, capture_output=True, text=True, timeout=60)


def test_without_a_python_one_line_says_what_to_do(checkout: Path) -> None:
    put(checkout, "python3", TOO_OLD)
    done = bootstrap(checkout)
    assert done.returncode == 3
    assert done.stderr == (
        "bootstrap: no Python 3.10 or later was found; install Python 3.10 or later with its venv and pip modules\n"
    )


def test_a_python_without_ensurepip_is_named(checkout: Path) -> None:
    put(checkout, "python3", TOO_OLD)
    put(checkout, "python3.12", WITHOUT_ENSUREPIP)
    done = bootstrap(checkout, "dev")
    assert done.returncode == 3
    assert f"{checkout.parent}/bin/python3.12 cannot make environments (it has no ensurepip)" in done.stderr


def test_where_apt_get_cannot_help_the_exact_command_is_given(checkout: Path) -> None:
    put(checkout, "python3", WITHOUT_ENSUREPIP)
    put(checkout, "apt-get", TOO_OLD)
    done = bootstrap(checkout)
    assert done.returncode == 3
    assert done.stderr.endswith("apt-get install -y python3-venv\n")


def test_apt_get_is_asked_for_the_package_of_the_python_that_was_found(checkout: Path) -> None:
    put(checkout, "python3.13", WITHOUT_ENSUREPIP)
    put(checkout, "id", "#!/bin/sh\necho 0\n")
    put(checkout, "apt-get", f'#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >>"{checkout.parent}/asked"\n')
    assert bootstrap(checkout).returncode == 3
    asked = (checkout.parent / "asked").read_text().splitlines()
    assert asked == [
        "noninteractive -qq update",
        "noninteractive -qq install -y --no-install-recommends python3.13-venv",
    ]


def test_a_python_that_was_named_is_not_replaced_by_another(checkout: Path) -> None:
    put(checkout, "python3", WITHOUT_ENSUREPIP)
    put(checkout, "old", TOO_OLD)
    done = bootstrap(checkout, PYTHON="old")
    assert done.returncode == 3
    assert "no Python 3.10 or later was found" in done.stderr


def test_usage(checkout: Path) -> None:
    done = bootstrap(checkout, "everything")
    assert done.returncode == 2
    assert done.stderr == "bootstrap: usage: scripts/bootstrap [demo|dev]\n"


def test_make_alone_lists_every_target() -> None:
    if not shutil.which("make"):
        pytest.skip("no make here")
    said = subprocess.run(["make"], cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60).stdout
    for target in ("demo", "test", "check", "lint", "types", "imports", "docs", "bench", "clean"):
        assert f"make {target}" in said
