"""What processes really read and wrote, by the kernel's word: strace on them while a request is made."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.stack import until

STRACE = shutil.which("strace")
_IN = ("read", "recv", "recvfrom", "recvmsg", "readv", "pread64")
_OUT = ("write", "send", "sendto", "sendmsg", "writev", "sendfile")
_CALL = re.compile(r"^(\d+)\s+(?:<\.\.\. )?(\w+)(?: resumed>)?\(?(\d+)?")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_RESULT = re.compile(r"\) += (\d+)(?: |$)")


@dataclass
class Capture:
    """Everything that went in and out of the processes, in the order of the calls; `sent_files` are bytes by sendfile(2)."""

    file: Path
    came: bytes = b""
    went: bytes = b""
    sent_files: int = 0
    _at: int = field(default=0)

    def read(self) -> Capture:
        """Take in what strace has written by now."""
        text = self.file.read_text(encoding="latin-1")
        end = text.rfind("\n") + 1
        for line in text[self._at : end].splitlines():
            self._take(line)
        self._at = end
        return self

    def _take(self, line: str) -> None:
        call, result = _CALL.match(line), _RESULT.search(line)
        if not call or not result:
            return
        data = b"".join(bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(line))[: int(result[1])]
        if call[2] in _IN:
            self.came += data
        elif call[2] == "sendfile":
            self.sent_files += int(result[1])
        elif call[2] in _OUT and not data.startswith(b'{"e": '):
            # The rest is what the recorder tells of it.
            self.went += data

    def forget(self) -> None:
        self.read()
        self.came = self.went = b""
        self.sent_files = 0


@contextlib.contextmanager
def watching(pids: Sequence[int], file: Path) -> Iterator[Capture]:
    """strace on these processes and their threads."""
    assert STRACE
    calls = ",".join((*_IN, *_OUT))
    command = [STRACE, "-f", "-xx", "-s", "1000000", "-e", f"trace={calls}", "-o", str(file)]
    for pid in pids:
        command += ["-p", str(pid)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: file.exists() and all(_is_traced(pid) for pid in pids), what="strace is attached")
        yield Capture(file)
    finally:
        process.terminate()
        process.wait(20)


def _is_traced(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return "TracerPid:\t0\n" not in status
