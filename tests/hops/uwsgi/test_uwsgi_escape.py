"""Values in the ini file, read back by the real uWSGI."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_uwsgi import LAUNCHER, pyuwsgi_path

from portico.hops.uwsgi.escape import PLACEHOLDERS, below, ini_value, literal_path, log_path, mountpoint, unix_socket

DUMP = """
import os, uwsgi
with open("values", "wb") as file:
    for number in range(COUNT):
        file.write(uwsgi.opt[f"v{number}"] + b"\\n")
os._exit(0)
"""
SPECIAL = ["%", "%%", "$", "@", "(", ")", "$(", "@(", "$(HOME)", "@(/etc/passwd)", ";", "#", "=", "[", "]", ":", "\\", "'"]
SPECIAL += ['"', " ", "%d", "%(", "dollar", "at", "{", "}", "é", "☃", "\u2028", "\xa0", "true", ".."]


def read_back(values: list[str]) -> list[str]:
    """What uWSGI understands of an ini file with these values."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="uw-") as name:
        folder = Path(name)
        lines = ["[uwsgi]", *(f"set-placeholder = {p}" for p in PLACEHOLDERS), f"socket = {folder}/s", "module = dump"]
        lines += [f"v{number} = {ini_value(value)}" for number, value in enumerate(values)]
        (folder / "a.ini").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "dump.py").write_text(DUMP.replace("COUNT", str(len(values))))
        argv = [sys.executable, LAUNCHER, pyuwsgi_path(), "--ini", str(folder / "a.ini")]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return (folder / "values").read_bytes().decode("utf-8").split("\n")[:-1]


def representable(text: str) -> bool:
    try:
        ini_value(text)
    except ValueError:
        return False
    return True


texts = st.lists(st.one_of(st.sampled_from(SPECIAL), st.text(max_size=4)), max_size=8).map("".join)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.lists(texts.filter(representable), min_size=60, max_size=120))
def test_what_is_written_is_what_uwsgi_reads(values: list[str]) -> None:
    assert read_back(values) == values


def test_awkward_values_are_read_as_they_are() -> None:
    values = ["", "100%sure", "%", "%%", "a%", "%d/%p", "$(HOME)", "x@(/etc/hostname)", "$($(X))", "%$(A)", "%%$(HOME)"]
    values += ["$@(x)", "@$(HOME)", "$$(HOME)", ";x", "#y", "a;b#c", "[x]", "a = b", "=", "$(dollar)", "@(at)", "${HOME}"]
    values += ["true", "end", "'q'", '"', "\\n", "é☃", "x" * 100_000]
    assert read_back(values) == values


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\nb", "control character"),
        ("a\rb", "control character"),
        ("a\0b", "control character"),
        ("a\tb", "control character"),
        ("a\x7f", "control character"),
        (" a", "starts or ends with a space"),
        ("a ", "starts or ends with a space"),
        ("a%(processes)b", "has no escape"),
        ("a%%(b", "has no escape"),
        ("\udcff", "not valid UTF-8"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ini_value(text)


@pytest.mark.parametrize("name", ["a b", "[ab]", "*", "?", "a\\b", "x[!y]z", "%d", "$(HOME)"])
def test_a_python_path_is_no_pattern(name: str) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="uw-") as top:
        folder = Path(top).resolve()
        for other in ("a", "b", "ab", "xaz", name):
            (folder / other).mkdir(exist_ok=True)
        lines = ["[uwsgi]", "strict = true", *(f"set-placeholder = {p}" for p in PLACEHOLDERS), f"socket = {folder}/s"]
        lines += ["module = dump", f"pythonpath = {ini_value(literal_path(str(folder / name)))}"]
        (folder / "a.ini").write_text("\n".join(lines) + "\n")
        (folder / "dump.py").write_text("import os, sys\nopen('path', 'w').write(sys.path[0])\nos._exit(0)\n")
        argv = [sys.executable, LAUNCHER, pyuwsgi_path(), "--ini", str(folder / "a.ini")]
        subprocess.run(argv, cwd=folder, capture_output=True, timeout=30, check=True)
        found = (folder / "path").read_text().split("\n")
        assert found[0].rstrip("/") == str(folder / name)


@pytest.mark.parametrize("path", ["a.sock", "@abstract", "/run/a:b.sock", "fd://3", "=0", ""])
def test_what_is_no_path_of_a_unix_socket_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no path for a unix socket"):
        unix_socket(path)


def test_a_log_may_hold_no_colon() -> None:
    assert log_path("/var/log/a b.log") == "/var/log/a b.log"
    with pytest.raises(ValueError, match="UDP address"):
        log_path("/var/log/a:b.log")


def test_mountpoints_are_percent_decoded_and_hold_no_equals_sign() -> None:
    assert mountpoint("/st%20atic/") == "/st atic/"
    assert mountpoint("/ümlaut/") == "/ümlaut/"
    with pytest.raises(ValueError, match="first '='"):
        mountpoint("/a=b/")
    with pytest.raises(ValueError, match="first '='"):
        mountpoint("/a%3Db/")
    with pytest.raises(ValueError, match="not valid UTF-8"):
        mountpoint("/%ff/")


def test_a_route_pattern_holds_no_space() -> None:
    assert below("/st atic.d/", "x") == r"^/st\x20atic\x2ed/x"
