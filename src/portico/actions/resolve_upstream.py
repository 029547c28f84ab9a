"""The uWSGIs that nginx shares requests among, and how."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from portico.actions.layers import Layers
from portico.hops.nginx.render import takes_backup
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.plan import Server, UpstreamPlan
from portico.model.units import duration_s

BAD_SERVER = Kind(
    "config.E012",
    "config",
    "A server of the upstream cannot be used",
    "nginx connects to an address and a port, and knows a few words about each server.",
    "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server",
    shows="The command ends with exit status 2 and names the word or the address that is not understood.",
    example='servers = ["10.0.0.2"]        # the port is missing',
    cure='`servers = ["10.0.0.2:9090 weight=2", "10.0.0.3:9090 backup"]`. The words are `weight=N`, `backup`, `down`, '
    "`max_fails=N` and `fail_timeout=30s`; one server at least must be no `backup`.",
)
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):(\d{1,5})")


def resolve_upstream(layers: Layers, local: int, worker_sockets: bool = False) -> UpstreamPlan:
    """`local` is how many instances of uWSGI nginx can tell apart on this machine. The defaults lose nothing
    when one of several vanishes: two failures leave a server out for half a minute, so that one slow answer does not. Nobody
    is ever left out where nobody else could be asked: a single one, a reserve, and all where `balance` knows no reserve
    (after a crash of all of them nginx would answer 502 for half a minute without asking)."""
    pick = layers.pick
    texts: tuple[str, ...] = pick("servers", ())
    servers = tuple(_server(text) for text in texts)
    several = local + len(servers) > 1
    why = "the worker that has the fewest requests" if worker_sockets else ""
    balance = pick("upstream.balance", "least_conn" if worker_sockets else "round_robin", why=why)
    spare = takes_backup(balance)
    if not spare and any(server.backup for server in servers):
        raise _refused(f"`backup` does not go with balance = {balance!r}", 'balance = "least_conn", or without `backup`')
    if servers and not local and all(server.backup for server in servers):
        raise _refused("every server is a `backup`, and nobody is left to back up", "leave `backup` out of one")
    leaves_out = several and spare
    why = "left out after two failures" if leaves_out else "nobody else could be asked"
    return UpstreamPlan(
        balance="" if balance == "round_robin" else balance,
        servers=tuple(replace(one, max_fails=0) if one.backup and one.max_fails is None else one for one in servers),
        max_fails=pick("upstream.max_fails", 2 if leaves_out else 0, why=why),
        fail_timeout_s=pick("upstream.fail_timeout", 30),
        tries=pick("upstream.tries", max(2, min(3, local + len(servers)))),
    )


def _server(text: str) -> Server:
    """`HOST:PORT` and nginx's words after it."""
    address, *words = text.split() or [""]
    match = _ADDRESS.fullmatch(address)
    if not match or not 0 < int(match[1]) < 65536:
        raise _refused(f"{address!r} is not HOST:PORT", 'servers = ["10.0.0.2:9090"]')
    fields: dict[str, Any] = {}
    for word in words:
        fields.update(_word(word, text))
    return Server(address, **fields)


def _word(word: str, text: str) -> dict[str, Any]:
    name, _, value = word.partition("=")
    try:
        if word in ("backup", "down"):
            return {word: True}
        if name == "weight" and int(value) > 0:
            return {"weight": int(value)}
        if name == "max_fails" and int(value) >= 0:
            return {"max_fails": int(value)}
        if name == "fail_timeout":
            return {"fail_timeout_s": duration_s(value)}
    except ValueError:
        pass
    raise _refused(f"{word!r} in {text!r} is not understood", "weight=2 backup max_fails=2 fail_timeout=30s down")


def _refused(cause: str, fix: str) -> PorticoError:
    return PorticoError(BAD_SERVER.found(cause=cause, evidence=[cause], fix=[fix]), Exit.USAGE)
