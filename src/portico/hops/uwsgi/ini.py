"""One ini file of uWSGI as options, nothing known but its text. Pure; `actions.uwsgi_files` reads whole configurations."""

from __future__ import annotations

from portico.hops.uwsgi.logic import Machine
from portico.hops.uwsgi.normal import file_of, normal, with_set
from portico.hops.uwsgi.surroundings import Loaded, Nothing
from portico.model.directive import Option

__all__ = ["file_of", "normal", "parse", "with_set"]


def parse(text: str, file: str, section: str = "uwsgi") -> tuple[tuple[Option, ...], tuple[str, ...]]:
    """The options of a file in order, and what is odd about it, one sentence each with its `file:line`.

    `file` is absolute. `section` is the one that uWSGI was asked for (`--ini FILE:SECTION`); one that comes again is merged.
    Second names are replaced by the first (`venv` by `home`); other names are as written, since `_` is not `-` to uWSGI.
    What other files hold is not known, nor are conditions: what stands under one is taken as if it held.
    """
    loaded = Loaded(file, file, text)
    machine = Machine(_Alone(loaded))
    machine.text(loaded, section, "ini")
    reading = machine.reading()
    return reading.options, reading.problems


class _Alone(Nothing):
    """One file, and nothing else."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded

    def load(self, name: str, beside: str) -> Loaded:
        return self.loaded if name == self.loaded.here else super().load(name, beside)
