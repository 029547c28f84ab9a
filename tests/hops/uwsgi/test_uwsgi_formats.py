"""The readers of uWSGI's formats: places of settings, places of errors, and that no text whatever stops them."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico.hops.uwsgi import formats, harmless, show_config
from portico.hops.uwsgi.expand import Effort, expanded, placeholder
from portico.hops.uwsgi.formats import Format, parse
from portico.hops.uwsgi.logic import Machine
from portico.hops.uwsgi.magic import of_file, substituted
from portico.hops.uwsgi.option_names import KNOWN
from portico.hops.uwsgi.options import unknown
from portico.hops.uwsgi.surroundings import Loaded, Nothing
from portico.model.directive import Option

KINDS: list[Format] = ["ini", "yaml", "xml", "json"]
SAMPLES: dict[Format, str] = {
    "ini": "; c\n[uwsgi]\nmaster = true\n\npythonpath = /a\npythonpath = /b\n",
    "yaml": "---\nuwsgi:\n  # c\n  master: true\n  pythonpath:\n    - /a\n    - '/b'\n",
    "xml": "<uwsgi>\n  <master>true</master>\n  <pythonpath>/a</pythonpath>\n\n  <pythonpath>/b</pythonpath>\n</uwsgi>\n",
    "json": '{\n  "uwsgi": {\n    "master": "true",\n    "pythonpath": [\n      "/a",\n      "/b"]\n  }\n}\n',
}
LINES: dict[Format, tuple[int, ...]] = {"ini": (3, 5, 6), "yaml": (4, 6, 7), "xml": (2, 3, 5), "json": (3, 5, 6)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_has_its_line_and_the_place_of_its_name(kind: Format):
    text = SAMPLES[kind]
    parsed = parse(kind, text)
    assert [(one.name, one.value) for one in parsed.entries] == [
        ("master", "true"),
        ("pythonpath", "/a"),
        ("pythonpath", "/b"),
    ]
    assert tuple(one.line for one in parsed.entries) == LINES[kind]
    for entry in parsed.entries:
        assert {text[start:end] for start, end in entry.spans} == {entry.name}


@pytest.mark.parametrize(
    ("kind", "text", "place"),
    [
        ("yaml", 'uwsgi:\n  a: "b\n', (3, 1)),
        ("yaml", "uwsgi:\n  a: b: c\n", (2, 7)),
        ("yaml", "uwsgi:\n  a: \x01\n", (2, 6)),
        ("xml", "<uwsgi>\n <a>\n</uwsgi>", (3, 3)),
        ("xml", '<!DOCTYPE x [<!ENTITY a "b">]>\n<uwsgi><a>&a;</a></uwsgi>', (1, 13)),
        ("xml", "uwsgi", (1, 1)),
        ("json", '{"uwsgi":\n  {"a": 1,}}', (2, 11)),
        ("json", '{"uwsgi": {"a": NaN}}', (1, 1)),
        ("json", '{"uwsgi": []}', (1, 1)),
        ("json", "[" * 100_000, (1, 1)),
    ],
)
def test_what_cannot_be_read_is_said_with_line_and_column(kind: Format, text: str, place: tuple[int, int]):
    parsed = parse(kind, text)
    assert parsed.entries == ()
    assert parsed.error is not None
    assert parsed.error[:2] == place
    assert parsed.error[2]


@pytest.mark.parametrize(
    ("kind", "text", "line", "words"),
    [
        ("yaml", "uwsgi:\n  a: 1\n  l:\n  - x\n", 4, "reads nothing from `l` on"),
        ("yaml", "uwsgi:\n  a: 'x'\n", 2, "takes another value for `a`"),
        ("yaml", "uwsgi:\n  x: 1\n  a: %(x)\n", 3, "with libyaml does not read this file"),
        ("yaml", "uwsgi:\n  a: [b\n", 3, "no whole YAML"),
        ("yaml", "uwsgi: {a: b}\n", 0, "no block `uwsgi:`"),
        ("xml", "<uwsgi>\n<a>x&amp;y</a></uwsgi>", 2, "only the first piece"),
        ("xml", '<uwsgi><app mountpoint="/x"><module>m</module></app></uwsgi>', 1, 'mountpoint="/x"'),
        ("xml", "<x/>", 0, "no <uwsgi>"),
        ("json", '{"uwsgi":\n{"a": 1.5}}', 2, "ignores the value of `a`"),
        ("json", '{"uwsgi":\n{"a": 4294967296}}', 2, "32 bits"),
    ],
)
def test_what_one_uwsgi_reads_otherwise_than_another_is_told(kind: Format, text: str, line: int, words: str):
    problems = parse(kind, text).problems
    assert [number for number, said in problems if words in said] == [line], problems


@pytest.mark.parametrize("kind", KINDS)
def test_options_that_do_not_exist_are_found_in_every_format(kind: Format):
    text = SAMPLES[kind].replace("master", "mater")
    found = tuple(Option(one.name, one.value, f"{one.line}") for one in parse(kind, text).entries)
    assert [(option.name, option.where, meant) for option, meant in unknown(found)] == [
        ("mater", str(LINES[kind][0]), "master")
    ]


ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=300)
_PIECES = st.sampled_from(
    (
        *"[]{}<>:=,\"'%$@()#;!&*|>-\n\t\r \0",
        *(
            "[uwsgi]\n",
            "uwsgi:\n  ",
            "<uwsgi>",
            "</uwsgi>",
            '{"uwsgi": {',
            "}}",
            "<a>",
            "</a>",
            "  - x\n",
            "a: b\n",
            '"a": "b",',
        ),
        *(
            "%(a)",
            "%(_)",
            "$(A)",
            "@(/x)",
            "for = a b\n",
            "if-env = A\n",
            "endif =\n",
            "set-ph = a=%(a)%(a)\n",
            "a = %(a)\n",
        ),
        *(
            "ini = :uwsgi\n",
            "include = a.ini\n",
            "inherit = a.ini\n",
            "for-times = 99999999\n",
            "é",
            "%n",
            "exec-asap = x\n",
        ),
    )
)
SHAPED = st.lists(_PIECES, max_size=60).map("".join)


class Loop(Nothing):
    """A machine on which every file is the same one."""

    def __init__(self, text: str) -> None:
        self.same = Loaded("/srv/a.ini", "/srv/a.ini", text)
        self.environ = {"A": "$(A)%(a)"}

    def load(self, name: str, beside: str) -> Loaded:
        return self.same

    def text(self, path: str) -> str | None:
        return "@(/x)%(a)"


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.one_of(ANY_TEXT, SHAPED))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_stops_a_reader(kind: Format, text: str):
    parsed = parse(kind, text)
    lines = text.count("\n") + 2
    assert all(1 <= one.line <= lines for one in parsed.entries)
    machine = Machine(Loop(text))
    machine.text(machine.around.load("", ""), "uwsgi", kind)
    began = time.process_time()
    reading = machine.reading()
    assert time.process_time() - began < 5
    assert len(reading.options) >= len(parsed.entries) - len(reading.untaken) or reading.unread or "%" in text


@given(at=st.integers(0, 400), piece=_PIECES, kind=st.sampled_from(KINDS))
@settings(max_examples=200, deadline=None)
def test_a_file_with_something_put_in_it_is_read_or_told(at: int, piece: str, kind: Format):
    text = SAMPLES[kind]
    at = min(at, len(text))
    parsed = parse(kind, text[:at] + piece + text[at:])
    # Behind a bracket of an ini file comes another section.
    assert parsed.entries or parsed.error or parsed.problems or (kind == "ini" and "[" in piece)


@given(value=SHAPED, symbol=st.sampled_from("$@%"))
@settings(max_examples=100, deadline=None)
def test_replacing_ends(value: str, symbol: str):
    text, ended = expanded(value, symbol, lambda key: f"%({key})$({key})@({key})", Effort())
    assert len(text) < 1 << 20
    assert ended or symbol + "(" in value
    placeholder(value, lambda key: key)


@given(text=SHAPED)
@settings(max_examples=100, deadline=None)
def test_magic_keeps_count_of_the_lines(text: str):
    read, numbers = substituted(text, of_file("/srv/app/a.ini", "a.ini", None))
    assert len(numbers) == read.count("\n") + 1
    assert list(numbers) == sorted(numbers)
    assert numbers[-1] <= text.count("\n") + 1


@given(text=SHAPED, kind=st.sampled_from(KINDS))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_in_a_copy_is_an_option_that_does_something(text: str, kind: Format):
    """Whatever a file holds: in its copies stand loops, conditions, placeholders and other copies, and nothing else."""
    harmful = (
        KNOWN - {"ini", "inherit", "set", "set-placeholder", "set-ph"} - harmless.conditions.LOGIC - harmless.conditions.ENDS
    )
    around = Loop(text)
    machine = Machine(around)
    machine.load("/srv/a.ini", kind=kind)
    machine.reading()
    try:
        made = harmless.copies(machine.top, "/tmp/r", around)
    except harmless.NotAskedError as error:
        assert str(error)
        return
    for path, copy in made.files.items():
        assert path.startswith("/tmp/r/")
        assert "@" not in copy
        for line in copy.splitlines():
            name, _, value = line.partition(" = ")
            assert name not in harmful
            assert name not in ("ini", "inherit") or value.startswith("/tmp/r/")


@pytest.mark.parametrize("kind", KINDS)
def test_large_files_are_read_in_good_time(kind: Format):
    rows: dict[Format, tuple[str, str, str]] = {
        "ini": ("[uwsgi]\n", "env = A=%n\n", ""),
        "yaml": ("uwsgi:\n", "  env: A=%n\n", ""),
        "xml": ("<uwsgi>\n", "<env>é=%n</env>\n", "</uwsgi>"),
        "json": ('{"uwsgi": {"env": [\n', '"A=%n",\n', '"A=1"]}}'),
    }
    head, row, tail = rows[kind]
    text = head + row * 10_000 + tail
    machine = Machine(Nothing())
    began = time.process_time()
    machine.text(Loaded("/srv/a.x", "/srv/a.x", text), "uwsgi", kind)
    assert len(machine.reading().options) >= 10_000
    assert time.process_time() - began < 10


def test_what_uwsgi_shows_is_read_and_its_last_words():
    shown = "hello\n;uWSGI instance configuration\n[uwsgi]\na = 1\nb = x = y\nmore\n;end of configuration\n\nbye\n"
    assert show_config.parse(shown) == (("a", "1"), ("b", "x = y\nmore"))
    assert show_config.parse("[uWSGI] getting INI configuration\nrecursive logic\n") is None
    assert show_config.last_words("[uWSGI] getting INI\nrecursive logic\n\n") == "recursive logic"


def test_the_format_follows_from_the_name_or_the_text():
    assert [formats.by_name(name) for name in ("a.ini", "a.yml", "a.yaml", "a.js", "a.xml", "a.conf")] == [
        *("ini", "yaml", "yaml", "json", "xml"),
        None,
    ]
    assert [formats.by_text(text) for text in ("\n <uwsgi>", '{"uwsgi"', "[uwsgi]")] == ["xml", "json", "ini"]
