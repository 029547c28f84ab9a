"""The application is called once: what it answered, where it broke PEP 3333, and what Django said meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.hops.wsgi.examination import Examination
from support.examined import examine
from support.inside_projects import URLS, django_project, write

HEAD = "def application(environ, start_response):\n"
START = "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"


def call_of(tmp_path: Path, body: str, **request: object) -> Examination:
    return examine(write(tmp_path / "site", {"app.py": body}), module="app", parts=["call"], **request)


@pytest.mark.parametrize(
    ("body", "kind", "part"),
    [
        pytest.param(HEAD + "    return [b'hi']\n", "no-start-response", "start_response", id="wsgi-no-start-response"),
        pytest.param(HEAD + "    return []\n", "no-start-response", "start_response", id="nothing at all"),
        pytest.param(HEAD + START + "    return 'hello'\n", "returns-str", "returned a str", id="a str"),
        pytest.param(HEAD + START + "    return ['hello']\n", "yields-str", "yielded a str", id="wsgi-returns-str"),
        pytest.param(HEAD + START, "returns-none", "None", id="None"),
        pytest.param(HEAD + START + "    return 7\n", "not-iterable", "int", id="a number"),
        pytest.param(HEAD + "    start_response(200, [])\n    return []\n", "bad-status", "200 (int)", id="status"),
        pytest.param(HEAD + "    start_response('200 OK', [('A', 1)])\n    return []\n", "bad-header", "int", id="header"),
        pytest.param(HEAD + "    start_response('200 OK', {})\n    return []\n", "bad-header", "dict", id="headers"),
        pytest.param(
            HEAD + "    start_response('200 OK', [('Content-Length', '9')])\n    return [b'1']\n",
            "wrong-length",
            "9",
            id="length",
        ),
        pytest.param(HEAD + "    raise ValueError('boom')\n", "raised", "ValueError: boom", id="raises"),
        pytest.param(HEAD + START + "    yield b'1'\n    raise ValueError('late')\n", "raised", "late", id="raises late"),
    ],
)
def test_problems(tmp_path: Path, body: str, kind: str, part: str) -> None:
    call = call_of(tmp_path, body).call
    assert call.ok is False
    assert [problem.kind for problem in call.problems] == [kind]
    assert part in call.problems[0].message
    assert call.problems[0].frame is not None
    assert call.problems[0].frame.file == str(tmp_path / "site" / "app.py")


def test_a_good_answer(tmp_path: Path) -> None:
    body = HEAD + (
        "    start_response('200 OK', [('Content-Type', 'text/plain'), ('Set-Cookie', 'sessionid=abc; Path=/')])\n"
        "    yield environ['PATH_INFO'].encode('latin-1') + environ['QUERY_STRING'].encode()\n"
        "    yield environ['HTTP_HOST'].encode() + b'x' * 3000\n"
    )
    call = call_of(tmp_path, body, path="/caf%C3%A9/?a=%20", host="example.com:8000").call
    assert (call.ok, call.status, call.reason_phrase, call.problems) == (True, 200, "OK", ())
    assert call.headers == (("Content-Type", "text/plain"), ("Set-Cookie", "***"))
    assert call.header("content-type") == "text/plain"
    assert call.body.startswith("/café/a=%20example.com:8000xxx")
    assert (call.body_bytes, len(call.body.encode())) == (len("/café/a=%20example.com:8000".encode()) + 3000, 2048)


def test_close_and_write_are_used(tmp_path: Path) -> None:
    body = (
        "class Body(list):\n    def close(self):\n        raise ValueError('closed')\n"
        + HEAD
        + "    start_response('200 OK', [])(b'written')\n    return Body()\n"
    )
    call = call_of(tmp_path, body).call
    assert call.body_bytes == 7
    assert [problem.message for problem in call.problems] == ["close(): ValueError: closed"]


def test_only_what_changes_nothing_is_called(tmp_path: Path) -> None:
    mark = tmp_path / "called"
    call = call_of(tmp_path, HEAD + f"    open({str(mark)!r}, 'w')\n" + START + "    return []\n", method="POST").call
    assert (call.ok, call.reason, mark.exists()) == (None, "a POST is never repeated", False)


def test_a_call_that_hangs(tmp_path: Path) -> None:
    call = call_of(tmp_path, "import threading\n" + HEAD + "    threading.Event().wait()\n", timeout_s=8).call
    assert (call.ok, [problem.kind for problem in call.problems]) == (False, ["hang"])
    assert call.problems[0].frame is not None
    assert call.problems[0].frame.where == f"{tmp_path}/site/app.py:3"


def test_a_body_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    call = call_of(tmp_path, HEAD + START + "    while True:\n        yield b'x' * 1000000\n").call
    assert (call.ok, call.status) == (True, 200)
    assert call.body_bytes > 1000000


def test_flask_and_others_log_what_they_turn_into_a_page(tmp_path: Path) -> None:
    body = (
        "import flask\napplication = flask.Flask('x')\n@application.route('/')\ndef page():\n    raise ValueError('boom')\n"
    )
    call = call_of(tmp_path, body).call
    assert (call.ok, call.status, call.problems) == (False, 500, ())
    assert [failure.says for failure in call.exceptions] == ["ValueError: boom"]
    assert call.exceptions[0].frame is not None
    assert call.exceptions[0].frame.function == "page"


VIEWS = (
    URLS
    + """
