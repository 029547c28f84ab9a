"""Mistakes in a configuration: where they are to be mended, and nginx's own words and line for them."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest

from portico.hops.nginx.syntax import mistakes
from portico.model.plan import NginxBinary

HEAD = "error_log stderr;\nevents {}\nhttp {\n"
#: The text behind HEAD; line and column where it is to be mended; a part of what is told; the line nginx names.
WRONG = {
    "no semicolon before }": ("server {\n listen 80\n}\n}\n", (5, 11), 'directive "listen" is not terminated by ";"', 6),
    "no semicolon before {": ("server {\n root /x\n location / {\n}\n}\n}\n", (5, 9), 'directive "root" is not termin', 6),
    "no semicolon between": (
        "server {\n root /x # here\n index y;\n}\n}\n",
        (5, 9),
        'directive "root" is not terminated',
        6,
    ),
    "listen without": ("server {\n listen 80\n server_name y;\n}\n}\n", (5, 11), 'invalid parameter "server_name"', 6),
    "many words": ("server {\n listen 80\n   ssl\n http2\n server_name y;\n}\n}\n", (7, 7), 'parameter "server_name"', 8),
    "pass without": (
        "server { location / {\n uwsgi_pass unix:/a\n include x;\n}\n}\n}\n",
        (5, 20),
        '"uwsgi_pass" is not t',
        6,
    ),
    "lines of Windows": ("server {\r\n listen 80\r\n}\r\n}\r\n", (5, 11), 'directive "listen" is not terminated by ";"', 6),
    "too many }": ("server {\n listen 80;\n}\n}\n  }\n", (8, 3), 'unexpected "}"', 8),
    "too many ;": ("server {\n listen 80;;\n}\n}\n", (5, 12), 'unexpected ";"', 5),
    "too many {": ("server {{\n listen 80;\n}\n}\n", (4, 9), 'unexpected "{"', 4),
    "a block not closed": ("server {\n listen 80;\n}\n", (7, 1), "`http` opens a block in line 3, column 1 that", 7),
    "an inner block not closed": (
        "  server {\n    location / {\n      return 200;\n  }\n}\n",
        (9, 1),
        'unexpected end of file, expecting "}": `location` opens a block in line 5, column 5 that is never closed',
        9,
    ),
    "a quote not closed": ('server {\n root "/a;\n}\n}\n', (5, 7), "the quote that opens here is never closed", 8),
    "a long quote not closed": ("server {\n root '/a;\n}\n" + "#x\n" * 2000, (5, 7), 'probably missing terminating "\'"', 5),
    "a letter behind a quote": ('server {\n root "/a"b;\n}\n}\n', (5, 11), 'unexpected "b"', 5),
    "a quote that ends later": (
        'server {\n root "/a;\n index "b";\n}\n}\n',
        (6, 9),
        'unexpected "b": the quote that opens in line 5, column 7 ends before it',
        6,
    ),
    "the end within a directive": ("server {\n listen 80", (5, 11), 'end of file, expecting ";" or "}" in line 5', 5),
    "the end behind a backslash": ("server {\n listen 80; \\", (5, 14), "unexpected end of file", 5),
    "no block": (" server;\n}\n", (4, 2), 'directive "server" has no opening "{"', 4),
    "a block too many": ("server {\n listen 80 {\n}\n}\n}\n", (5, 12), 'directive "listen" is not terminated by ";"', 5),
    "arguments": ("server {\n root /a /b;\n}\n}\n", (5, 2), 'invalid number of arguments in "root" directive', 5),
    "neither on nor off": ("server {\n gzip yes;\n}\n}\n", (5, 2), 'invalid value "yes" in "gzip" directive, it must', 5),
    "a name": ("server {\n Listen 80;\n}\n}\n", (5, 2), 'unknown directive "Listen"', 5),
    "a space that is none": ("server {\n listen\u00a080;\n}\n}\n", (5, 8), "U+00A0 looks like a space", 5),
    "a space at the end": ("server {\n listen 80\u00a0;\n}\n}\n", (5, 11), "U+00A0 looks like a space", 5),
    "a word too long": (
        f"server {{\n root {'a' * 4096};\n}}\n}}\n",
        (5, 7),
        'too long parameter "aaaaaaaaaa..." started',
        5,
    ),
}
RIGHT = [
    "server { #}\n listen 80; # {\n}}\n",
    "server { # it's\n listen 80; }}\n",
    f"server {{\n root {'a' * 4095};\n}}\n}}\n",
    "server {\n set $a x}y;\n}\n}\n",
    'server {\n if ($uri = "a;{") { return 200; }\n}\n}\n',
    "server {\n location ~ ^/${uri}x { return 200 a\\;b; }\n}\n}\n",
    "map $uri $a { default 1; }\n map $uri $b { root 1; listen 2; Upper.case 3; '~^/}' 4; }\n types { a/b c; }\n}\n",
    "server {\n server_name a\n  b\n  c;\n listen 8000\n  default_server;\n}\n}\n",
]


@pytest.mark.parametrize("name", WRONG)
def test_where_it_is_to_be_mended(name: str) -> None:
    text, place, words, _ = WRONG[name]
    (told,) = mistakes(HEAD + text)
    assert (told.line, told.column) == place, told
    assert words in told.text


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right(text: str) -> None:
    assert mistakes(HEAD + text) == ()


def test_nginx_agrees(nginx: NginxBinary, base: Path) -> None:
    for text, _, _, line in WRONG.values():
        said = emerg(nginx, base, HEAD + text)
        assert said.endswith(f":{line}"), (said, text)
        (told,) = mistakes(HEAD + text)
        if "(nginx" in told.text and "missing terminating" not in told.text:
            assert told.text.endswith(f"in line {line})")
    for text in RIGHT:
        assert emerg(nginx, base, HEAD + text) == "", text


def emerg(nginx: NginxBinary, base: Path, text: str) -> str:
    conf = base / "nginx.conf"
    conf.write_text(f"pid {base}/pid; {text}", encoding="utf-8", newline="")
    argv = [nginx.path, "-p", f"{base}/", "-c", str(conf), "-t"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    found = re.search(r"\[emerg\] \d+#\d+: (.*)", done.stderr) or re.search(r"\[emerg\] (.*)", done.stderr)
    return found[1] if found else ""


def test_a_part_of_a_configuration_is_judged_too() -> None:
    (told,) = mistakes("server {\n    location / {\n        uwsgi_pass unix:/a\n        include uwsgi_params;\n    }\n}\n")
    assert (told.line, told.column) == (3, 27)
    assert mistakes("root 1;\nlisten;\nserver;\n", free=True) == ()
    assert len(mistakes("root 1;\nlisten;\nserver;\n")) == 2


def test_lua_code_is_no_configuration() -> None:
    code = "-- it's }\n local a = '}' .. [[ } \" ]] --[[ } ]]\n if a then x = {1; 2} end"
    assert mistakes(f"location / {{ content_by_lua_block {{ {code} }} root /x; }}\nset_by_lua_block $a {{ {code} }}") == ()
    (told,) = mistakes("location / {\n content_by_lua_block {\n a = '}'\n")
    assert (told.line, told.column) == (4, 1)


def test_not_more_than_ten_are_told() -> None:
    assert len(mistakes("}" * 100_000)) == 10


def test_a_byte_order_mark_is_no_part_of_the_first_word() -> None:
    assert mistakes("\ufeffuser www;\n") == ()


@pytest.mark.parametrize("text", ["a b;\n", '"', "\\", "${", "a{", "{", "#", "a 'b;\n", "a" * 99 + " "])
def test_time_grows_with_the_size_only(text: str) -> None:
    began = time.process_time()
    mistakes(text * (200_000 // len(text)))
    assert time.process_time() - began < 4


@pytest.mark.parametrize("text", ["{} a", "server {{ gzip {};", "{} {{", "{}", "listen 80\n{} b"])
def test_a_long_word_is_not_told_whole(text: str) -> None:
    found = mistakes(text.format("B" * 100_000))
    assert found
    assert all(len(one.text) < 300 for one in found)


@pytest.mark.parametrize("code", ["[[", "--[[ ", "[=", "[===", "'", '"\\', "{", "--"])
def test_lua_that_never_ends_takes_no_time(code: str) -> None:
    began = time.process_time()
    (told,) = mistakes("content_by_lua_block {" + code * (200_000 // len(code)))
    assert "`content_by_lua_block` opens a block in line 1, column 1 that is never closed" in told.text
    assert time.process_time() - began < 2
