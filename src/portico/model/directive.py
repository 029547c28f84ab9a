"""What is written in configuration files of nginx and uWSGI, with the place of every line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Directive:
    """One directive of nginx's configuration. `args` are unquoted; `block` is None for a simple directive; `file` is
    absolute and `line` counts from 1, in the file it is really written in (includes are resolved)."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    block: tuple[Directive, ...] | None = None

    @property
    def where(self) -> str:
        """`/etc/nginx/site.conf:12`."""
        return f"{self.file}:{self.line}"

    @property
    def text(self) -> str:
        """As it reads in the file, without its block: `uwsgi_pass unix:/run/app.sock`."""
        return " ".join((self.name, *self.args))

    def all(self, *names: str) -> Iterator[Directive]:
        """The directives of that name directly inside this block."""
        return (entry for entry in self.block or () if entry.name in names)

    def first(self, *names: str) -> Directive | None:
        """The first of them."""
        return next(self.all(*names), None)

    def deep(self, *names: str) -> Iterator[Directive]:
        """The directives of that name at any depth below this one, in the order of the file."""
        for entry in self.block or ():
            if entry.name in names:
                yield entry
            yield from entry.deep(*names)


@dataclass(frozen=True)
class Option:
    """One option of uWSGI. `name` has dashes (`chmod-socket`), `value` is `true` for a flag; `where` is
    `/srv/app/uwsgi.ini:7` or `command line`; `raw` is the value before magic variables were expanded."""

    name: str
    value: str
    where: str
    raw: str = ""
