"""The other ways a request can go: each is a result of `portico trace`, made of the page of support.traces."""

from __future__ import annotations

from support.traces import CONF, ID, Data, hop, page, sent, without

STATIC = "/static/journal/site.8f14e45fceea.css"
FOLDER = "/srv/destiny/.portico/static-live/"
CACHE = "public, max-age=31536000, immutable"
_QUERY = 'SELECT "auth_user"."id", "auth_user"."username" FROM "auth_user" WHERE "auth_user"."id" = 7'


def posted() -> Data:
    """A form sent to /uploads/: 302, a row is written."""
    result = page("POST", "/uploads/")
    for name in ("client", "nginx", "uwsgi"):
        hop(result, name)["in"]["body_bytes"] = 4823
    django = hop(result, "django")
    django["match"] |= {"route": "uploads/", "view": "journal.views.upload", "url_name": "journal:upload"}
    django["view"]["name"] = "journal.views.upload"
    django["templates"] = []
    written = 'INSERT INTO "journal_upload" ("file", "note", "created") VALUES (%s, %s, %s) RETURNING "id"'
    django["sql"][-1]["statement"] = written
    django["signals"] += [
        {"name": f"django.db.models.signals.{name}", "sender": "journal.Upload", "receivers": 1}
        | {"started_us": started, "duration_us": 45}
        for name, started in (("pre_save", 8800), ("post_save", 11600))
    ]
    return _answered(result, 302, "Found", 0)


def static_file() -> Data:
    """A style sheet that nginx reads from the disk; uWSGI never sees the request."""
    result = without(page("GET", STATIC), "uwsgi", "wsgi", "django")
    _times(result, 1450)
    _taken_by(result, "^~ /static/", 176, "file", FOLDER + STATIC[8:])
    head = [["Server", "nginx"], ["Content-Type", "text/css; charset=utf-8"], ["Content-Length", "5114"]]
    cache = [["Last-Modified", "Fri, 27 Nov 2026 05:11:02 GMT"], ["ETag", '"6747a6b6-13fa"'], ["Cache-Control", CACHE]]
    headers = [*head, *cache, ["X-Request-ID", ID], ["Accept-Ranges", "bytes"]]
    hop(result, "nginx")["static"] = {
        "file": FOLDER + STATIC[8:],
        "prefix": "/static/",
        "rest": STATIC[8:],
        "alias": FOLDER,
        "exists": True,
        "bytes": 5114,
        "modified": 1795756262,
        "cache": cache,
    }
    hop(result, "nginx")["out"] = {
        "status": 200,
        "headers": headers,
        "bytes": 5533,
        "body_bytes": 5114,
        "added": headers,
        "removed": [],
        "changed": [],
        "compressed": None,
        "chunked": False,
    }
    hop(result, "client")["out"] |= {"headers": headers, "body_bytes": 5114, "first_byte_us": 1320}
    return result | {"server_timing": []}


def static_missing() -> Data:
    """A static file that does not exist: 404 from nginx."""
    result = static_file()
    hop(result, "nginx")["static"] |= {"exists": False, "bytes": None, "modified": None, "cache": []}
    hop(result, "nginx")["errors"] = [
        f'2026/11/27 06:48:43 [error] 48190#0: *12 open() "{FOLDER}{STATIC[8:]}" failed (2: No such file or directory)'
    ]
    return _answered(result, 404, "Not Found", 146)


def not_modified() -> Data:
    """The same style sheet, which the browser has already: 304 without a body."""
    return _answered(static_file(), 304, "Not Modified", 0)


def failed() -> Data:
    """A view that raises: 500, told by Django itself."""
    result = page("GET", "/boom/")
    django = hop(result, "django")
    django["match"] |= {"route": "boom/", "view": "journal.views.boom", "url_name": "journal:boom"}
    django["view"] = {"name": "journal.views.boom", "started_us": 3050, "duration_us": 180, "async": False}
    django["templates"], django["sql"], django["sql_us"] = [], [], 0
    file = "/srv/destiny/journal/views.py"
    django["exceptions"] = [
        {
            "type": "RuntimeError",
            "message": "this view raises on purpose",
            "status": 500,
            "frame": {
                "file": file,
                "line": 91,
                "function": "boom",
                "code": 'raise RuntimeError("this view raises on purpose")',
            },
            "traceback": [
                "Traceback (most recent call last):\n",
                f'  File "{file}", line 91, in boom\n    raise RuntimeError("this view raises on purpose")\n',
                "RuntimeError: this view raises on purpose\n",
            ],
        }
    ]
    died = 'journal.views.boom raised RuntimeError("this view raises on purpose")'
    return _answered(result, 500, "Internal Server Error", 145) | {"died_at": "django", "died": died}


