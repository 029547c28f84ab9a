"""Values made safe for a uWSGI ini file: what is written is what uWSGI reads, or the value is refused.

The rules are those of uWSGI's own reader (`uwsgi_ini_config`, `magic_sub` and `uwsgi_apply_config_pass` in its sources;
https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html): `%x` is replaced before lines are even split, then
`$(NAME)`, `@(FILE)` and `%(OPTION)` are expanded in every value; there are no quotes, no escapes and no comments behind
a value. A refusal is a ValueError whose message names the value and the reason.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

#: Placeholders that stand for what would start an expansion. They hold only in a file that defines them first.
PLACEHOLDERS = ("dollar=$", "at=@")
_GLOB = re.compile(r"[\\*?\[]")
#: Only ASCII: PCRE sees bytes here, and one byte of a UTF-8 sequence is no character of its own.
_REGEX_SPECIAL = re.compile(r"[^A-Za-z0-9_/\x80-\U0010ffff]")


class IniValue(str):
    """Text that may stand behind `=` as it is. The template prints nothing else but whole numbers."""

    __slots__ = ()


def ini_value(text: str) -> IniValue:
    """`text` as the value of an option, in a file that starts with `PLACEHOLDERS`.

    Refused are control characters, a space at either end (uWSGI strips it), text that is not valid UTF-8, and `%(`:
    uWSGI expands a `%(` again after each replacement, so nothing can stand for it.
    """
    for character in text:
        if unicodedata.category(character) == "Cc":
            raise ValueError(f"{text!r} contains a control character, which a uWSGI ini file cannot carry")
        if unicodedata.category(character) == "Cs":
            raise ValueError(f"{text!r} is not valid UTF-8")
    if text != text.strip(" "):
        raise ValueError(f"{text!r} starts or ends with a space, which uWSGI would strip")
    if "%(" in text:
        raise ValueError(f"{text!r} contains '%(', which uWSGI takes for a reference and has no escape for")
    doubled = text.replace("%", "%%")
    return IniValue(doubled.replace("$(", "%(dollar)(").replace("@(", "%(at)("))


def literal_path(text: str) -> str:
    """A path for `pythonpath`, which uWSGI takes for a glob(3) pattern: the pattern that matches exactly this path."""
    return _GLOB.sub(lambda found: "\\\\" if found[0] == "\\" else f"[{found[0]}]", text)


def unix_socket(path: str) -> str:
    """A path for `socket` and `stats`, where a `:` would make it a TCP address and `@`, `=`, `fd://` other kinds."""
    if not path.startswith("/") or ":" in path:
        raise ValueError(f"{path!r} is no path for a unix socket: it must be absolute and hold no ':'")
    return path


def log_path(path: str) -> str:
    """A path for `logto` and `daemonize`, where a `:` would make it a UDP address."""
    if ":" in path:
        raise ValueError(f"{path!r} cannot be uWSGI's log: with a ':' it would be a UDP address")
    return path


def mountpoint(url: str) -> str:
    """A URL path such as `/static/` as `static-map` compares it with PATH_INFO: percent-decoded.

    `static-map = MOUNTPOINT=FOLDER` is split at the first `=`.
    """
    try:
        decoded = unquote_to_bytes(url).decode("utf-8")
    except UnicodeError:
        raise ValueError(f"{url!r} is not valid UTF-8") from None
    if "=" in decoded:
        raise ValueError(f"{url!r} cannot be served by uWSGI: static-map ends the URL prefix at the first '='")
    return decoded


def below(prefix: str, pattern: str) -> str:
    """A regular expression for `route` that matches `pattern` behind a literal prefix; it holds no space, which would
    end it (https://uwsgi-docs.readthedocs.io/en/latest/InternalRouting.html)."""
    literal = _REGEX_SPECIAL.sub(lambda found: f"\\x{ord(found[0]):02x}", prefix)
    return f"^{literal}{pattern}"
