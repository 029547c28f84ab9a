"""ALLOWED_HOSTS: which Host headers Django answers (https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts)."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: What Django accepts with DEBUG on and an empty list (django.http.request.HttpRequest.get_host).
_DEBUG_HOSTS = (".localhost", "127.0.0.1", "[::1]")
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
#: A host Django takes as valid at all (django.http.request.host_validation_re), without the port.
_VALID = re.compile(r"[a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\]")


def permits(allowed_hosts: Sequence[str], debug: bool, host: str) -> bool:
    """Whether Django answers a request with this Host (without its port); otherwise it answers 400."""
    name = host.lower().removesuffix(".")
    return bool(_VALID.fullmatch(name)) and any(_matches(name, entry) for entry in _effective(allowed_hosts, debug))


def permitted_host(allowed_hosts: Sequence[str], debug: bool) -> str | None:
    """A Host header that Django answers, a name of this machine if there is one; None if every request is a 400."""
    for host in _LOCAL:
        if permits(allowed_hosts, debug, host):
            return host
    names = (entry.lower().removeprefix(".") for entry in _effective(allowed_hosts, debug))
    return next((name for name in names if permits(allowed_hosts, debug, name)), None)


def server_names(allowed_hosts: Sequence[str]) -> tuple[str, ...]:
    """The names for nginx's `server_name`, which writes `.example.com` as Django does
    (https://nginx.org/en/docs/http/server_names.html). `*` adds none, and neither does an entry that never matches."""
    names = (entry.lower() for entry in allowed_hosts if entry != "*" and not never_matches(entry))
    return tuple(dict.fromkeys(names))


def never_matches(entry: str) -> bool:
    """Whether an entry can match no Host at all: one with a scheme, a port, a path or a character no host name has."""
    return entry != "*" and not _VALID.fullmatch(entry.lower().removeprefix("."))


def _effective(allowed_hosts: Sequence[str], debug: bool) -> Sequence[str]:
    return _DEBUG_HOSTS if debug and not allowed_hosts else allowed_hosts


def _matches(name: str, entry: str) -> bool:
    """django.http.request.validate_host: equal, `*`, or `.example.com` for the domain and all below it."""
    pattern = entry.lower()
    if pattern.startswith("."):
        return name.endswith(pattern) or name == pattern[1:]
    return pattern in ("*", name)
