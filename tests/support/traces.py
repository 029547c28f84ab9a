"""Results of `portico trace` as they come from a real stack: the sample project's page, and each way a request can go.

Each function makes a fresh dict; all times are microseconds after the client began, and every hop lies in the one around it.
"""

from __future__ import annotations

from typing import Any

from portico.hops.uwsgi.packet import encode

Data = dict[str, Any]
Headers = list[list[str]]

ID = "3f1c9a52b07e4d18a6d2c4e8f0917b35"
TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CONF = "/srv/destiny/.portico/conf/nginx.conf"
ASKED: Headers = [
    ["Host", "127.0.0.1:8000"],
    ["User-Agent", "portico/0.4"],
    ["Accept", "*/*"],
    ["Accept-Encoding", "gzip"],
    ["Cookie", "sessionid=********"],
    ["X-Request-ID", ID],
    ["traceparent", f"00-{TRACE_ID}-{PARENT_ID}-01"],
]
BY_DJANGO: Headers = [
    ["Content-Type", "text/html; charset=utf-8"],
    ["Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'"],
    ["Vary", "Cookie"],
    ["X-Frame-Options", "DENY"],
    ["Content-Length", "9241"],
    ["Set-Cookie", "csrftoken=********; Path=/; SameSite=Lax"],
    ["X-Content-Type-Options", "nosniff"],
    ["Referrer-Policy", "same-origin"],
    ["Cross-Origin-Opener-Policy", "same-origin"],
    ["Server-Timing", 'db;dur=4.1;desc="3 queries", render;dur=6.2'],
]
#: name: value, who set it, where, as what
_PARAMS: dict[str, tuple[str, str, str, str | None]] = {
    "QUERY_STRING": ("", "uwsgi_params", "uwsgi_params:6", "$query_string"),
    "REQUEST_METHOD": ("GET", "uwsgi_params", "uwsgi_params:4", "$request_method"),
    "CONTENT_TYPE": ("", "uwsgi_params", "uwsgi_params:8", "$content_type"),
    "CONTENT_LENGTH": ("", "uwsgi_params", "uwsgi_params:10", "$content_length"),
    "REQUEST_URI": ("/", "uwsgi_params", "uwsgi_params:13", "$request_uri"),
    "PATH_INFO": ("/", "uwsgi_params", "uwsgi_params:15", "$document_uri"),
    "DOCUMENT_ROOT": ("/etc/nginx/html", "uwsgi_params", "uwsgi_params:17", "$document_root"),
    "SERVER_PROTOCOL": ("HTTP/1.1", "uwsgi_params", "uwsgi_params:19", "$server_protocol"),
    "REQUEST_SCHEME": ("http", "uwsgi_params", "uwsgi_params:21", "$scheme"),
    "REMOTE_ADDR": ("127.0.0.1", "uwsgi_params", "uwsgi_params:28", "$remote_addr"),
    "REMOTE_PORT": ("51324", "uwsgi_params", "uwsgi_params:30", "$remote_port"),
    "SERVER_PORT": ("8000", "uwsgi_params", "uwsgi_params:32", "$server_port"),
    "SERVER_NAME": ("localhost", "uwsgi_params", "uwsgi_params:34", "$server_name"),
    "REQUEST_ID": (ID, "nginx", "nginx.conf:221", "$portico_request_id"),
    "HTTP_X_REQUEST_ID": (ID, "nginx", "nginx.conf:223", "$portico_request_id"),
    "HTTP_HOST": ("127.0.0.1:8000", "nginx", "nginx.conf:225", "$portico_host"),
    "HTTP_X_FORWARDED_PROTO": ("http", "nginx", "nginx.conf:229", "$scheme"),
    "HTTP_X_FORWARDED_FOR": ("127.0.0.1", "nginx", "nginx.conf:239", "$remote_addr"),
    "HTTP_X_REAL_IP": ("127.0.0.1", "nginx", "nginx.conf:241", "$remote_addr"),
    "PORTICO_TRACE": ("live", "portico", "nginx.conf:260", None),
    "HTTP_USER_AGENT": ("portico/0.4", "client", "User-Agent", None),
    "HTTP_ACCEPT": ("*/*", "client", "Accept", None),
    "HTTP_ACCEPT_ENCODING": ("gzip", "client", "Accept-Encoding", None),
    "HTTP_COOKIE": ("sessionid=********", "client", "Cookie", None),
    "HTTP_TRACEPARENT": (f"00-{TRACE_ID}-{PARENT_ID}-01", "client", "traceparent", None),
}
_MIDDLEWARE = (
    ("django.middleware.security.SecurityMiddleware", [], BY_DJANGO[6:9]),
    ("django.contrib.sessions.middleware.SessionMiddleware", ["session"], []),
    ("django.middleware.common.CommonMiddleware", [], [BY_DJANGO[4]]),
    ("django.middleware.csrf.CsrfViewMiddleware", ["csrf_cookie_needs_update"], [BY_DJANGO[5], ["Vary", "Cookie"]]),
    ("django.contrib.auth.middleware.AuthenticationMiddleware", ["user", "auser"], []),
    ("django.contrib.messages.middleware.MessageMiddleware", ["_messages"], []),
    ("django.middleware.clickjacking.XFrameOptionsMiddleware", [], [BY_DJANGO[3]]),
)


