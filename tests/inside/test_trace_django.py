"""What a traced request says about Django, under a real uWSGI; and that nobody else notices."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from support.inside_projects import PYTHONS, Served, served
from support.inside_traces import Answer, ask, django_release, listening, trace, traced_project
from support.stack import until


@dataclass
class Traced:
    site: Served
    sockets: Path
    project: Path

    def trace(self, path: str, **how: Any) -> Answer:
        return trace(self.site, self.sockets, path, **how)

    def untouched(self) -> set[bytes]:
        """How much of Django is not its own in each worker and thread, as untraced requests see it."""
        with ThreadPoolExecutor(8) as pool:
            return {answer.body for answer in pool.map(lambda _: ask(self.site, "/patched/"), range(24))}


@pytest.fixture(scope="module", params=PYTHONS)
def traced(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    folder = tmp_path_factory.mktemp("t")
    sockets = folder / "s"
    sockets.mkdir()
    project = traced_project(folder / "site", request.param)
    with served(request.param, django_release(folder / "r", project, sockets), project) as site:
        yield Traced(site, sockets, project)


def by_name(answer: Answer) -> dict[str, dict[str, Any]]:
    return {layer["name"].rpartition(".")[2]: layer for layer in answer.django["middleware"]}


def test_the_layers_in_the_order_of_the_settings_each_inside_the_one_before(traced: Traced) -> None:
    hop = traced.trace("/").django
    assert [layer["name"] for layer in hop["middleware"]] == [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "mysite.layers.marks",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "mysite.layers.Async",
        "mysite.layers.Answers",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.gzip.GZipMiddleware",
    ]
    spans = [hop, *hop["middleware"], hop["view"]]
    for outer, inner in pairwise(spans):
        assert outer["started_us"] <= inner["started_us"]
        assert inner["started_us"] + inner["duration_us"] <= outer["started_us"] + outer["duration_us"] + 1
    assert not any(layer["answered"] for layer in hop["middleware"])


def test_what_each_layer_adds(traced: Traced) -> None:
    layers = by_name(traced.trace("/"))
    assert layers["SessionMiddleware"]["adds_to_request"] == ["session"]
    assert layers["marks"]["adds_to_request"] == ["marked"]
    assert layers["marks"]["adds_headers"] == [["X-Mark", "1"], ["Set-Cookie", "mark"]]
    assert layers["Answers"]["adds_to_request"] == ["late"]
    assert layers["CommonMiddleware"]["adds_headers"] == [["Content-Length", "5"]]
    assert ["X-Content-Type-Options", "nosniff"] in layers["SecurityMiddleware"]["adds_headers"]
    assert layers["Async"]["adds_headers"] == layers["Async"]["adds_to_request"] == []


def test_a_layer_that_answers_itself_and_one_whose_process_view_does(traced: Traced) -> None:
    answered = traced.trace("/answered/")
    layers = by_name(answered)
    assert [name for name, layer in layers.items() if layer["answered"]] == ["Answers"]
    assert "GZipMiddleware" not in layers
    assert (answered.status, answered.django["view"], answered.django["match"]) == (418, None, None)
    refused = traced.trace("/posted/", method="POST", body=b"x=1")
    layers = by_name(refused)
    assert [name for name, layer in layers.items() if layer["answered"]] == ["CsrfViewMiddleware"]
    assert layers["CsrfViewMiddleware"]["answered_in"] == "process_view"
    assert (refused.status, refused.django["view"], refused.django["match"]["route"]) == (403, None, "posted/")


def test_match_view_sql_and_signals(traced: Traced) -> None:
    hop = traced.trace("/save/?title=blue").django
    assert (hop["match"]["route"], hop["match"]["view"], hop["in"]) == (
        "save/",
        "mysite.urls.save",
        {"method": "GET", "path": "/save/"},
    )
    assert (hop["view"]["name"], hop["view"]["async"]) == ("mysite.urls.save", False)
    first, rows, *session = hop["sql"]
    assert first["statement"].startswith('INSERT INTO "mysite_entry" ("title") VALUES (%s)')
    assert (first["params"], first["alias"], first["many"], first["error"]) == (["blue"], "default", False, None)
    assert (rows["many"], rows["rows"], rows["params"]) == (True, 2, [["a"], ["b"]])
    assert any("django_session" in one["statement"] for one in session)
    assert abs(hop["sql_us"] - sum(one["duration_us"] for one in hop["sql"])) <= len(hop["sql"])
    signals = {(one["name"], one["sender"]): one["receivers"] for one in hop["signals"]}
    assert signals["django.db.models.signals.post_save", "mysite.models.Entry"] == 1
    assert signals["django.db.models.signals.pre_save", "mysite.models.Entry"] == 0
    assert signals["mysite.models.written", "mysite.models.Entry"] == 0
    names = [one["name"] for one in hop["signals"]]
    assert (names[0], names[-1]) == ("django.core.signals.request_started", "django.core.signals.request_finished")
    assert traced.trace("/entry/1/").django["match"]["kwargs"] == {"pk": 1}


def test_templates_within_templates(traced: Traced) -> None:
    hop = traced.trace("/page/").django
    assert [(one["name"], one["depth"]) for one in hop["templates"]] == [
        ("child.html", 0),
        ("base.html", 1),
        ("part.html", 2),
    ]
    (statement,) = hop["sql"]
    assert hop["templates"][0]["started_us"] <= statement["started_us"]
    assert hop["view"]["started_us"] + hop["view"]["duration_us"] <= hop["templates"][0]["started_us"]


@pytest.mark.parametrize(("path", "view"), [("/async/", "mysite.urls.counted"), ("/async-class/", "mysite.urls.Counted")])
def test_async_views_with_their_sql(traced: Traced, path: str, view: str) -> None:
    hop = traced.trace(path).django
    assert (hop["view"]["name"], hop["view"]["async"]) == (view, True)
    assert ["COUNT" in one["statement"] for one in hop["sql"]] == [True]
    assert hop["view"]["started_us"] <= hop["sql"][0]["started_us"]


def test_sql_inside_a_stream_comes_between_its_parts(traced: Traced) -> None:
    answer = traced.trace("/stream/")
    first, second, third = answer.wsgi["out"]["chunks"]
    assert (first["bytes"], third["bytes"], answer.wsgi["out"]["bytes"]) == (5, 70000, len(answer.body))
    assert first["at_us"] <= answer.django["sql"][0]["started_us"] <= second["at_us"]


def test_exceptions_with_the_line_of_the_project(traced: Traced) -> None:
    answer = traced.trace("/boom/")
    (error,) = answer.django["exceptions"]
    assert (error["type"], error["message"], error["status"]) == ("ValueError", "boom", 500)
    assert error["frame"] == {
        "file": str(traced.project / "mysite" / "urls.py"),
        "line": error["frame"]["line"],
        "function": "boom",
        "code": 'raise ValueError("boom")',
    }
    assert error["traceback"][-1] == "ValueError: boom"
    assert not [line for line in error["traceback"] if "local-secret" in line or "/trace_" in line]
    # The page that Django made of it is what the layer outside of it got: it added nothing.
    assert by_name(answer)["GZipMiddleware"]["adds_headers"] == []
    (denied,) = traced.trace("/denied/").django["exceptions"]
    assert (denied["type"], denied["status"], denied["frame"]["function"]) == (
        "django.core.exceptions.PermissionDenied",
        403,
        "denied",
    )
    (missing,) = traced.trace("/entry/9999/").django["exceptions"]
    assert (missing["type"], missing["status"], missing["frame"]["function"]) == (
        "django.http.response.Http404",
        404,
        "entry",
    )


def test_what_was_not_found_and_what_the_database_refused(traced: Traced) -> None:
    (error,) = traced.trace("/nope").django["exceptions"]
    assert (error["type"], error["status"], error["frame"]) == ("django.urls.exceptions.Resolver404", 404, None)
    assert error["message"].startswith("no URL pattern matches 'nope': ")
    hop = traced.trace("/broken-sql/").django
    assert hop["sql"][0]["error"].startswith("django.db.utils.OperationalError: no such table")
    assert hop["exceptions"][0]["type"] == "django.db.utils.OperationalError"


def test_errors_around_django_and_in_the_middle_of_a_body(traced: Traced) -> None:
    outside = traced.trace("/around/")
    assert outside.wsgi["out"]["exception"]["message"] == "outside of Django"
    assert outside.wsgi["out"]["exception"]["where"] == "application"
    assert not [event for event in outside.events if event["e"] in ("span", "request")]
    midway = traced.trace("/stream/?boom=1")
    assert midway.wsgi["out"]["exception"]["where"] == "body"
    (error,) = midway.django["exceptions"]
    assert (error["type"], error["status"], error["frame"]["function"]) == ("KeyError", None, "parts")


def test_a_worker_that_is_killed_leaves_what_it_was_at(traced: Traced) -> None:
    answer = traced.trace("/dies/")
    assert answer.wsgi["unfinished"] and answer.django["unfinished"]
    assert answer.django["view"]["unfinished"]
    assert "unfinished" not in answer.django["sql"][0]
    assert answer.django["out"]["status"] is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path", ["/", "/page/", "/stream/", "/file/", "/memory/", "/boom/", "/nope", "/answered/", "/async/"]
)
def test_a_trace_changes_no_byte(traced: Traced, method: str, path: str) -> None:
    plain, seen = ask(traced.site, path, method=method), traced.trace(path, method=method)
    assert seen.events
    assert (seen.status, seen.headers, seen.body, seen.whole) == (plain.status, plain.headers, plain.body, plain.whole)


def test_a_file_still_goes_out_by_sendfile(traced: Traced) -> None:
    answer = traced.trace("/file/?traced")
    assert (answer.wsgi["out"]["bytes"], answer.wsgi["out"]["file_bytes"]) == (None, len(answer.body))
    assert answer.django["signals"][-1]["name"] == "django.core.signals.request_finished"
    lines = until(lambda: [line for line in traced.site.log.splitlines() if "/file/?traced" in line])
    assert "via sendfile()" in lines[0]


def test_django_is_its_own_before_and_after_and_not_during(traced: Traced) -> None:
    assert traced.untouched() == {b"0 0"}
    assert traced.trace("/patched/").body == b"4 1"
    traced.trace("/boom/")
    assert traced.untouched() == {b"0 0"}


def test_traces_do_not_mix_with_each_other_nor_with_others(traced: Traced) -> None:
    with ThreadPoolExecutor(8) as pool:
        plain = [pool.submit(ask, traced.site, f"/waits/?mark=plain{number}") for number in range(6)]
        seen = {f"seen{number}": pool.submit(traced.trace, f"/waits/?mark=seen{number}") for number in range(6)}
        assert {one.result().body.decode() for one in plain} == {f"plain{number}" for number in range(6)}
        for mark, one in seen.items():
            assert one.result().body.decode() == mark
            assert [row["params"] for row in one.result().django["sql"]] == [[mark]] * 5
    assert traced.untouched() == {b"0 0"}


@pytest.mark.parametrize("lines", [0, 1, 10, 25])
def test_a_listener_that_goes_away_does_not_disturb(traced: Traced, lines: int) -> None:
    with listening(traced.sockets, lines) as listener:
        answer = ask(traced.site, "/save/", listener.nonce)
    assert (answer.status, answer.body, len(listener.events)) == (200, b"saved", lines)
    # The answer is here before its trace has ended.
    until(lambda: traced.untouched() == {b"0 0"}, what="Django is its own again")


def test_nobody_listens_or_the_name_is_none(traced: Traced) -> None:
    nonce = "0" * 32
    for answer in (
        ask(traced.site, "/environ/", nonce),
        ask(traced.site, "/environ/", nonce, token="guess"),
        ask(traced.site, "/environ/", "../../etc"),
        traced.trace("/environ/"),
    ):
        assert (answer.status, answer.body) == (200, b"[]")


def test_the_error_page_of_a_traced_request_does_not_show_the_recorder(traced: Traced, tmp_path: Path) -> None:
    entry = django_release(tmp_path / "r", traced.project, traced.sockets)
    with served(PYTHONS[0], entry, traced.project, {"SITE_DEBUG": "1"}) as site:
        answer = trace(site, traced.sockets, "/broken-sql/")
    assert b"OperationalError" in answer.body and answer.status == 500
    assert b"trace_" not in answer.body and b"PORTICO_TRACE" not in answer.body


@pytest.mark.parametrize("early", ["", "import django.core.handlers.base"], ids=["imported later", "imported before"])
def test_the_chain_is_known_whenever_django_is_imported(early: str) -> None:
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
{early}
from portico.inside import trace_layers
before = "django" in sys.modules
trace_layers.watch()
assert before == ("django" in sys.modules)
from django.conf import settings
settings.configure(MIDDLEWARE=["django.middleware.common.CommonMiddleware"], ROOT_URLCONF="x")
import inspect, django
django.setup()
import django.core.handlers.base as base
from django.core.handlers.wsgi import WSGIHandler
handler = WSGIHandler()
assert "load_middleware" in inspect.getsource(base) and type(base.__loader__) is type(inspect.__loader__)
assert not [finder for finder in sys.meta_path if "trace_layers" in type(finder).__module__]
print(sorted(trace_layers._chain.values()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "['', 'django.middleware.common.CommonMiddleware']\n", done.stderr
