"""Many small sites on one machine, each a stack of its own started by `portico up -d`: what another one costs."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError

from bench.account import spent_us
from bench.air import HOST
from bench.commands import down, up
from bench.effort import CLIENTS, Effort
from bench.results import Curve
from portico.actions.places import places
from portico.model.load import Load, Request
from portico.system import usage
from portico.system.load import run
from portico.system.sockets import free_port

NUMBERS = (1, 2, 5, 10, 20, 50)
ROUNDS = 3
#: Loads of one round, whatever the number of sites: each goes to the next of them.
_LOADS = 50
_REQUESTS = 80
_AT_ONCE = 4
_APPLICATION = """\
def application(environ, start_response):
    body = b"{name}\\n"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""


@dataclass(frozen=True)
class Site:
    """One started stack: its port, and the processes whose trees are all of it."""

    folder: Path
    port: int
    roots: tuple[int, ...]


def curves(effort: Effort, say: Callable[[str], None]) -> Iterator[Curve]:
    """CPU per request where the sites are asked in turns, and memory per site."""
    cpu: list[tuple[float, float]] = []
    memory: list[tuple[float, float]] = []
    with _folder() as folder, _started(folder) as more:
        for number in NUMBERS[:4] if effort.quick else NUMBERS:
            sites = more(number)
            rounds = [_round(sites) for _ in range(min(ROUNDS, effort.rounds))]
            cpu.append((float(number), statistics.median(rounds)))
            memory.append((float(number), usage.pss_bytes(usage.tree(*_roots(sites))) / 1e6 / number))
            say(f"{number} sites: {cpu[-1][1]:.0f} us of CPU per request, {memory[-1][1]:.1f} MB each")
    about = "sites on the machine, each with processes of its own"
    yield Curve(
        "sites_cpu",
        "CPU per request against the number of sites",
        about,
        "CPU per request, microseconds",
        {"portico": tuple(cpu)},
    )
    yield Curve("sites_memory", "Memory against the number of sites", about, "PSS of a site, MB", {"portico": tuple(memory)})


def _round(sites: list[Site]) -> float:
    """Microseconds of all sites' processes, those that are not asked among them, for a request."""
    before = spent_us(lambda: _roots(sites))
    good = 0
    for number in range(_LOADS):
        site = sites[number % len(sites)]
        good += run(Load(HOST, site.port, (Request("/"),), CLIENTS, count=_REQUESTS)).good
    time.sleep(0.03)
    return (spent_us(lambda: _roots(sites)) - before) / good


def _roots(sites: list[Site]) -> tuple[int, ...]:
    return tuple(pid for site in sites for pid in site.roots)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="portico-sites-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(folder: Path) -> Iterator[Callable[[int], list[Site]]]:
    """It yields a function that starts as many more as are missing to the number; all are down after the block."""
    sites: list[Site] = []

    # Several at once: a command that starts a stack waits half of its time.
    with ThreadPoolExecutor(_AT_ONCE) as pool:

        def more(number: int) -> list[Site]:
            names = [folder / f"site{one}" for one in range(len(sites) + 1, number + 1)]
            sites.extend(pool.map(_site, names, [free_port() for _ in names]))
            for site in sites[-len(names) :]:
                run(Load(HOST, site.port, (Request("/"),), CLIENTS, count=100))
            return sites

        try:
            yield more
        finally:
            list(pool.map(_end, folder.iterdir()))


def _site(folder: Path, port: int) -> Site:
    folder.mkdir(mode=0o755)
    (folder / "wsgi.py").write_text(_APPLICATION.format(name=folder.name), encoding="ascii")
    found, _ = up(folder, "wsgi.py", "--listen", f"{HOST}:{port}")
    roots = [hop["pid"] for hop in found["hops"] if hop.get("pid")]
    return Site(folder, port, (*roots, found["supervisor"]["pid"]))


def _end(folder: Path) -> None:
    with suppress(CalledProcessError):
        down(folder)
        # Root's is not in the folder.
        shutil.rmtree(places(folder).state, ignore_errors=True)
