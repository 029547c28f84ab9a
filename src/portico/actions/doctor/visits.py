"""Requests: the one under examination, one for a static file, failed ones of the logs; and where nginx takes each."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from portico.actions.doctor.look_nginx import worker
from portico.actions.doctor.target import Target
from portico.hops.nginx.listens import first_url
from portico.hops.nginx.route import candidates, route
from portico.model.evidence import NginxSeen, Visit
from portico.system import accounts
from portico.system.look import ask
from portico.system.look.paths import walk

#: How long the doctor waits for an answer; nginx's own patience is usually longer, and its silence says as much.
PATIENCE_S = 10.0
#: Of a folder of static files, so many names are looked at for a style sheet.
_MOST_NAMES = 2000


def address_of(target: Target, nginx: NginxSeen) -> str:
    """The absolute URL to examine; empty when nothing says where the site should be."""
    if target.url:
        return target.url
    if target.plan:
        path = target.path if target.asked.url else target.plan["site"]["health_path"]
        return _listen_url(target.plan).rstrip("/") + path
    base = first_url(nginx.tree, accounts.ourselves().uid == 0) if nginx.tree else ""
    return base.rstrip("/") + target.path if base else ""


def _listen_url(plan: Mapping[str, Any]) -> str:
    host, port = plan["listen"]["host"], plan["listen"]["port"]
    host = {"0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def host_of(target: Target, nginx: NginxSeen, url: str) -> str:
    """The Host header a client would send: the URL's, or where no URL was named, the site's own name."""
    if target.url:
        return urlsplit(url).netloc.rpartition("@")[2]
    if target.plan:
        return str(target.plan["site"]["health_host"])
    parts = urlsplit(url)
    found = (
        route(nginx.tree, parts.scheme, parts.hostname or "", _port(url), parts.netloc, parts.path) if nginx.tree else None
    )
    named = found.server.first("server_name") if found and found.server else None
    plain = [name for name in (named.args if named else ()) if not set(name) & set("*~_$") and name]
    return plain[0] if plain else parts.netloc


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or {"https": 443}.get(parts.scheme, 80)


def visit(
    nginx: NginxSeen, name: Literal["asked", "static", "recent"], url: str, host: str, patience_s: float | None = None
) -> Visit:
    """Make the request and find its way through the configuration."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": host, "X-Request-ID": uuid.uuid4().hex, "User-Agent": "portico-doctor", "Accept": "*/*"}
    patience_s = patience_s or PATIENCE_S
    exchange = ask.http(parts.scheme, parts.hostname or "", _port(url), path, headers=headers, timeout_s=patience_s)
    # Where nobody or somebody else sits at the address, nginx's configuration says nothing about the answer.
    if (
        nginx.tree is None
        or exchange.stage == "connect"
        or any(address.rpartition(":")[2] == str(_port(url)) for address, _ in nginx.taken)
    ):
        return Visit(name, exchange)
    way = route(nginx.tree, parts.scheme, parts.hostname or "", _port(url), host, path, prefix=nginx.prefix, headers=headers)
    files = tuple(walk(file, worker(nginx), "r") for file in candidates(way, path, nginx.prefix, headers))
    return Visit(name, exchange, way, files)


def passes_on(nginx: NginxSeen, url: str, host: str) -> bool:
    """Whether nginx would ask a backend for it, as far as the configuration tells."""
    if nginx.tree is None:
        return True
    parts = urlsplit(url)
    way = route(nginx.tree, parts.scheme, parts.hostname or "", _port(url), host, parts.path, prefix=nginx.prefix)
    return way.action not in ("file", "return")


def static_url(url: str, static_url: str, static_root: str, has_admin: bool) -> str:
    """The URL of a static file that should be there; empty when there is none to be named."""
    if not static_url.startswith("/"):
        return ""
    name = style_sheet(static_root) or ("admin/css/base.css" if has_admin else "")
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{static_url.rstrip('/')}/{name}" if name else ""


def style_sheet(root: str) -> str:
    """A style sheet in that folder, else any file; none in a hidden folder, which nobody is to see."""
    count, other = 0, ""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            count += 1
            relative = str(Path(folder, name).relative_to(root))
            if name.endswith(".css"):
                return relative
            other = other or ("" if name.startswith(".") else relative)
        if count > _MOST_NAMES:
            break
    return other


def failed_lately(nginx: NginxSeen, asked_path: str) -> Sequence[str]:
    """Paths of requests that failed lately and are safe to repeat (GET and HEAD): first what broke, then what was not found
    or not permitted, each the last first. What does not begin with a slash was meant for a proxy, and not for this site."""
    failed = [
        entry
        for entry in reversed(nginx.accesses)
        if entry.method in ("GET", "HEAD")
        and (entry.status >= 500 or entry.status in (400, 403, 404))
        and entry.uri.startswith("/")
        and entry.uri != asked_path
    ]
    failed.sort(key=lambda entry: entry.status < 500)
    return list(dict.fromkeys(entry.uri for entry in failed))[:3]
