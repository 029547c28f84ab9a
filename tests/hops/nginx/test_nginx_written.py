"""Directives as text again: what is read from it has the same names and arguments, and nginx takes it the same way."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest
from any_conf import running
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.hops.nginx.tree import tree
from portico.hops.nginx.written import written
from portico.model.directive import Directive
from portico.model.plan import NginxBinary
from portico.system.nginx_conf import read

Shape = tuple[str, tuple[str, ...], object]


def shape(directive: Directive) -> Shape:
    block = directive.block
    return directive.name, directive.args, None if block is None else tuple(map(shape, block))


def parsed(folder: Path, text: str) -> Directive:
    conf = folder / "nginx.conf"
    conf.write_text(text, encoding="utf-8")
    found, problems = tree(read(conf), str(conf))
    assert found and not problems, (problems, text)
    return found


def block(name: str, *args: str, inner: tuple[Directive, ...] = ()) -> Directive:
    return Directive(name, args, "/f", 1, inner)


def simple(name: str, *args: str) -> Directive:
    return Directive(name, args, "/f", 1)


def test_as_somebody_would_write_it() -> None:
    inner = (
        simple("root", "/srv/a b"),
        block("if", "$host", "=", "a", inner=(simple("return", "301", "https://$host$request_uri"),)),
        block("location", "~", r"\.php$", inner=(simple("try_files", "$uri", "${uri}x", "=404"), simple("internal"))),
        block("location", "/x"),
    )
    assert written(block("server", inner=inner), 4) == (
        "    server {",
        '        root "/srv/a b";',
        "        if ($host = a) {",
        "            return 301 https://$host$request_uri;",
        "        }",
        r"        location ~ \.php$ {",
        "            try_files $uri ${uri}x =404;",
        "            internal;",
        "        }",
        "        location /x {}",
        "    }",
    )


def test_a_main_context_is_its_content() -> None:
    root = Directive("", (), "/f", 0, (simple("user", "www"), block("events")))
    assert written(root) == ("user www;", "events {}")


TRICKY = [
    'return 200 "a;b{c}d";',
    "return 200 'it\\'s \"so\"';",
    'return 200 "";',
    'return 200 "# no comment";',
    r'return 200 "back\\slash \\t \\\\";',
    'return 200 "a\nb\tc";',
    r"return 200 a\;b\ c;",
    'return 200 "$uri ${uri}x";',
    'return 200 "a\\$b";',
    "return 200 'ends in a backslash\\\\';",
    'return 200 "caf\u00e9 \u00a0x";',
    "return 200 x#y$;",
    "return 200 a'b;",
    'if ($uri ~ "^/(a|b){1,2};$") { return 200 yes; }\n return 200 no;',
    'if ( "$uri$args" = "/ x" ) { return 200 yes; }\n return 200 no;',
    "if (!-f $uri) { return 200 yes; }\n return 200 no;",
    "if ($uri) { return 200 yes; }\n return 200 no;",
    'error_page 404 = @a; location "~b c" { return 200 c; } location ~ "^/a{2}$" { return 200 aa; } return 200 no;',
]
MAPS = """map $uri $m { default ""; "" 1; ~^/x\\.y "a b"; "~*^/z {2};" 2; hostnames; volatile; "#" 4; \\default 5; }
geo $g { default 0; 127.0.0.0/8 "1 2"; }
types { text/html html htm; "a b/c" x; }
log_format f escape=json '{"a":"$uri",' '"b":"$args"}';
"""


@pytest.mark.parametrize("text", [*TRICKY, MAPS])
def test_what_is_read_again_is_the_same(tmp_path: Path, text: str) -> None:
    first = parsed(tmp_path, text)
    assert shape(parsed(tmp_path, "\n".join(written(first)))) == shape(first)


def test_lua_stays_as_it_is(tmp_path: Path) -> None:
    code = "\n    local a = { b = \"}\" }  -- so\n    ngx.say('x;\\n')\n"
    text = f"location / {{ content_by_lua_block {{{code}}}\nset_by_lua_block $x {{ return 1 }} }}"
    first = parsed(tmp_path, text)
    again = "\n".join(written(first))
    assert code in again
    assert shape(parsed(tmp_path, again)) == shape(first)


def _words() -> st.SearchStrategy[str]:
    odd = st.text(st.sampled_from("ab$ {};\"'\\#()~^\t\n\r=/.*\u00a0\u20ac"), max_size=8)
    return odd | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


def _directives() -> st.SearchStrategy[Directive]:
    # `include` is followed, `if` loses parentheses that are part of its first and last word, Lua is no words.
    names = _words().filter(lambda name: name not in ("if", "include") and not name.startswith("\ufeff"))
    args = st.lists(_words(), max_size=4).map(tuple)
    leaf = st.builds(lambda name, args: Directive(name, args, "/f", 1), names, args)
    condition = st.sampled_from([("$a",), ("$a b", "=", "c d"), ("$a", "~", "^(x|y)"), ("!-f", "$a"), ("$a", "=", ")")])
    return st.recursive(
        leaf,
        lambda inner: st.builds(
            lambda head, block: Directive(head[0], head[1], "/f", 1, tuple(block)),
            st.tuples(names, args) | st.tuples(st.just("if"), condition),
            st.lists(inner, max_size=3),
        ),
        max_leaves=8,
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(_directives(), min_size=1, max_size=4))
def test_whatever_is_written_reads_the_same(directives: list[Directive]) -> None:
    inside = Directive("map", ("$a", "$b"), "/f", 1, tuple(directives))
    with tempfile.TemporaryDirectory() as folder:
        found = parsed(Path(folder), "\n".join(written(inside)))
    assert tuple(map(shape, found.block or ())) == (shape(inside),)


WORDS = (
    *(
        "a;b{c}d",
        'it\'s "so"',
        "# no comment",
        "back\\slash \\\\t \\",
        "a\nb\tc\rd",
        "a\\;b\\ c",
        "\\.php",
        "x#y",
        "a'b",
        "caf\u00e9 \u00a0x",
    ),
    *("{", "}", ";", "\\", "\\\\", '"', "'", "\\n", "\\\n", "a\\", "(x)", "~^/x", "[a-z]{2}"),
)
#: What decides, and the word that is answered with when it holds for a request of `/`.
CONDITIONS = (
    *(
        ("$uri", "~", "^/$"),
        ("$uri", "=", "/"),
        ("$uri",),
        ("!-f", "/x y;"),
    ),
    *(("$uri", "~", "^(/|b){1,2}"), ("$uri", "!=", ")")),
)


def test_nginx_takes_it_the_same_way(nginx: NginxBinary, base: Path) -> None:
    answers = [
        block("location", "=", f"/{number}", inner=(simple("return", "200", text),)) for number, text in enumerate(WORDS)
    ]
    conditions = [
        block("server", inner=(simple("listen", "$P"), simple("server_name", f"c{number}"), _answering(condition)))
        for number, condition in enumerate(CONDITIONS)
    ]
    entries = [block("map", "$uri", "$m", inner=tuple(simple(f"/m{text}", text) for text in WORDS))]
    mapped = block("location", "/m", inner=(simple("return", "200", "$m"),))
    http = (
        *entries,
        *conditions,
        block("server", inner=(simple("listen", "$P"), simple("server_name", "x"), mapped, *answers)),
    )
    text = "\n".join(line for entry in http for line in written(entry))
    with running(nginx, base, text) as server:
        assert [server.says("x", f"/{number}").text for number in range(len(WORDS))] == list(WORDS)
        asked = [server.says("x", "/m" + quote(text, safe="")).text for text in WORDS]
        assert asked == list(WORDS)
        assert [server.says(f"c{number}", "/").text for number in range(len(CONDITIONS))] == ["yes"] * len(CONDITIONS)


def _answering(condition: tuple[str, ...]) -> Directive:
    yes = block("if", *condition, inner=(simple("return", "200", "yes"),))
    return block("location", "/", inner=(yes, simple("return", "200", "no")))
