"""The addresses nginx's servers listen on, and the URL a client would use.

https://nginx.org/en/docs/http/ngx_http_core_module.html#listen
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from portico.model.directive import Directive

PASSES = ("uwsgi_pass", "proxy_pass", "fastcgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")
_MOST_PORTS = 1024
_LAST_PORT = 65535


@dataclass(frozen=True)
class ServerListen:
    """One address of one server. `host` is `*`, `::`, an address without brackets, a name, or `unix:/path` (then `port` is
    0). `default`: marked as the default server. `directive` is None where nginx's own default is in force. `both`: the
    address `::` takes IPv4 too (`ipv6only=off`)."""

    server: Directive
    host: str
    port: int
    ssl: bool
    default: bool
    directive: Directive | None = None
    both: bool = False

    @property
    def address(self) -> str:
        """As the kernel lists it: `0.0.0.0:80`, `[::]:80`, `127.0.0.1:8000`, `unix:/run/web.sock`."""
        if self.host.startswith("unix:"):
            return self.host
        host = "0.0.0.0" if self.host == "*" else self.host  # noqa: S104
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


def http_block(tree: Directive) -> Directive | None:
    """The http block. A file that is made for being included into it counts as its content."""
    found = tree.first("http")
    if found:
        return found
    return tree if any(entry.block is not None for entry in tree.all("server", "upstream")) else None


def servers(tree: Directive) -> tuple[Directive, ...]:
    """The servers of the http block, in the order of the configuration."""
    http = http_block(tree)
    return tuple(entry for entry in http.all("server") if entry.block is not None) if http else ()


def listens(tree: Directive, root: bool = True) -> tuple[ServerListen, ...]:
    """All addresses of all servers. A server without `listen` has `*:80`, or `*:8000` when nginx does not start as root.
    Addresses of HTTP/3 (`quic`) are left out: nothing here speaks UDP."""
    http = http_block(tree)
    around = http.first("ssl") if http else None
    return tuple(entry for server in servers(tree) for entry in _of_server(around, server, root))


def _of_server(around: Directive | None, server: Directive, root: bool) -> Iterator[ServerListen]:
    switch = server.first("ssl") or around
    ssl_on = switch is not None and switch.args == ("on",)
    given = [entry for entry in server.all("listen") if entry.args]
    if not given:
        yield ServerListen(server, "*", 80 if root else 8000, ssl_on, False)
    for entry in given:
        options = entry.args[1:]
        if "quic" in options:
            continue
        default = "default_server" in options or "default" in options
        for host, port in _addresses(entry.args[0]):
            yield ServerListen(server, host, port, ssl_on or "ssl" in options, default, entry, "ipv6only=off" in options)


def _addresses(text: str) -> Iterator[tuple[str, int]]:
    if text.startswith("unix:"):
        yield text, 0
        return
    host, ports = _split(text)
    first, _, last = ports.partition("-")
    if not first.isdigit() or (last and not last.isdigit()):
        return
    begin, end = int(first), min(int(last or first), _LAST_PORT)
    for port in range(begin, min(end, begin + _MOST_PORTS) + 1):
        yield _host(host), port


def _split(text: str) -> tuple[str, str]:
    """Host and port of `80`, `*:80`, `127.0.0.1`, `[::]:80`, `8000-8010`; 80 is the port that is not said."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":") or "80"
    if ":" in text:
        host, _, port = text.rpartition(":")
        return host, port
    return ("*", text) if text.replace("-", "").isdigit() else (text, "80")


def _host(text: str) -> str:
    if text in ("", "*", "0.0.0.0"):  # noqa: S104
        return "*"
    return canonical("127.0.0.1" if text == "localhost" else text)


def canonical(host: str) -> str:
    """An address in its shortest form; a name in small letters."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower()


def first_url(tree: Directive, root: bool, server: Directive | None = None) -> str:
    """The URL a client on this machine would use: of `server`, else of the first that passes requests on, else of the first,
    plain HTTP before HTTPS. Empty when none of them listens on a port."""
    found = [entry for entry in listens(tree, root) if not entry.host.startswith("unix:") and entry.port]
    found = [entry for entry in found if server is None or entry.server is server]
    if not found:
        return ""
    best = min(found, key=lambda entry: (not _passes(entry.server), entry.ssl))
    scheme, usual = ("https", 443) if best.ssl else ("http", 80)
    host = {"*": "127.0.0.1", "::": "::1"}.get(best.host, best.host)
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}/" if best.port == usual else f"{scheme}://{host}:{best.port}/"


def _passes(server: Directive) -> bool:
    return next(server.deep(*PASSES), None) is not None
