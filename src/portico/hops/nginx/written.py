"""A directive as lines of a configuration file again: nginx reads from them the name and the arguments it has."""

from __future__ import annotations

import re

from portico.model.directive import Directive

#: A backslash and what follows it stay as they are when nginx has no meaning for the pair (`ngx_conf_read_token`).
_PAIR = r"\\[^\\\"'trn\s;{}#$]"
_VARIABLE = r"\$\{\w+\}"
#: A word that needs no quotes: nothing in it ends it, and nothing at its beginning has a meaning.
_BARE = re.compile(rf"(?:[^\s\x00-\x1f\\;{{}}\"'#]|{_PAIR}|{_VARIABLE})(?:[^\s\x00-\x1f\\;{{}}\"']|{_PAIR}|{_VARIABLE})*")
_SPECIAL = re.compile(rf"{_PAIR}|[\\\"\t\r\n]")
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\r": "\\r", "\n": "\\n"}
_STEP = 4


def written(directive: Directive, indent: int = 0) -> tuple[str, ...]:
    """The lines of a directive and its block, `indent` spaces in front of them and four more for each block. Of a main
    context (no name, line 0) those of its content.

    Reading them gives the same names and arguments; comments, and which file a line came from, are not kept. Lua code
    stays as it is, line for line.
    """
    margin = " " * indent
    if directive.block is not None and not directive.name and not directive.line:
        return tuple(line for entry in directive.block for line in written(entry, indent))
    if directive.name.endswith("_by_lua_block") and directive.block is None and directive.args:
        return tuple((margin + _lua(directive)).split("\n"))
    head = margin + _head(directive)
    if directive.block is None:
        return (f"{head};",)
    if not directive.block:
        return (f"{head} {{}}",)
    inner = (line for entry in directive.block for line in written(entry, indent + _STEP))
    return (f"{head} {{", *inner, f"{margin}}}")


def word(text: str) -> str:
    """One name or argument as it has to be written, in quotes where it needs them."""
    if _BARE.fullmatch(text):
        return text
    escaped = _SPECIAL.sub(lambda found: _ESCAPED.get(found[0], found[0]), text)
    return f'"{escaped}"'


def _head(directive: Directive) -> str:
    words = [word(entry) for entry in directive.args]
    if directive.name == "if" and directive.block is not None:
        # A quote has a meaning only at the beginning of a word, so it may not follow the parenthesis at once.
        space = " " if words and words[0].startswith('"') else ""
        return f"if ({space}{' '.join(words)})"
    return " ".join((word(directive.name), *words))


def _lua(directive: Directive) -> str:
    *args, code = directive.args
    return " ".join((directive.name, *args, f"{{{code}}}"))
