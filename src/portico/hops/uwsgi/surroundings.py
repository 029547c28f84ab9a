"""What the reading of a uWSGI configuration asks of the machine it is for; an action answers. Data and a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["file", "folder", "other", "missing", "unknown"]


@dataclass(frozen=True)
class Loaded:
    """A file. `here` is where it lies on this machine, `there` its absolute path on the machine it is for, as `%p` has it.

    `text` is None when there is none; `wrong` says why (empty: nobody looked), or what is wrong with the text.
    """

    here: str
    there: str
    text: str | None = None
    wrong: str = ""


class Surroundings(Protocol):
    """Paths are of the machine the configuration is for; relative ones start where uWSGI is started.

    `folder` is where that is (`is_guess`: nobody said so), `environ` the environment that it is started with, None: not
    known. `beside` is the file that names another one.
    """

    environ: Mapping[str, str] | None
    hostname: str | None
    is_guess: bool
    folder: str

    def load(self, name: str, beside: str) -> Loaded: ...

    def kind(self, path: str) -> Kind: ...

    def names(self, pattern: str) -> tuple[str, ...] | None:
        """What a shell's pattern stands for, in order, folders with a slash at the end; None: that is not known."""

    def text(self, path: str) -> str | None: ...


class Nothing:
    """Nothing is known but the text itself."""

    environ: Mapping[str, str] | None = None
    hostname: str | None = None
    is_guess = False
    folder = "/"

    def load(self, name: str, beside: str) -> Loaded:
        return Loaded(name, name)

    def kind(self, path: str) -> Kind:
        return "unknown"

    def names(self, pattern: str) -> tuple[str, ...] | None:
        return None

    def text(self, path: str) -> str | None:
        return None
