"""`python -m faults`, from tests/: break running stacks under load, count every request's fate, print the table.

--quick    fewer reloads and 1,000 instead of 5,000 GETs at the vanished host
--only N   only these (see --list); several may be named
--write    put the page into docs/reliability.md
Everything takes about 11 minutes on 2 cores; --quick about 8.
"""

from __future__ import annotations

import argparse
import functools
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from faults import disk, peers, report, vanish
from faults.kills import CONFIGURED, KILLS
from faults.reloads import RELOADS, reload_good
from faults.rows import Row
from faults.stacks import CONFIG, Stack, nginxes, running

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
Measure = Callable[[], Row]
Faults = dict[str, Callable[[Stack], Row]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _guarded(measure: Measure, name: str, server: str) -> Row:
    """A measurement that breaks off is a row that says so, not the end of the run."""
    try:
        row = measure()
    except OSError as reason:
        row = Row(name, server, None, remark=f"not measured: {reason}")
    except AssertionError as failure:
        traceback.print_exc()
        row = Row(name, server, None, kept=False, remark=f"broke off: {' '.join(str(failure).split())[:300]}")
    _say(report.line(row))
    return row


def _own(quick: bool, wanted: Callable[[str], bool]) -> Iterator[Row]:
    for nginx in nginxes():
        for django in (False, True):
            reload = functools.partial(reload_good, times=5 if quick or django else 20)
            chosen: Faults = {**RELOADS, "reload": reload, **({} if django else KILLS)}
            yield from _stack(nginx, chosen, wanted, django=django)
        for name, (config, fault) in CONFIGURED.items():
            yield from _stack(nginx, {name: fault}, wanted, config=config)
        label = f"Portico, {nginx} nginx"
        if wanted("disk"):
            yield _guarded(functools.partial(disk.full_disk, nginx), disk.FAULT, label)
        if wanted("vanish"):
            yield _guarded(functools.partial(vanish.vanished_host, nginx, 1000 if quick else 5000), vanish.FAULT, label)


def _stack(
    nginx: str, faults: Faults, wanted: Callable[[str], bool], *, django: bool = False, config: str = CONFIG
) -> Iterator[Row]:
    """The wanted ones of these faults, on one stack that is started for them."""
    chosen = {name: fault for name, fault in faults.items() if wanted(name)}
    if not chosen:
        return
    try:
        with running(nginx, django=django, config=config) as stack:
            for name, fault in chosen.items():
                yield _guarded(functools.partial(fault, stack), name, stack.server)
    except AssertionError as failure:
        text = " ".join(str(failure).split())[:300]
        yield Row(", ".join(chosen), f"Portico, {nginx} nginx", None, kept=False, remark=f"did not start: {text}")


def _peers(wanted: Callable[[str], bool]) -> Iterator[Row]:
    for peer in peers.PEERS if wanted("peers") else ():
        for way in peers.WAYS:
            yield _guarded(functools.partial(peers.reloaded, peer, way), f"reload to {way}", peer.name)


def _versions(wanted: Callable[[str], bool]) -> dict[str, str]:
    ours = {name: version(name) for name in ("portico", "pyuwsgi", "supervisor", "django")}
    try:
        return {**ours, **(peers.versions() if wanted("peers") else {})}
    except (OSError, subprocess.CalledProcessError):
        return ours


def main() -> int:
    options = _arguments()
    names = [*RELOADS, *KILLS, *CONFIGURED, "disk", "vanish", "peers"]
    unknown = set(options.only) - set(names)
    if options.list or unknown:
        _say("\n".join(names) if options.list else f"no such fault: {', '.join(sorted(unknown))}; see --list")
        return 2 if unknown else 0

    def wanted(name: str) -> bool:
        return not options.only or name in options.only

    rows, others = list(_own(options.quick, wanted)), list(_peers(wanted))
    text = report.page(rows, others, _versions(wanted), options.quick)
    _say("\n" + text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0 if all(row.held is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
