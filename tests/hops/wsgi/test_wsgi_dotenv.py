from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.hops.wsgi.dotenv import lookup, parse

FILE = """\
\ufeff# comment
PLAIN=value
  export SPACED = two words   # comment

EMPTY=
HASH=a#b
COMMENTED= # nothing
SINGLE='literal $HOME \\n "x"'   # after
DOUBLE="line\\nbreak \\"quoted\\" \\x"
LINES="first
second"
URL=postgres://u:p@h/db?x=1#frag
PLAIN=last
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_form(ending: str) -> None:
    assert parse(FILE.replace("\n", ending)) == {
        "PLAIN": "last",
        "SPACED": "two words",
        "EMPTY": "",
        "HASH": "a#b",
        "COMMENTED": "",
        "SINGLE": 'literal $HOME \\n "x"',
        "DOUBLE": 'line\nbreak "quoted" \\x',
        "LINES": "first\nsecond",
        "URL": "postgres://u:p@h/db?x=1#frag",
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nB\n", 2),
        ("A=1\n\n1A=2\n", 3),
        ("A='open\n", 1),
        ("A='x' y\n", 1),
        ("set -e\n", 1),
        ("A=x\0y", 1),
        ("A-B=1", 1),
    ],
)
def test_the_line_that_is_wrong_is_named(text: str, line: int) -> None:
    with pytest.raises(ValueError, match=f"^line {line} "):
        parse(text)


def test_lookup_in_a_file_of_another_dialect() -> None:
    text = "if true; then\nDJANGO_SETTINGS_MODULE=a.b\nexport DJANGO_SETTINGS_MODULE='shop.settings' # live\nfi\n"
    assert lookup(text, "DJANGO_SETTINGS_MODULE") == "shop.settings"
    assert lookup(text, "OTHER") == ""


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except ValueError:
        return
    assert all(key.isidentifier() and "\0" not in value for key, value in found.items())


@given(st.text(st.characters(exclude_characters="'\0\r", exclude_categories=["Cs"])))
def test_single_quotes_keep_everything(value: str) -> None:
    assert parse(f"A='{value}'\n") == {"A": value}
