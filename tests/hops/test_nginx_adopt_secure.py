"""The application goes on being told that its visitors use https, where TLS ends before nginx."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_nginx_adopt import Ledger, own, read

from portico.hops.nginx.adopt.carry import carry
from portico.hops.nginx.listens import servers
from portico.model.adoption import NO_MAP
from portico.model.directive import Directive

__all__ = ("own",)
SCHEME = "uwsgi_param HTTP_X_FORWARDED_PROTO https;"


def adopt(folder: Path, rendered: Directive, lines: str) -> Ledger:
    passes = "" if "proxy_" in lines else "include uwsgi_params; uwsgi_pass unix:/run/app.sock;"
    root = read(folder / "a", f"server {{ listen 80; location / {{ {passes} {lines} }} }}")
    return Ledger(carry(root, servers(root)[0], None, rendered, NO_MAP))


@pytest.mark.parametrize(
    ("lines", "raw"),
    [
        ("uwsgi_param HTTPS on;", f"uwsgi_param HTTPS on; {SCHEME}"),
        ("uwsgi_param UWSGI_SCHEME https;", f"uwsgi_param UWSGI_SCHEME https; {SCHEME}"),
        (SCHEME, SCHEME),
        (f"{SCHEME} uwsgi_param HTTPS on;", f"{SCHEME} uwsgi_param HTTPS on;"),
        (
            "uwsgi_param HTTPS on; uwsgi_param UWSGI_SCHEME https;",
            f"uwsgi_param HTTPS on; {SCHEME} uwsgi_param UWSGI_SCHEME https;",
        ),
        ("proxy_pass http://127.0.0.1:8001; proxy_set_header X-Forwarded-Proto https;", SCHEME),
        ("uwsgi_param HTTPS off;", ""),
        ("uwsgi_param HTTPS $https if_not_empty;", ""),
        ("uwsgi_param HTTP_X_FORWARDED_PROTO $scheme;", ""),
        ("proxy_pass http://127.0.0.1:8001; proxy_set_header X-Forwarded-Proto $scheme;", ""),
    ],
)
def test_what_says_https_stays(tmp_path: Path, own: Directive, lines: str, raw: str) -> None:
    assert adopt(tmp_path, own, lines).raw("location") == raw


def test_where_nginx_itself_has_tls_it_knows(tmp_path: Path, own: Directive) -> None:
    app = "location / { include uwsgi_params; uwsgi_param HTTPS on; uwsgi_pass unix:/run/app.sock; }"
    for listen, raw in (("listen 443 ssl;", ""), ("listen 443 ssl; listen 80;", f"uwsgi_param HTTPS on; {SCHEME}")):
        root = read(tmp_path / "a", f"server {{ {listen} {app} }}")
        assert Ledger(carry(root, servers(root)[0], None, own, NO_MAP)).raw("location") == raw


def test_in_a_file_of_variables_too(tmp_path: Path, own: Directive) -> None:
    file = tmp_path / "https_params"
    file.write_text("uwsgi_param QUERY_STRING $query_string;\nuwsgi_param HTTPS on;\n", encoding="utf-8")
    root = read(tmp_path / "a", f"server {{ location / {{ include {file}; uwsgi_pass unix:/run/app.sock; }} }}")
    ledger = Ledger(carry(root, servers(root)[0], None, own, NO_MAP))
    assert (ledger.get("nginx.uwsgi_params"), ledger.raw("location")) == (str(file), SCHEME)


@pytest.mark.parametrize(
    "lines",
    [
        "uwsgi_param HTTP_X_FORWARDED_PROTO $http_x_forwarded_proto;",
        "uwsgi_param HTTPS $fe_https;",
        "proxy_pass http://127.0.0.1:8001; proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;",
    ],
)
def test_what_a_balancer_says_has_a_key(tmp_path: Path, own: Directive, lines: str) -> None:
    ledger = adopt(tmp_path, own, lines)
    (line,) = [one for one in ledger.lines if one.text in lines and "$" in one.text]
    assert (line.fate, "nginx.trusted_proxies" in line.why) == ("differs", True)


def test_headers_of_a_part_over_http_are_variables(tmp_path: Path) -> None:
    lines = (
        "proxy_set_header X-Forwarded-Proto https; proxy_set_header Upgrade $http_upgrade; proxy_pass http://127.0.0.1:1;"
    )
    root = read(tmp_path / "a", f"server {{ location /app {{ {lines} }} }}")
    raw = Ledger(carry(root, servers(root)[0], None, None, NO_MAP)).raw("server")
    assert "include uwsgi_params; " in raw
    assert "uwsgi_param HTTP_X_FORWARDED_PROTO https if_not_empty;" in raw
    assert "proxy_set_header Upgrade" in raw
