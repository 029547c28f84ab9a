"""What every stack that is compared is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ground:
    """One stack's own ground: nothing of it is shared with another stack.

    `folder` exists and is empty but for `site`: a copy of the project, with migrated databases and its static files
    collected in `collected` (STATIC_ROOT). `python` is of an environment with Django and the stack's own `packages`.
    `environ` is all that the application needs (DJANGO_SETTINGS_MODULE, BENCH_*). `port` is free on 127.0.0.1, `spare`
    too (for a stack of two servers over TCP). `nginx` is the binary that Portico itself would take.
    """

    folder: Path
    site: Path
    collected: Path
    python: Path
    environ: Mapping[str, str]
    port: int
    spare: int
    cores: int
    nginx: Path


@dataclass(frozen=True)
class Running:
    """A started stack. `roots`: processes whose trees are all its servers (CPU and memory are read there). `stop` returns
    when they are gone. `reload` makes it run the site's changed code and returns when it has been told; None: it cannot
    without an interruption that its own documentation names."""

    roots: Callable[[], tuple[int, ...]]
    stop: Callable[[], None]
    reload: Callable[[], None] | None = None


@dataclass(frozen=True)
class Stack:
    """One way to serve a Django project. `key` names it on the command line, `title` in the table.

    `packages`: what pip installs into its environment beside Django; `apt`: Debian's packages it needs. `static`: it
    serves /static/ itself, without the application. `start` returns when the processes are started, not when they answer;
    raises RuntimeError with what the server said. `version` says what is measured ("gunicorn 27.0.1, nginx 1.22.1").
    `source`: where its configuration is recommended. `only`: the workloads it takes part in; none named are all.
    """

    key: str
    title: str
    packages: tuple[str, ...]
    apt: tuple[str, ...]
    static: bool
    start: Callable[[Ground], Running]
    version: Callable[[Ground], str]
    source: str
    only: tuple[str, ...] = ()
