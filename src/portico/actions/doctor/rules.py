"""All rules of the doctor, hop by hop in the order of the path, and all kinds by id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from portico.hops.django import faults as django
from portico.hops.nginx import faults as nginx
from portico.hops.uwsgi import faults as uwsgi
from portico.hops.wsgi import faults as wsgi
from portico.model.evidence import Evidence
from portico.model.finding import Finding, Kind
from portico.seams import faults as seams
from portico.seams import nginx_django, nginx_uwsgi

Rule = Callable[[Evidence], Iterator[Finding]]


def _modules() -> Iterator[ModuleType]:
    for package in (nginx, seams, uwsgi, wsgi, django):
        for info in iter_modules(package.__path__, f"{package.__name__}."):
            yield import_module(info.name)


_MODULES = tuple(_modules())
#: `RULES` of every module in the hops' and the seams' `faults`.
RULES: tuple[Rule, ...] = tuple(rule for module in _MODULES for rule in getattr(module, "RULES", ()))
KINDS: dict[str, Kind] = {
    value.id: value
    for module in (*_MODULES, nginx_uwsgi, nginx_django)
    for value in vars(module).values()
    if isinstance(value, Kind)
}
