"""Portico's own nginx files, read back."""

from __future__ import annotations

from portico.hops.nginx.explained import explained
from portico.hops.nginx.render import files
from support.plans import make_plan

OWN = {
    "extra_http": ("map $uri $mine {", "    default 1;", "}"),
    "extra_server": ("#: not Portico's [nginx.gzip]", "return 204;"),
}


def test_a_directive_comes_with_its_comment_its_key_and_the_blocks_around_it() -> None:
    lines = explained(files(make_plan())[0].text, {})
    line = next(line for line in lines if line.name == "uwsgi_read_timeout")
    assert line.keys == ("nginx.uwsgi_read_timeout",)
    assert line.why.startswith("The longest silence of the application before a 504")
    assert line.inside == ("http", "server", "location /")
    assert (line.value, line.kind) == ("65s", "directive")


def test_the_number_is_that_of_the_line_in_the_file() -> None:
    text = files(make_plan())[0].text
    rows = text.splitlines()
    lines = explained(text, {})
    assert [line.text.splitlines()[0] for line in lines] == [rows[line.number - 1].rstrip() for line in lines]
    code = [row for row in rows if row.strip() and not row.strip().startswith("#") and row.strip() != "}"]
    assert sum(len(line.text.splitlines()) for line in lines) == len(code)


def test_a_directive_over_several_lines_is_one() -> None:
    lines = explained(files(make_plan())[0].text, {})
    (log_format,) = [line for line in lines if line.name == "log_format"]
    assert "$request_time" in log_format.value
    assert log_format.text.endswith(";")


def test_entries_of_a_map_share_its_comment() -> None:
    lines = explained(files(make_plan())[0].text, {})
    block = next(line for line in lines if line.name == "map" and "$portico_request_id" in line.value)
    entries = [line for line in lines if line.inside[-1:] == ("map $http_x_request_id $portico_request_id",)]
    assert [line.kind for line in entries] == ["entry", "entry"]
    assert {line.why for line in entries} == {block.why}


def test_lines_of_the_user_are_theirs_whatever_they_say() -> None:
    text = files(make_plan(nginx=OWN))[0].text
    lines = explained(text, {"nginx.extra_http": 3, "nginx.extra_server": 2})
    own = [line for line in lines if line.kind == "own"]
    assert [(line.text.strip(), line.keys) for line in own] == [
        ("map $uri $mine {", ("nginx.extra_http",)),
        ("default 1;", ("nginx.extra_http",)),
        ("return 204;", ("nginx.extra_server",)),
    ]
    after = lines[lines.index(own[-1]) + 1]
    assert (after.name, after.inside) == ("location", ("http", "server"))
    assert "nginx.gzip" not in after.keys


def test_types_say_which_files_are_sent_as_what() -> None:
    lines = explained(files(make_plan())[1].text, {})
    (css,) = [line for line in lines if line.name == "text/css"]
    assert css.why == "Files named *.css are sent as text/css."
