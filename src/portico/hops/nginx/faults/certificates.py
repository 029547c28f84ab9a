"""What a client that checks certificates says of the site's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from portico.hops.nginx.faults import client_kinds as kinds
from portico.model.evidence import Evidence
from portico.model.finding import Finding

_REFUSED = re.compile(r"certificate refused \((\d+)\): (.*)")
#: https://docs.openssl.org/3.0/man1/openssl-verification-options/, X509_V_ERR_*.
_DATES = (9, 10, 13, 14)
_NAMES = (62, 64)


def certificate(evidence: Evidence) -> Iterator[Finding]:
    """By OpenSSL's number of what is wrong."""
    tried, visit = evidence.more.get("verified"), evidence.visit
    refused = _REFUSED.match(tried.error) if tried and not tried.status else None
    if not refused or not tried or not visit:
        return
    number, text = int(refused[1]), refused[2]
    rows = [f"{tried.address}, Host {tried.host}: {text}", *_named(evidence)]
    if number in _DATES:
        yield kinds.EXPIRED.found(
            cause=f"the certificate at {tried.address}: {text}",
            evidence=rows,
            fix=[
                "sudo certbot renew",
                "sudo nginx -s reload   # it reads certificates only when told",
                "date   # is the clock right?",
            ],
            basis="request",
        )
    elif number in _NAMES:
        if _is_name(tried.host):
            yield kinds.OTHER_NAME.found(
                cause=f"the certificate at {tried.address} is not for {tried.host}",
                evidence=rows,
                fix=[
                    f"sudo certbot --nginx -d {tried.host.rpartition(':')[0] or tried.host}",
                    "or name the right pair in the server of that name",
                ],
                basis="request",
            )
    else:
        yield kinds.UNTRUSTED.found(
            cause=f"the certificate at {tried.address} is not trusted by this machine: {text}",
            evidence=rows,
            fix=["ssl_certificate must name the full chain: /etc/letsencrypt/live/NAME/fullchain.pem, not cert.pem"],
            basis="request",
            certainty="likely",
        )


def _named(evidence: Evidence) -> list[str]:
    route = evidence.visit.route if evidence.visit else None
    setting = route.setting("ssl_certificate") if route else None
    return [f"{setting.where}: {setting.text}"] if setting else []


def _is_name(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    return bool(name) and not name.replace(".", "").isdigit() and ":" not in name and name != "localhost"


RULES = (certificate,)