def page(method: str = "GET", path: str = "/") -> Data:
    """GET / of the sample project: a template that asks the database, thirty-one milliseconds, compressed by nginx."""
    hops = [_client(method, path), _nginx(method, path), _uwsgi(method, path), _wsgi(), _django(method, path)]
    return {
        "kind": "live",
        "url": f"http://127.0.0.1:8000{path}",
        "method": method,
        "request_id": ID,
        "traceparent": {"trace_id": TRACE_ID, "span_id": PARENT_ID, "parent_id": None},
        "started": 1795762123.482,
        "duration_us": 31250,
        "status": 200,
        "died_at": None,
        "died": None,
        "masked": True,
        "project": "/srv/destiny",
        "release": 3,
        "server_timing": [
            {"name": "db", "duration_ms": 4.1, "description": "3 queries"},
            {"name": "render", "duration_ms": 6.2, "description": ""},
        ],
        "notes": [],
        "hops": hops,
    }


def hop(result: Data, name: str) -> Data:
    """One hop of a result. KeyError when the request did not reach it."""
    for one in result["hops"]:
        if one["hop"] == name:
            return one
    raise KeyError(name)


def without(result: Data, *names: str) -> Data:
    """The same result without these hops."""
    return {**result, "hops": [one for one in result["hops"] if one["hop"] not in names]}


def sent(*, compressed: bool = True) -> Headers:
    """What the client gets of the page: Django's headers as nginx sends them on."""
    head = [["Server", "nginx"], ["Date", "Fri, 27 Nov 2026 06:48:43 GMT"], *BY_DJANGO, ["X-Request-ID", ID]]
    if not compressed:
        return head
    packed = [["Transfer-Encoding", "chunked"], ["Content-Encoding", "gzip"]]
    joined = [[name, "Accept-Encoding, Cookie" if name == "Vary" else value] for name, value in head]
    return [pair for pair in joined if pair[0] != "Content-Length"] + packed


def _client(method: str, path: str) -> Data:
    return {
        "hop": "client",
        "started_us": 0,
        "duration_us": 31250,
        "in": {"method": method, "url": f"http://127.0.0.1:8000{path}", "headers": ASKED, "body_bytes": 0},
        "out": {
            "status": 200,
            "reason": "OK",
            "headers": sent(),
            "body_bytes": 2871,
            "body_sha256": "5d41402abc4b2a76b9719d911017c592ae2b2c3d4e5f60718293a4b5c6d7e8f9",
            "first_byte_us": 30810,
            "error": None,
        },
    }


def _nginx(method: str, path: str) -> Data:
    return {
        "hop": "nginx",
        "started_us": 410,
        "duration_us": 30600,
        "version": "1.31.3",
        "address": "127.0.0.1:8000",
        "server": {"names": ["localhost"], "where": f"{CONF}:168", "why": "the only server that listens on 127.0.0.1:8000"},
        "location": {"match": "/", "where": f"{CONF}:214", "why": "no longer prefix and no regular expression matches"},
        "action": "uwsgi",
        "target": "unix:/run/user/1000/portico/6f2c/app.sock",
        "static": None,
        "in": {"request_line": f"{method} {path} HTTP/1.1", "headers": ASKED, "bytes": 327, "body_bytes": 0},
        "out": {
            "status": 200,
            "headers": sent(),
            "bytes": 3540,
            "body_bytes": 2871,
            "added": [sent()[0], sent()[1], *sent()[-3:]],
            "removed": [["Content-Length", "9241"]],
            "changed": [["Vary", "Cookie", "Accept-Encoding, Cookie"]],
            "compressed": {"encoding": "gzip", "from_bytes": 9241, "to_bytes": 2871},
            "chunked": True,
        },
        "log": {"time": 1795762123.513, "request_id": ID, "status": "200", "request_time": 0.031, "uri": path},
        "errors": [],
    }


