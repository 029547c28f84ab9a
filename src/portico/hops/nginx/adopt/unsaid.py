"""What no line says: there nginx has a default, and Portico another."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.nginx.adopt.site import Site
from portico.model.adoption import Carried, Value

#: By directive: what nginx does without it, the key and the value that say so, and what Portico does without the key.
_DEFAULTS: dict[str, tuple[str, str, Value, str]] = {
    "client_max_body_size": ("1m", "nginx.client_max_body_size", "1m", "25m"),
    "gzip": ("off", "nginx.gzip", False, "on"),
    "charset": ("off", "nginx.charset", "off", "utf-8"),
}


def unsaid(site: Site) -> Iterator[Carried]:
    """Defaults of nginx that Portico has otherwise. In a configuration that Portico wrote they are what its keys said."""
    for name, (default, key, value, own) in _DEFAULTS.items():
        if site.in_force(name):
            continue
        text = f"no {name}"
        if site.is_rendered:
            yield Carried(site.where, text, "key", key, value)
        else:
            said = f'"{value}"' if isinstance(value, str) else str(value).lower()
            why = f"nginx's default is {default}, Portico's {own}: {key} = {said} keeps the first"
            yield Carried(site.where, text, "differs", why=why)
