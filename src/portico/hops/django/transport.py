"""Whether a browser's request can reach the site over TLS, as far as the plan says."""

from __future__ import annotations

import ipaddress
import re

from portico.model.plan import Listen, Plan

_TLS = re.compile(r"^\s*listen\b[^;#]*\b(ssl|quic)\b")


def on_loopback(listen: Listen) -> bool:
    """Whether only this machine reaches that address."""
    return listen.host != "*" and ipaddress.ip_address(listen.host).is_loopback


def plain_http(plan: Plan) -> bool:
    """Whether the plan lets no request arrive over TLS: nobody in front is trusted to say so (`trusted_proxies`), and no raw
    line makes nginx end TLS itself. False where an nginx elsewhere is in front, of which nothing is known."""
    if plan.front == "elsewhere":
        return False
    if plan.nginx is None:
        return True
    raw = (*plan.nginx.extra_http, *plan.nginx.extra_server)
    return not plan.nginx.trusted_proxies and not any(_TLS.match(line) for line in raw)