def _uwsgi(method: str, path: str) -> Data:
    params = {**_PARAMS, "REQUEST_METHOD": (method, *_PARAMS["REQUEST_METHOD"][1:])}
    params |= {name: (path, *_PARAMS[name][1:]) for name in ("REQUEST_URI", "PATH_INFO")}
    variables = {name: row[0] for name, row in params.items()}
    packet = encode(variables)
    return {
        "hop": "uwsgi",
        "started_us": 930,
        "duration_us": 29400,
        "address": "unix:/run/user/1000/portico/6f2c/app.sock",
        "version": "2.0.31",
        "instance": "uwsgi-3",
        "worker": 1,
        "core": 0,
        "thread": "uWSGIWorker1Core0",
        "pid": 48213,
        "queue_wait_us": 240,
        "in": {"modifier1": 0, "modifier2": 0, "size": len(packet) - 4, "packet_hex": packet.hex(), "body_bytes": 0},
        "vars": variables,
        "vars_from": {name: {"by": by, "where": where, "as": as_} for name, (_, by, where, as_) in params.items()},
        "out": {
            "status": 200,
            "headers": BY_DJANGO,
            "head_bytes": 512,
            "body_bytes": 9241,
            "added": [],
            "removed": [],
            "changed": [],
        },
    }


def _wsgi() -> Data:
    environ = {name: row[0] for name, row in _PARAMS.items()}
    environ |= {"SCRIPT_NAME": "", "wsgi.url_scheme": "http", "wsgi.version": "(1, 0)", "wsgi.multithread": "True"}
    return {
        "hop": "wsgi",
        "started_us": 1310,
        "duration_us": 28800,
        "callable": "destiny.wsgi:application",
        "python": "3.11.2",
        "in": {
            "environ": environ,
            "added": ["SCRIPT_NAME", "wsgi.multithread", "wsgi.url_scheme", "wsgi.version"],
            "removed": ["PORTICO_TRACE"],
            "changed": [],
        },
        "out": {
            "status": "200 OK",
            "headers": BY_DJANGO,
            "chunks": [{"at_us": 29950, "bytes": 9241}],
            "chunk_count": 1,
            "bytes": 9241,
        },
    }


def _middleware() -> list[Data]:
    """Each takes 150 us on the way in and 100 on the way out, around the next."""
    return [
        {
            "name": name,
            "started_us": 1600 + 150 * place,
            "duration_us": 28000 - 250 * place,
            "own_us": 250,
            "answered": False,
            "adds_to_request": to_request,
            "adds_headers": headers,
            "removes_headers": [],
        }
        for place, (name, to_request, headers) in enumerate(_MIDDLEWARE)
    ]


def _sql(statement: str, started_us: int, duration_us: int) -> Data:
    times = {"started_us": started_us, "duration_us": duration_us}
    return {"statement": statement, **times, "alias": "default", "many": False, "error": None}


def _django(method: str, path: str) -> Data:
    latest = 'SELECT "journal_upload"."id", "journal_upload"."file" FROM "journal_upload" ORDER BY 1 DESC LIMIT 12'
    session = 'SELECT "django_session"."session_key" FROM "django_session" WHERE "django_session"."session_key" = %s'
    user = 'SELECT "auth_user"."id", "auth_user"."username" FROM "auth_user" WHERE "auth_user"."id" = %s LIMIT 21'
    sql = [_sql(session, 5200, 900), _sql(user, 6400, 700), _sql(latest, 9000, 2500)]
    return {
        "hop": "django",
        "started_us": 1500,
        "duration_us": 28300,
        "version": "5.2.8",
        "settings": "destiny.settings",
        "in": {"method": method, "path": path},
        "out": {"status": 200, "headers": BY_DJANGO},
        "middleware": _middleware(),
        "match": {
            "route": "",
            "view": "journal.views.home",
            "url_name": "journal:home",
            "kwargs": {},
            "started_us": 2700,
            "duration_us": 310,
        },
        "view": {"name": "journal.views.home", "started_us": 3050, "duration_us": 24600, "async": False},
        "templates": [
            {"name": "journal/home.html", "started_us": 12000, "duration_us": 15200, "depth": 0},
            {"name": "journal/_way.html", "started_us": 13100, "duration_us": 2100, "depth": 1},
        ],
        "sql": sql,
        "sql_us": sum(one["duration_us"] for one in sql),
        "signals": [
            {"name": "django.core.signals.request_started", "sender": "WSGIHandler", "receivers": 2, "started_us": 1520}
            | {"duration_us": 60}
        ],
        "exceptions": [],
    }
