"""What the template needs to know of a folder whose files nginx serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portico.hops.nginx import escape
from portico.hops.nginx.compressible import endings
from portico.hops.nginx.escape import Escaped
from portico.model.plan import NginxPlan, Plan
from portico.model.site import CODINGS, ENCODED, StaticMap


def has_encoded(entry: StaticMap, plan: Plan) -> bool:
    """Whether smaller copies of these files are made and served: of what Portico collects, where `nginx.gzip` is on.

    A question mark in the prefix would end the URI of a `rewrite`
    (https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#rewrite).
    """
    collected = entry.root != entry.of_release(plan.paths.static, 0)
    if plan.nginx is None or not plan.nginx.gzip or "http_gzip" not in plan.nginx.binary.modules:
        return False
    by_nginx = entry.served_by == "nginx" and entry.kind == "static"
    return by_nginx and collected and "?" not in escape.decoded(entry.url)


def has_gzip_static(nginx: NginxPlan) -> bool:
    """Whether nginx sends name.gz itself where it lies beside name."""
    return nginx.gzip and "http_gzip_static" in nginx.binary.modules


def view(entry: StaticMap, plan: Plan, nginx: NginxPlan) -> dict[str, Any]:
    """Every name the template uses of it, escaped. Raises ValueError."""
    static = entry.kind == "static"
    root = entry.root.rstrip("/") + "/"
    encoded = has_encoded(entry, plan)
    return {
        "key": Escaped(entry.kind),
        "prefix": escape.location_prefix(entry.url),
        "hidden": escape.hidden_files(entry.url),
        "root": escape.quoted_path(root),
        "hashed": static and entry.hashed,
        "media": not static,
        "gzip_static": static and not encoded and has_gzip_static(nginx),
        "brotli_static": static and not encoded and nginx.gzip and "http_brotli_static" in nginx.binary.modules,
        "encoded": _encoded(entry.url, root) if encoded else None,
    }


def _encoded(url: str, root: str) -> dict[str, Escaped]:
    found = "$portico_accepted/$portico_file"
    return {
        "wanted": escape.shrinking_files(url, endings()),
        "file": escape.quoted_path(f"{root}{ENCODED}/", found),
        "uri": escape.quoted_path(f"{escape.decoded(url)}{ENCODED}/", found),
        "location": escape.copies(url, ENCODED, CODINGS),
    }


def with_variables(views: Iterable[Mapping[str, Any]]) -> list[Escaped]:
    """Those values in which nginx expands variables."""
    return [text for one in views for text in (one["root"], *(one["encoded"] or {}).values())]
