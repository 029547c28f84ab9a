"""What `portico tune` was asked for."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from portico.actions.options import Options
from portico.model.headers import over, says_forwarded
from portico.model.load import Request


@dataclass(frozen=True)
class Asked:
    """`paths` are asked in turn by each of `clients`; none: the health path. `seconds` is how long each setting is loaded in
    each of `rounds`; None and 0 stand for as much as the page needs. `host` is the Host header, empty for one that
    ALLOWED_HOSTS permits. `processes` and `threads`: what to try, empty for what the page makes sensible. `svg`: where the
    picture goes, None for `.portico/tune.svg`. `write`: put a recommendation into the configuration."""

    options: Options
    paths: tuple[str, ...] = ()
    clients: int = 64
    seconds: float | None = None
    rounds: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    host: str = ""
    processes: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()
    svg: Path | None = None
    write: bool = False

    def requests(self, health_path: str) -> tuple[Request, ...]:
        """What is sent, in turn."""
        headers = over({"User-Agent": "portico", "Accept": "*/*"}, self.headers)
        return tuple(Request(path, "GET", headers) for path in self.paths or (health_path,))

    def again(self, paths: Iterable[str]) -> str:
        """The command that measures those paths in the same way, without the values of headers."""
        given = {"app" if name == "target" else name: value for name, value in self.options.flags().items()}
        given |= {name: getattr(self, name) for name in ("seconds", "rounds", "host")}
        given |= {name: ",".join(map(str, getattr(self, name))) for name in ("processes", "threads")}
        given |= {"clients": self.clients} if self.clients != Asked.clients else {}
        words = ["portico", "tune", *paths]
        for name, value in given.items():
            if value:
                words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
        return shlex.join([*words, *(word for name, _ in self.headers for word in ("-H", f"{name}: ..."))])

    @property
    def forwarded(self) -> bool:
        """Whether the requests say what a load balancer in front says."""
        return says_forwarded(self.headers)


@dataclass(frozen=True)
class Progress:
    """How far a run is: what it does now, the part that is done (0 to 1), and about how many seconds are left."""

    doing: str
    done: float = 0.0
    left_s: float = field(default=0.0, compare=False)
