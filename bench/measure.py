"""CPU time, memory and load for benchmarks: standard library only, figures from /proc."""

from __future__ import annotations

import http.client
import threading
import time
from pathlib import Path


def tree(*roots: int) -> set[int]:
    """The processes and all their descendants."""
    children: dict[int, list[int]] = {}
    for entry in (path.name for path in Path("/proc").iterdir()):
        if entry.isdigit():
            try:
                row = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            children.setdefault(int(row.rsplit(")", 1)[1].split()[1]), []).append(int(entry))
    found, queue = set(roots), list(roots)
    while queue:
        more = children.get(queue.pop(), [])
        found.update(more)
        queue += more
    return found


def cpu_us(pids: set[int]) -> float:
    """Microseconds on a CPU, user and system, of all threads of the processes (/proc/PID/task/*/schedstat, proc(5))."""
    total = 0
    for pid in pids:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1000


def pss_kb(pids: set[int]) -> int:
    """Proportional set size: shared pages are counted once over all processes that share them."""
    total = 0
    for pid in pids:
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total


def load(port: int, path: str, requests: int, clients: int, host: str = "localhost") -> tuple[int, float]:
    """Send `requests` GETs over `clients` keep-alive connections; returns how many answered 200, and the seconds it took."""
    good = [0] * clients
    started = time.monotonic()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(requests // clients):
            connection.request("GET", path, headers={"Host": host})
            response = connection.getresponse()
            response.read()
            good[number] += response.status == 200

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(good), time.monotonic() - started


def wait_until_answers(port: int, path: str = "/", timeout_s: float = 30) -> None:
    """Until a GET is answered 200; ends the program when it never is."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": "localhost"})
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")
