"""The TCP address between an nginx and a uWSGI of one machine: nobody else needs it, and the old pair may still hold it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from portico.model.adoption import Carried

#: Keys of nginx's lines that say where uWSGI is: at an address that the user chose for Portico, or on other machines.
_SAID = ("uwsgi.address", "role")


def plumbing(nginx: Iterable[Carried], uwsgi: Iterable[Carried]) -> tuple[Carried, ...]:
    """The lines of uWSGI. Where nginx connects to it on this machine, and its lines name no address to keep, Portico's own
    unix socket takes the place of the address, so that the new pair runs beside the old one."""
    lines = tuple(nginx)
    if not lines or any(line.key in _SAID for line in lines):
        return tuple(uwsgi)
    return tuple(_own(line) if line.key == "uwsgi.address" else line for line in uwsgi)


def _own(line: Carried) -> Carried:
    why = (
        "nginx and uWSGI are on one machine: Portico connects them by a unix socket of its own, in its runtime directory; "
        f'`[uwsgi] address = "{line.value}"` is a port again'
    )
    return replace(line, fate="differs", key="", value=None, why=why)
