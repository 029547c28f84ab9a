"""The OpenTelemetry export, field by field as trace.proto has it; the whole was also read with opentelemetry-proto."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from portico.export.otlp import otlp
from support.trace_variants import all_traces, dead_uwsgi, failed, past, static_file, static_missing
from support.traces import ID, PARENT_ID, TRACE_ID, Data, hop, page

INTERNAL, SERVER, CLIENT, ERROR = 1, 2, 3, 2
_SPAN = {
    "traceId",
    "spanId",
    "flags",
    "name",
    "kind",
    "startTimeUnixNano",
    "endTimeUnixNano",
    "attributes",
    "events",
    "status",
}


def flat(result: Data) -> list[dict[str, Any]]:
    """The spans of all resources, each with `service` and its attributes as a dict."""
    made = json.loads(json.dumps(otlp(result)))
    return [
        {**span, "attributes": values(span["attributes"]), "service": values(one["resource"]["attributes"])["service.name"]}
        for one in made["resourceSpans"]
        for scope in one["scopeSpans"]
        for span in scope["spans"]
    ]


def values(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """Each value without its wrapping, with its type proven."""
    types = {"stringValue": str, "boolValue": bool, "doubleValue": float, "arrayValue": dict, "intValue": str}
    found = {}
    for pair in attributes:
        assert pair.keys() == {"key", "value"}
        ((kind, value),) = pair["value"].items()
        assert type(value) is types[kind]
        assert kind != "intValue" or re.fullmatch(r"-?\d+", value)
        assert pair["key"] not in found
        found[pair["key"]] = int(value) if kind == "intValue" else value
    return found


def named(result: Data, name: str) -> dict[str, Any]:
    (found,) = (span for span in flat(result) if span["name"] == name)
    return found


@pytest.mark.parametrize("name", sorted(all_traces()))
def test_every_trace_has_the_form_of_the_protocol(name: str) -> None:
    spans = flat(all_traces()[name])
    by_id = {span["spanId"]: span for span in spans}
    assert len(by_id) == len(spans)
    for span in spans:
        assert span.keys() - {"parentSpanId", "service"} == _SPAN
        assert re.fullmatch("[0-9a-f]{32}", span["traceId"])
        assert re.fullmatch("[0-9a-f]{16}", span["spanId"])
        assert span["kind"] in (INTERNAL, SERVER, CLIENT)
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert span["status"].keys() <= {"code", "message"}
        outer = by_id.get(span.get("parentSpanId", ""))
        assert outer or span is spans[0]
        if outer:
            assert int(outer["startTimeUnixNano"]) <= int(span["startTimeUnixNano"])


def test_each_process_is_a_resource() -> None:
    made = otlp(page())["resourceSpans"]
    resources = [values(one["resource"]["attributes"]) for one in made]
    assert [one["service.name"] for one in resources] == ["portico", "nginx", "destiny"]
    assert {one["service.namespace"] for one in resources} == {"destiny"}
    worker = resources[2]
    assert (worker["service.instance.id"], worker["process.pid"], worker["service.version"]) == ("uwsgi-3", 48213, "3")


def test_ids_join_what_others_send() -> None:
    result = page()
    client = flat(result)[0]
    assert (client["traceId"], client["spanId"]) == (TRACE_ID, PARENT_ID), "as the request's traceparent said"
    assert "parentSpanId" not in client
    assert named(result, "nginx GET")["parentSpanId"] == PARENT_ID
    result["traceparent"]["parent_id"] = "b7ad6b7169203331"
    assert flat(result)[0]["parentSpanId"] == "b7ad6b7169203331"


def test_ids_are_the_same_each_time_and_others_for_another_request() -> None:
    def ids(result: Data) -> list[str]:
        return [span["spanId"] for span in flat(result)]

    assert ids(page()) == ids(page())
    assert not set(ids(page())[1:]) & set(ids(page() | {"request_id": "another"}))


def test_times_are_nanoseconds_since_1970() -> None:
    nginx = named(page(), "nginx GET")
    assert nginx["startTimeUnixNano"] == "1795762123482410000"
    assert int(nginx["endTimeUnixNano"]) - int(nginx["startTimeUnixNano"]) == 30_600_000


def test_what_server_timing_says_ends_with_its_sender() -> None:
    django, db = named(page(), "django GET /"), named(page(), "db")
    assert db["parentSpanId"] == django["spanId"]
    assert db["endTimeUnixNano"] == django["endTimeUnixNano"]
    assert int(db["endTimeUnixNano"]) - int(db["startTimeUnixNano"]) == 4_100_000


def test_a_server_timing_longer_than_its_sender_stays_within_it() -> None:
    result = page()
    result["server_timing"][0]["duration_ms"] = 1e300
    assert named(result, "db")["startTimeUnixNano"] == named(result, "django GET /")["startTimeUnixNano"]


def test_attributes_are_those_of_the_conventions() -> None:
    client = named(page("GET", "/a?b=c"), "client GET")
    assert client["kind"] == CLIENT
    assert client["attributes"]["url.full"] == "http://127.0.0.1:8000/a?b=c"
    assert client["attributes"]["portico.request_id"] == ID
    nginx = named(page("GET", "/a?b=c"), "nginx GET")
    assert nginx["kind"] == SERVER
    expected = {"http.request.method": "GET", "url.path": "/a", "url.query": "b=c", "http.response.status_code": 200}
    assert expected.items() <= nginx["attributes"].items()
    assert nginx["attributes"]["server.port"] == 8000
    sql = named(page(), "SELECT journal_upload")
    assert sql["kind"] == CLIENT
    assert sql["attributes"]["db.query.text"].startswith('SELECT "journal_upload"."id"')
    assert sql["attributes"]["db.operation.name"] == "SELECT"
    view = named(page(), "view home")
    assert (view["kind"], view["attributes"]["code.function.name"]) == (INTERNAL, "journal.views.home")
    assert named(static_file(), "nginx GET")["attributes"]["file.path"].endswith("/journal/site.8f14e45fceea.css")


def test_an_exception_is_an_event_where_it_was_raised() -> None:
    django = named(failed(), "django GET /boom/")
    (event,) = django["events"]
    said = values(event["attributes"])
    assert event["name"] == "exception"
    assert (said["exception.type"], said["exception.message"]) == ("RuntimeError", "this view raises on purpose")
    assert said["exception.stacktrace"].startswith("Traceback (most recent call last):\n  File ")
    assert said["code.line.number"] == 91
    assert django["status"] == {"code": ERROR, "message": failed()["died"]}


def test_what_died_is_an_error_and_what_went_well_is_not() -> None:
    assert named(dead_uwsgi(), "nginx GET")["status"] == {"code": ERROR, "message": dead_uwsgi()["died"]}
    assert [event["name"] for event in named(dead_uwsgi(), "nginx GET")["events"]] == ["nginx.error_log"]
    assert [span["status"] for span in flat(page())] == [{}] * len(flat(page()))


def test_a_404_is_the_clients_error_and_not_the_servers() -> None:
    assert named(static_missing(), "client GET")["status"]["code"] == ERROR
    assert named(static_missing(), "nginx GET")["status"] == {}


def test_a_failed_statement_is_an_error() -> None:
    result = page()
    hop(result, "django")["sql"][0]["error"] = "OperationalError: no such table: django_session"
    sql = named(result, "SELECT django_session")
    assert sql["status"] == {"code": ERROR, "message": "OperationalError: no such table: django_session"}
    assert sql["attributes"]["error.type"] == "OperationalError"


def test_a_trace_from_the_logs_has_no_client_and_is_one_all_the_same() -> None:
    first = flat(past())[0]
    assert first["name"] == "nginx GET"
    assert "parentSpanId" not in first
    assert otlp({}) == {"resourceSpans": []}


def test_what_is_not_utf_8_can_be_sent() -> None:
    result = page()
    hop(result, "django")["sql"][0]["statement"] = "SELECT '\udcff'"
    hop(result, "nginx")["errors"] = ["\udcfe"]
    json.dumps(otlp(result), ensure_ascii=False).encode("utf-8")
