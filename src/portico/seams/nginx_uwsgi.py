"""What nginx and uWSGI must agree on: who gives up first, and how large a request head may be."""

from __future__ import annotations

import ipaddress

from portico.hops.uwsgi.extra_lines import options
from portico.model.finding import Finding, Kind
from portico.model.plan import Listen, Plan
from portico.model.units import nginx_size

IMPATIENT = Kind(
    "nginx-uwsgi.W001",
    "nginx-uwsgi",
    "nginx gives up before uWSGI does",
    "Visitors get a 504 while the worker goes on with a request nobody waits for; harakiri should end it first.",
    "https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_read_timeout",
    shows="504 for slow pages, and a broken pipe in uWSGI's log when the page is done after all.",
    example='[nginx]\nuwsgi_read_timeout = "30s"\n\n[uwsgi]\nharakiri = "60s"',
    cure="`uwsgi_read_timeout` a few seconds above `harakiri`; without the key Portico takes harakiri + 5 s.",
)
NO_HARAKIRI = Kind(
    "nginx-uwsgi.W002",
    "nginx-uwsgi",
    "A request may hold a worker for ever",
    "With harakiri off, a few hanging requests occupy every worker and the whole site stops.",
    "https://uwsgi-docs.readthedocs.io/en/latest/Options.html#harakiri",
    shows="From time to time the whole site hangs, until uWSGI is restarted.",
    example="[uwsgi]\nharakiri = 0",
    cure='`harakiri = "60s"` in `[uwsgi]`, longer than the slowest page may take.',
)
SMALL_BUFFER = Kind(
    "nginx-uwsgi.W003",
    "nginx-uwsgi",
    "uWSGI's buffer is smaller than the request heads nginx lets through",
    "Requests with large cookies or long URLs are answered 502: nginx accepts up to 32 kB of headers.",
    "https://uwsgi-docs.readthedocs.io/en/latest/Options.html#buffer-size",
    shows="502 for some visitors only: those with large cookies. uWSGI's log: `invalid request block size: 5127 (max "
    "4096)...skip`.",
    example="[uwsgi]\nbuffer_size = 4096",
    cure="`buffer_size = 32768` in `[uwsgi]`, or leave it out.",
    standing=3,
)
OPEN = Kind(
    "nginx-uwsgi.W004",
    "nginx-uwsgi",
    "Whoever reaches uWSGI's port can pretend to be nginx",
    "The uwsgi protocol knows no password and no encryption: a request sent there counts as checked by nginx, with any "
    "client address, scheme and host it claims.",
    "https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html",
    shows="Nothing. Whoever can connect to the port may send any REMOTE_ADDR, HTTP_HOST or HTTPS along.",
    example="portico up --role app --listen 0.0.0.0:9090",
    cure="Listen on the address of a network that only your machines share, and let the firewall admit only the front: "
    "`nft add rule inet filter input tcp dport 9090 ip saddr != 10.0.0.1 drop`.",
)
BODY_LIMIT = Kind(
    "nginx-uwsgi.W081",
    "nginx-uwsgi",
    "uWSGI refuses bodies that nginx lets through",
    "uWSGI closes the connection in the middle of the upload, so visitors get a 502 in place of nginx's plain 413.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/Options.html#limit-post",
    shows="Uploads above a certain size are answered 502; `recv() failed (104)` in nginx's log and `Invalid (too big) "
    "CONTENT_LENGTH` in uWSGI's.",
    example='[nginx]\nclient_max_body_size = "75m"\n\n[uwsgi]\nextra = "limit-post = 1048576"',
    cure="Let nginx alone hold the limit: it answers 413 before a worker is bothered.",
)
#: nginx's default of large_client_header_buffers, 4 buffers of 8k, is what it accepts of a request's head.
NGINX_HEAD_BYTES = 32 * 1024


def check(plan: Plan) -> list[Finding]:
    """Findings about the seam; empty with `front = "none"`, where there is none."""
    if plan.front == "elsewhere":
        return _exposed(plan.listen)
    if plan.nginx is None or not plan.uwsgi.instances:
        return []
    found = []
    read, harakiri = plan.nginx.read_timeout_s, plan.uwsgi.harakiri_s
    values = [f"nginx.uwsgi_read_timeout = {read}s", f"uwsgi.harakiri = {harakiri}s"]
    if harakiri == 0:
        found.append(
            NO_HARAKIRI.found(cause="uwsgi.harakiri is 0", evidence=values, fix=['[uwsgi] harakiri = "60s" in portico.toml'])
        )
    elif read <= harakiri:
        fix = [f'[nginx] uwsgi_read_timeout = "{harakiri + 5}s" in portico.toml']
        found.append(IMPATIENT.found(cause=f"nginx waits {read} s, uWSGI {harakiri} s", evidence=values, fix=fix))
    if plan.uwsgi.buffer_bytes < NGINX_HEAD_BYTES:
        found.append(
            SMALL_BUFFER.found(
                cause=f"uWSGI takes {plan.uwsgi.buffer_bytes} bytes, nginx lets {NGINX_HEAD_BYTES} through",
                evidence=[f"uwsgi.buffer_size = {plan.uwsgi.buffer_bytes}"],
                fix=["[uwsgi] buffer_size = 32768 in portico.toml"],
            )
        )
    return found + _bodies(plan, plan.nginx.client_max_body_bytes)


def _bodies(plan: Plan, nginx_bytes: int) -> list[Finding]:
    """`limit-post` in a raw line; 0 is no limit on either side."""
    said = [value for name, value, _ in options(plan) if name == "limit-post"]
    limit = int(said[-1]) if said and said[-1].isdigit() else 0
    if not limit or 0 < nginx_bytes <= limit:
        return []
    shown = nginx_size(nginx_bytes) if nginx_bytes else "0 (no limit)"
    return [
        BODY_LIMIT.found(
            cause=f"uWSGI takes bodies of up to {limit} bytes, nginx lets {nginx_bytes or 'any number of'} bytes through",
            evidence=[f"limit-post = {limit} ([uwsgi] extra)", f"nginx.client_max_body_size = {shown}"],
            fix=[
                "remove limit-post from `extra`",
                f'[nginx]\nclient_max_body_size = "{nginx_size(limit)}"   # in portico.toml',
            ],
        )
    ]


def _exposed(listen: Listen) -> list[Finding]:
    """A port that other machines can reach."""
    if listen.host != "*" and ipaddress.ip_address(listen.host).is_loopback:
        return []
    every = listen.host == "*" or ipaddress.ip_address(listen.host).is_unspecified
    cause = "uWSGI listens on every address of this machine" if every else f"uWSGI listens on {listen.host}"
    fix = [
        f"portico up --role app --listen 10.0.0.2:{listen.port}   # the address of a network that only your machines share",
        f"and let only the front in: sudo nft add rule inet filter input tcp dport {listen.port} ip saddr != 10.0.0.1 drop",
    ]
    return [OPEN.found(cause=cause, evidence=[f"listen = {listen}"], fix=fix if every else fix[1:])]
