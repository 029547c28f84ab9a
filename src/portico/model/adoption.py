"""What becomes of a deployment that somebody wrote by hand: one entry for every directive of nginx and option of uWSGI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

#: `key`: a key of portico.toml says the same. `same`: Portico writes or does exactly that itself. `raw`: it is copied as a
#: raw line into a key of raw lines. `differs`: Portico does it otherwise, `why` says how and what would change that.
#: `left`: it is not carried over; `why` says what it means and what to do.
Fate = Literal["key", "same", "raw", "differs", "left"]
#: What a key of portico.toml can hold: a list adds to what other lines put there, so does a table.
Value = str | int | bool | tuple[str, ...] | Mapping[str, str]


@dataclass(frozen=True)
class Carried:
    """The fate of one line. `where` is `file:line`, `text` the line as it reads in the file (of a secret only its name).

    `key` is a dotted key of portico.toml (`nginx.client_max_body_size`) and `value` what the line puts there, for `key` and
    `raw`; a line that several keys come from has an entry for each. For `raw` the value are lines of text, `paths` the paths
    that they need on this machine. `why` is one sentence; it may be empty for `key` and `same`.
    """

    where: str
    text: str
    fate: Fate
    key: str = ""
    value: Value | None = None
    why: str = ""
    paths: tuple[str, ...] = ()


class Placed(Protocol):
    """What is written in a file; `where` as in Carried."""

    @property
    def where(self) -> str: ...


Line = TypeVar("Line", bound=Placed)


@dataclass(frozen=True)
class Fates(Generic[Line]):
    """Makes entries of one program's lines; `shown` is how such a line reads in its file, without what is secret in it."""

    shown: Callable[[Line], str]

    def key(self, line: Line, name: str, value: Value, why: str = "") -> Carried:
        """A key of portico.toml says the same."""
        return Carried(line.where, self.shown(line), "key", name, value, why)

    def same(self, line: Line, why: str = "") -> Carried:
        """Portico writes or does exactly that."""
        return Carried(line.where, self.shown(line), "same", why=why)

    def differs(self, line: Line, why: str) -> Carried:
        """Portico does it otherwise."""
        return Carried(line.where, self.shown(line), "differs", why=why)

    def left(self, line: Line, why: str) -> Carried:
        """It is not carried over."""
        return Carried(line.where, self.shown(line), "left", why=why)


@dataclass(frozen=True)
class PathMap:
    """Where the paths of another machine lie on this one: pairs of `/old` and `/new` without a slash at the end.

    The longest `old` that a path is, or lies under, wins; a path under none stays. `("", "/srv/root")` is the root of the
    other machine (`--root`)."""

    pairs: tuple[tuple[str, str], ...] = ()

    def here(self, path: str) -> str:
        """The path on this machine of an absolute path; what is not absolute stays as it is."""
        if not path.startswith("/"):
            return path
        for old, new in sorted(self.pairs, key=lambda pair: -len(pair[0])):
            if path == old or path.startswith(old + "/"):
                return (new + path[len(old) :]) or "/"
        return path


#: Files of this machine.
NO_MAP = PathMap()