def dead_uwsgi() -> Data:
    """Nothing listens behind nginx: 502 after a refused connection."""
    result = without(page(), "uwsgi", "wsgi", "django")
    _times(result, 1890)
    result = _answered(result, 502, "Bad Gateway", 150)
    target = hop(result, "nginx")["target"]
    hop(result, "nginx")["errors"] = [
        f"2026/11/27 06:48:43 [error] 48190#0: *12 connect() to {target} failed (111: Connection refused) while connecting"
    ]
    died = f"nothing listens on {target}: the connection was refused"
    return result | {"died_at": "uwsgi", "died": died, "server_timing": []}


def plain_wsgi() -> Data:
    """An application without Django."""
    result = without(page(), "django")
    hop(result, "wsgi")["callable"] = "app:application"
    return result | {"server_timing": []}


def no_front() -> Data:
    """`--front none`: uWSGI speaks HTTP itself, so there is no packet of nginx."""
    result = without(page(), "nginx")
    uwsgi = hop(result, "uwsgi")
    uwsgi["address"] = "http://127.0.0.1:8000"
    uwsgi["in"] = {"body_bytes": 0}
    uwsgi["vars_from"] = {}
    out = hop(result, "client")["out"]
    out |= {"headers": sent(compressed=False), "body_bytes": 9241}
    return result | {"notes": ["uWSGI made the variables from the HTTP request itself: there is no packet to show."]}


def past() -> Data:
    """What the logs tell of a request: most keys are missing."""
    nginx = {
        "hop": "nginx",
        "duration_us": 31000,
        "action": "uwsgi",
        "in": {"request_line": "GET /boom/ HTTP/1.1"},
        "out": {"status": 500, "body_bytes": 145},
        "log": {"request_id": ID, "status": "500", "request_time": 0.031},
        "errors": [],
    }
    uwsgi = {"hop": "uwsgi", "instance": "uwsgi-3", "worker": 2, "pid": 48214, "duration_us": 29000, "out": {"status": 500}}
    raised = {"type": "RuntimeError", "message": "this view raises on purpose", "status": 500}
    return {
        "kind": "logs",
        "url": "http://127.0.0.1:8000/boom/",
        "method": "GET",
        "request_id": ID,
        "duration_us": 31000,
        "status": 500,
        "died_at": "django",
        "died": "RuntimeError: this view raises on purpose",
        "notes": ["The logs do not keep headers, variables, middleware or SQL: send the request again to see them."],
        "hops": [nginx, uwsgi, {"hop": "django", "exceptions": [raised]}],
    }


def streaming() -> Data:
    """Ten chunks, one every 0.3 s."""
    result = page("GET", "/stream/")
    chunks = [{"at_us": 5000 + 300_000 * number, "bytes": 14} for number in range(10)]
    hop(result, "wsgi")["out"] |= {"chunks": chunks, "chunk_count": 10, "bytes": 141}
    for one in result["hops"]:
        one["duration_us"] = 3_010_000 - 2 * one["started_us"]
    result["duration_us"] = 3_010_000
    hop(result, "django")["templates"] = []
    return _answered(result, 200, "OK", 141)


def repeated(times: int = 12) -> Data:
    """A page that asks the database once for each row it shows."""
    result = page()
    django = hop(result, "django")
    django["sql"] += [
        {"statement": _QUERY.replace("7", str(number)), "started_us": 13200 + 800 * number, "duration_us": 640}
        | {"alias": "default", "many": False, "error": None}
        for number in range(1, times + 1)
    ]
    django["sql_us"] = sum(one["duration_us"] for one in django["sql"])
    return result


def all_traces() -> dict[str, Data]:
    """Every sample, by name."""
    makers = (posted, static_file, static_missing, not_modified, failed, dead_uwsgi, plain_wsgi, no_front, past, streaming)
    return {"page": page(), "repeated": repeated()} | {make.__name__: make() for make in makers}


def _times(result: Data, whole_us: int) -> None:
    """Shortens what is left of a path to so many microseconds."""
    result["duration_us"] = whole_us
    for one in result["hops"]:
        one["duration_us"] = whole_us - 2 * one["started_us"]


def _taken_by(result: Data, match: str, line: int, action: str, target: str) -> None:
    nginx = hop(result, "nginx")
    why = "the longest prefix that matches; ^~: no regular expression is tried"
    nginx["location"] = {"match": match, "where": f"{CONF}:{line}", "why": why}
    nginx |= {"action": action, "target": target}


def _answered(result: Data, status: int, reason: str, body_bytes: int) -> Data:
    """The same result with another status and size on the way back."""
    for one in result["hops"]:
        said = f"{status} {reason}" if one["hop"] == "wsgi" else status
        one["out"] |= {"status": said, "compressed": None} if one["hop"] == "nginx" else {"status": said}
        if "body_bytes" in one["out"]:
            one["out"]["body_bytes"] = body_bytes
    hop(result, "client")["out"]["reason"] = reason
    return result | {"status": status}
