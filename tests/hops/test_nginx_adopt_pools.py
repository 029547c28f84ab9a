"""Several servers of one upstream: instances of Portico's, also where nginx asked them over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_nginx_adopt import Ledger, own, read

from portico.hops.nginx.adopt.carry import carry
from portico.hops.nginx.listens import servers
from portico.model.adoption import NO_MAP
from portico.model.directive import Directive

__all__ = ("own",)


def adopt(folder: Path, rendered: Directive, lines: str, passes: str) -> Ledger:
    root = read(folder / "a", f"upstream pool {{ {lines} }} server {{ listen 80; location / {{ {passes} }} }}")
    upstream = next(root.deep("upstream"))
    return Ledger(carry(root, servers(root)[0], upstream, rendered, NO_MAP))


@pytest.mark.parametrize("passes", ["proxy_pass http://pool;", "include uwsgi_params; uwsgi_pass pool;"])
@pytest.mark.parametrize(
    ("lines", "instances", "said"),
    [
        ("server 127.0.0.1:9402 weight=2; server 127.0.0.1:9403;", 2, "equal: no weight=2"),
        ("server 127.0.0.1:9402; server 127.0.0.1:9403 backup;", 2, "not only when they failed"),
        ("server unix:/a.sock; server unix:/b.sock; server unix:/c.sock down;", 2, "marked as down"),
        ("server 127.0.0.1:9402; server 127.0.0.1:9403 down;", None, "marked as down"),
        ("server 127.0.0.1:9402 weight=5;", None, ""),
    ],
)
def test_each_server_of_this_machine_is_an_instance(
    tmp_path: Path, own: Directive, passes: str, lines: str, instances: Any, said: str
) -> None:
    ledger = adopt(tmp_path, own, lines, passes)
    assert ledger.get("instances") == instances
    assert any(said in line.why for line in ledger.of("server ") if line.fate == "differs")
    assert any("equal" in line.why for line in ledger.lines) == ("equal" in said or "only when" in said)


def test_another_machine_over_http_is_left(tmp_path: Path, own: Directive) -> None:
    ledger = adopt(tmp_path, own, "server 127.0.0.1:1; server 10.0.0.2:1;", "proxy_pass http://pool;")
    assert (ledger.get("servers"), ledger.get("instances"), ledger.fate("server 10.0.0.2:1")) == (None, None, "left")
    root = read(tmp_path / "b", "server { listen 80; location / { proxy_pass http://10.0.0.2:8000; } }")
    straight = Ledger(carry(root, servers(root)[0], None, own, NO_MAP))
    assert (straight.get("servers"), straight.fate("proxy_pass")) == (None, "left")
