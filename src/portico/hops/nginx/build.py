"""What `nginx -V` says about a binary."""

from __future__ import annotations

import re
import shlex
from typing import Literal

from portico.model.plan import NginxBinary

_VERSION = re.compile(r"\b(?:nginx|openresty|freenginx)/(\d+)\.(\d+)\.(\d+)")
_ARGUMENTS = re.compile(r"^configure arguments:(.*)$", re.MULTILINE)

#: Built unless `--without-..._module` says no (https://nginx.org/en/docs/configure.html).
_HTTP_BY_DEFAULT = """
    http_access http_auth_basic http_autoindex http_browser http_charset http_empty_gif http_fastcgi http_geo http_grpc
    http_gzip http_limit_conn http_limit_req http_map http_memcached http_mirror http_proxy http_referer http_rewrite
    http_scgi http_split_clients http_ssi http_upstream_hash http_upstream_ip_hash http_upstream_keepalive
    http_upstream_least_conn http_upstream_random http_upstream_zone http_userid http_uwsgi
"""


def parse_build(text: str, path: str, origin: Literal["system", "wheel", "configured"]) -> NginxBinary | None:
    """The binary that printed `text` (the whole output of `nginx -V`); None when that is not an nginx.

    Modules built as `dynamic` are left out: they do nothing until a `load_module`.
    """
    version = _VERSION.search(text)
    arguments = _ARGUMENTS.search(text)
    if not version or not arguments:
        return None
    try:
        flags = shlex.split(arguments[1])
    except ValueError:
        flags = arguments[1].split()
    major, minor, patch = (int(part) for part in version.groups())
    return NginxBinary(path, (major, minor, patch), _modules(flags), origin)


def _modules(flags: list[str]) -> frozenset[str]:
    modules = set() if "--without-http" in flags else {"http", *_HTTP_BY_DEFAULT.split()}
    for flag in flags:
        name, _, value = flag.partition("=")
        if name.startswith("--without-"):
            modules.discard(_name(name.removeprefix("--without-")))
        elif name.startswith("--with-") and not value:
            modules.add(_name(name.removeprefix("--with-")))
        elif name == "--add-module":
            modules |= _added(value)
    return frozenset(modules)


def _name(flag: str) -> str:
    return flag.removesuffix("_module").replace("-", "_")


def _added(path: str) -> set[str]:
    """The name of a third-party module from its source folder: `headers-more-nginx-module-0.40` is `headers_more`."""
    folders = [folder for folder in path.split("/") if folder]
    brotli = [folder for folder in folders if "brotli" in folder]
    if brotli:
        parts = [part for part in ("filter", "static") if folders[-1].endswith(part)] or ["filter", "static"]
        return {f"http_brotli_{part}" for part in parts}
    named = [folder for folder in folders if folder not in ("nginx", "src")]
    if not named:
        return set()
    name = re.sub(r"-v?\d[\d.]*\w*$", "", named[-1]).replace("-", "_")
    name = re.sub(r"^(ngx|nginx)_(module_)?", "", name)
    return {re.sub(r"(_nginx)?(_module)?$", "", name)}