from django.db import connection
from django.shortcuts import render
from django.core.mail import mail_admins, send_mail
def lacks(request):
    return render(request, "shop/absent.html")
def query(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT name FROM shop_item WHERE kind = 'x' AND secret = %s", ["parameter"])
def insert(request):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_kept (name) VALUES ('value')")
    return HttpResponse("written")
def tries(request):
    from django.db import DatabaseError
    try:
        insert(request)
    except DatabaseError:
        pass
    return HttpResponse("unharmed")
def mails(request):
    send_mail("subject", "text", "a@example.com", ["b@example.com"])
    mail_admins("subject", "text")
    return HttpResponse("sent")
def smtp(request):
    import smtplib
    smtplib.SMTP("127.0.0.1", 1)
urlpatterns += [path("lacks/", lacks), path("query/", query), path("insert/", insert), path("tries/", tries),
                path("mails/", mails), path("smtp/", smtp)]
"""
)
TEMPLATES = "TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True}]\n"


@pytest.fixture
def django(tmp_path: Path) -> Path:
    return django_project(tmp_path / "site", TEMPLATES, urls=VIEWS)


def test_a_good_page_of_django(django: Path) -> None:
    call = examine(django, parts=["call"]).call
    assert (call.ok, call.status, call.body, call.exceptions, call.said) == (True, 200, "hello", (), ())
    assert (call.match.found, call.match.view, call.match.pattern) == (True, "mysite.urls.hello", "")
    assert call.sql_count == 0


def test_the_exception_behind_a_500_without_a_traceback(django: Path) -> None:
    call = examine(django, path="/boom/", parts=["call"]).call
    assert (call.ok, call.status, call.problems) == (False, 500, ())
    failure = call.exceptions[0]
    assert (failure.says, len(call.exceptions)) == ("ValueError: boom", 1)
    assert failure.frame is not None
    assert (failure.frame.function, failure.frame.code) == ("boom", 'raise ValueError("boom")')
    assert (call.match.view, call.match.pattern) == ("mysite.urls.boom", "boom/")


def test_django_allowed_hosts_400(django: Path) -> None:
    call = examine(django, host="other.example", parts=["call"]).call
    assert (call.ok, call.status) == (False, 400)
    assert [said.logger for said in call.said] == ["django.security.DisallowedHost", "django.request"][: len(call.said)]
    assert "other.example" in call.said[0].message


def test_loggers_that_the_project_made_deaf_are_heard(tmp_path: Path) -> None:
    deaf = (
        "LOGGING = {'version': 1, 'disable_existing_loggers': True, 'loggers': {"
        "'django': {'level': 'CRITICAL', 'propagate': False}, "
        "'django.security': {'level': 'CRITICAL', 'propagate': False}}}\n"
    )
    call = examine(django_project(tmp_path / "site", deaf), host="other.example", parts=["call"]).call
    assert call.said[0].logger == "django.security.DisallowedHost"


def test_a_path_that_no_pattern_fits(django: Path) -> None:
    call = examine(django, path="/nothing", parts=["call"]).call
    assert (call.status, call.match.found, call.match.with_slash) == (404, False, False)
    assert call.match.tried[:2] == ("", "boom/")
    slash = examine(django, path="/boom", parts=["call"]).call
    assert (slash.status, slash.match.found, slash.match.with_slash) == (301, False, True)


def test_a_template_that_is_not_there(django: Path) -> None:
    call = examine(django, path="/lacks/", parts=["call"]).call
    assert (call.status, call.templates_missing) == (500, ("shop/absent.html",))


def test_a_statement_that_the_database_refuses(django: Path) -> None:
    call = examine(django, path="/query/", parts=["call"]).call
    assert (call.ok, call.status, call.sql_count) == (False, 500, 2)
    failed = call.sql_failed[0]
    assert (failed.alias, failed.exception, failed.message) == ("default", "OperationalError", "no such table: shop_item")
    assert failed.sql == "SELECT name FROM shop_item WHERE kind = ? AND secret = %s"


def test_a_page_that_writes_is_not_let_and_not_blamed(django: Path) -> None:
    import sqlite3

    file = django / "db.sqlite3"
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE django_kept (name text)")
    database.commit()
    database.close()
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    call = examine(django, path="/insert/", parts=["call"]).call
    assert (call.ok, call.status) == (None, 500)
    assert call.refused == ("INSERT INTO django_kept",)
    assert "INSERT INTO django_kept" in call.reason
    assert "value" not in call.reason
    kept = examine(django, path="/tries/", parts=["call"]).call
    assert (kept.ok, kept.status, kept.refused) == (True, 200, ("INSERT INTO django_kept",))
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_no_mail_goes_out(django: Path) -> None:
    call = examine(django, path="/mails/", parts=["call"]).call
    assert (call.ok, call.status, call.refused) == (True, 200, ("mail",))
    direct = examine(django, path="/smtp/", parts=["call"]).call
    assert (direct.ok, direct.status, direct.refused) == (None, 500, ("mail",))
