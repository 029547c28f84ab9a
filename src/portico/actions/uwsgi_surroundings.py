"""What the configuration of a uWSGI asks of the machine it is for, answered from this one."""

from __future__ import annotations

import glob
import itertools
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass

from portico.hops.uwsgi.surroundings import Kind, Loaded
from portico.model.adoption import NO_MAP, PathMap
from portico.system.look import texts
from portico.system.look.paths import real

_MOST_NAMES = 10_000
_PATIENCE_S = 2.0


@dataclass
class Here:
    """The machine, as far as `paths` brings its files here. `folder` is where uWSGI is started, of that machine; `main` is
    the path of the file that was named, there and here, which need not lie where `paths` says."""

    folder: str
    main: tuple[str, str] = ("", "")
    paths: PathMap = NO_MAP
    environ: Mapping[str, str] | None = None
    is_guess: bool = False
    largest_bytes: int = texts.LARGEST_BYTES
    hostname: str | None = None

    def load(self, name: str, beside: str) -> Loaded:
        there = os.path.join(self.folder, name)  # noqa: PTH118 -- a path of another machine
        if name == self.main[0]:
            here = self.main[1]
        else:
            here = self._here(there)
            here = real(here) if self.paths == NO_MAP else here
        text, wrong = texts.read(here, self.largest_bytes)
        if text is not None and wrong and self.largest_bytes > texts.LARGEST_BYTES:
            text, wrong = None, f"larger than {self.largest_bytes >> 20} MiB: nobody wrote that by hand"
        # No path and no name has a NUL in it; whoever uses one would be refused.
        return Loaded(here, self._full(there, here), text if text is None else text.replace("\0", "\ufffd"), wrong)

    def _full(self, there: str, here: str) -> str:
        """uWSGI keeps the path of a symbolic link and resolves that of any other file."""
        if os.path.islink(here):  # noqa: PTH114
            return os.path.normpath(there)
        return back(self.paths, real(here)) if here != self.main[1] or self.paths == NO_MAP else there

    def _here(self, path: str) -> str:
        return self.paths.here(os.path.normpath(os.path.join(self.folder, path)))  # noqa: PTH118

    def kind(self, path: str) -> Kind:
        here = self._here(path)
        try:
            mode = os.stat(here).st_mode  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError):
            return "missing" if self._is_known(here) else "unknown"
        except (OSError, ValueError):
            return "unknown"
        return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "other"

    def _is_known(self, here: str) -> bool:
        """Whether what is absent here is absent there, too: only where its folder was brought along."""
        return self.paths == NO_MAP or os.path.isdir(os.path.dirname(here))  # noqa: PTH112, PTH120

    def names(self, pattern: str) -> tuple[str, ...] | None:
        here = self._here(pattern)
        deadline = time.monotonic() + _PATIENCE_S
        found: list[str] = []
        try:
            for name in itertools.islice(glob.iglob(here), _MOST_NAMES):  # noqa: PTH207 -- a pattern of uWSGI's
                if time.monotonic() > deadline:
                    return None
                found.append(name + "/" if os.path.isdir(name) else name)  # noqa: PTH112
        except (OSError, ValueError, RecursionError):
            return None
        if not found:
            return (pattern,) if self._is_known(here) else None
        if pattern.startswith("/"):
            return tuple(back(self.paths, name) for name in sorted(found))
        start = len(self.folder.rstrip("/")) + 1
        return tuple(back(self.paths, name)[start:] for name in sorted(found))

    def text(self, path: str) -> str | None:
        return texts.read(self._here(path))[0]


def back(paths: PathMap, path: str) -> str:
    """The path on the other machine of one that lies here; what was not brought from there stays."""
    for old, new in sorted(paths.pairs, key=lambda pair: -len(pair[1])):
        if path == new or path.startswith(new.rstrip("/") + "/"):
            return old + path[len(new.rstrip("/")) :] or "/"
    return path
