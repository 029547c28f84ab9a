"""One Result with everything that output for programs must carry, for tests/golden/cli."""

from __future__ import annotations

from pathlib import Path

from portico.model.errors import Exit
from portico.model.finding import Finding, Kind
from portico.model.result import Result

BASE = Path("/work/checkout")
KIND = Kind(
    "nginx.E081",
    "nginx",
    "A hole",
    "A visitor can read files.",
    source="https://example.org/checks#alias",
    shows="Nothing.",
    cure="Write a slash.",
)
KINDS = {KIND.id: KIND}


def finding(
    name: str, severity: str, title: str, evidence: tuple[str, ...], cause: str = "Because.", **more: object
) -> Finding:
    return Finding(name, severity, "nginx", title, evidence, cause, ("do this",), f"docs/findings/{name}.md", **more)  # type: ignore[arg-type]


RESULT = Result(
    "check",
    {
        "project": "/work/checkout/shop site",
        "anchor": "/work/checkout/shop site/portico.toml",
        "unknown": [{"check": "nginx.gixy", "reason": "100 % unreadable,\nit says", "severity": "info"}],
    },
    (
        finding(
            "nginx.E081", "error", "Hole: 100 %, a, b", ("portico.toml:12 ([nginx] extra_server, line 2): here", "x\r\ny")
        ),
        finding("nginx.W999", "warning", "No kind of its own", ("127.0.0.1:8000: pid 7",), certainty="likely"),
        finding("nginx.E081", "error", "Outside", ("/etc/nginx/site:4: alias /srv;",), 'File "wsgi.py", line 3'),
        finding("nginx.I998", "info", "Elsewhere only", ("/etc/nginx/nginx.conf:4",)),
    ),
    Exit.FINDINGS,
)
