"""Values made safe for nginx's configuration: each function quotes or refuses, so that no value becomes a directive.

A refusal is a ValueError whose message names the value and the reason.
The rules are those of nginx's tokenizer (`ngx_conf_read_token`): inside double quotes only `"` and `\\` are special, and
a directive that takes variables then expands `$`, for which there is no escape.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

_LABELS = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
_SERVER_NAME = re.compile(rf"(\*?\.)?{_LABELS}|{_LABELS}\.\*")
_CHARSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]*")
_LEVELS = ("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg")
#: Only ASCII: PCRE sees bytes here, and a backslash before part of a UTF-8 sequence has no meaning it promises to keep.
_REGEX_SPECIAL = re.compile(r"[^A-Za-z0-9_/\x80-\U0010ffff]")
_GLOB = re.compile(r"[*?\[]")

#: Names the variable that stands for a dollar sign; the template defines it where a path needs it.
DOLLAR = "${portico_dollar}"


class Escaped(str):
    """Text that may stand in a configuration file as it is. The template prints nothing else but whole numbers."""

    __slots__ = ()


def quoted(text: str) -> Escaped:
    """One argument for a directive that expands no variables (`error_log`, `pid`, `include`, `user`, `location`)."""
    for character in text:
        if unicodedata.category(character) == "Cc":
            raise ValueError(f"{text!r} contains a control character, which nginx's configuration cannot carry")
        if unicodedata.category(character) == "Cs":
            raise ValueError(f"{text!r} is not valid UTF-8")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return Escaped(f'"{escaped}"')


def plain_path(text: str) -> Escaped:
    """An absolute path for a directive that expands no variables."""
    if not text.startswith("/"):
        raise ValueError(f"{text!r} is not an absolute path")
    return quoted(text)


def quoted_path(text: str, variable: str = "") -> Escaped:
    """An absolute path for a directive that expands variables (`alias`, `root`); `$` becomes `${portico_dollar}`. `variable`
    (`$name`) is put behind it."""
    return Escaped(plain_path(text).replace("$", DOLLAR)[:-1] + f'{variable}"')


def log_path(text: str) -> Escaped:
    """An absolute path for `access_log`, which may hold no `$`.

    A log whose name contains a variable is opened for every request and by the workers' account
    (https://nginx.org/en/docs/http/ngx_http_log_module.html#access_log).
    """
    if "$" in text:
        raise ValueError(
            f"{text!r} contains a dollar sign: nginx would take it for a variable and open the log anew for every "
            "request, as its workers' account; name another folder for the logs"
        )
    return plain_path(text)


def include_path(text: str) -> Escaped:
    """An absolute path for `include`, which takes `*`, `?` and `[` for a pattern and then ignores a missing file
    (https://nginx.org/en/docs/ngx_core_module.html#include)."""
    if _GLOB.search(text):
        text = _GLOB.sub(r"[\g<0>]", text.replace("\\", "\\\\"))
    return plain_path(text)


def hides_relative_includes(folder: str) -> bool:
    """Whether a relative `include` in a file of this folder finds nothing: nginx puts the folder before the name
    first and looks for pattern characters in the whole."""
    return _GLOB.search(folder) is not None


def charset(text: str) -> Escaped:
    """An encoding's name (RFC 2978, 2.3); nginx would take a leading `$` for a variable."""
    if not _CHARSET.fullmatch(text):
        raise ValueError(f"{text!r} is not the name of a character set")
    return Escaped(text)


def log_level(text: str) -> Escaped:
    """A level of https://nginx.org/en/docs/ngx_core_module.html#error_log."""
    if text not in _LEVELS:
        raise ValueError(f"{text!r} is not a log level: choose one of {', '.join(_LEVELS)}")
    return Escaped(text)


def networks(texts: tuple[str, ...]) -> tuple[Escaped, ...]:
    """Addresses or networks in CIDR form: each once, in order, with the host bits cleared (nginx warns about them).

    A whole address family comes in two halves, because `geo` keeps /0 for its default.
    """
    found: dict[str, None] = {}
    for text in texts:
        try:
            whole = ipaddress.ip_network("" if "%" in text else text, strict=False)
        except ValueError:
            raise ValueError(f"{text!r} is not an IP address or a network such as 10.0.0.0/8") from None
        parts = whole.subnets() if whole.prefixlen == 0 else (whole,)
        found.update({str(part): None for part in parts})
    return tuple(Escaped(part) for part in found)


def server_name(text: str) -> Escaped:
    """A name of https://nginx.org/en/docs/http/server_names.html: exact, `.example.com`, `*.example.com`, `www.example.*`,
    or an IPv6 literal in brackets. Names beyond ASCII become their `xn--` form (RFC 3492); regular expressions are refused.
    """
    if text.startswith("[") and text.endswith("]"):
        return _ipv6_name(text)
    name = text if text.isascii() else ".".join(_ascii_label(label, text) for label in text.split("."))
    if not _SERVER_NAME.fullmatch(name) or len(name) > 253:
        raise ValueError(
            f"{text!r} is not a server name: letters, digits, '-', '_' and '.' make one, "
            "with '*.' or '.' in front or '.*' behind for a wildcard"
        )
    return Escaped(name)


def _ipv6_name(text: str) -> Escaped:
    try:
        return Escaped(f"[{ipaddress.IPv6Address('' if '%' in text else text[1:-1])}]")
    except ValueError:
        raise ValueError(f"{text!r} is not an IPv6 address in brackets") from None


def _ascii_label(label: str, text: str) -> str:
    label = unicodedata.normalize("NFKC", label.lower())
    if label.isascii():
        return label
    if any(unicodedata.category(character)[0] not in "LMN" and character != "-" for character in label):
        raise ValueError(f"{text!r} is not a server name: {label!r} holds more than letters, digits and '-'")
    return "xn--" + label.encode("punycode").decode("ascii")


def location_prefix(url: str) -> Escaped:
    """The argument of a prefix `location` for a URL path such as Django's STATIC_URL (`/static/`).

    nginx matches a location against the URI after percent-decoding, resolving `.` and `..`, and merging slashes
    (https://nginx.org/en/docs/http/ngx_http_core_module.html#location), so the prefix is decoded, and one that no request
    can match is refused. So is `/`: it belongs to the application.
    """
    return quoted(decoded(url))


def hidden_files(url: str) -> Escaped:
    """The argument of a regular-expression `location` for every path below the prefix `url` with a part in `.`."""
    return quoted(rf"^{_literal(decoded(url))}(.*/)?\.")


def shrinking_files(url: str, endings: Iterable[str]) -> Escaped:
    """The argument of a regular-expression `location` for files below the prefix `url` with one of these endings. Its group
    `portico_file` is the path below the prefix."""
    file, prefix = "|".join(endings), quoted(_literal(decoded(url)))[1:-1]
    # Inside quotes nginx leaves a single backslash before x and . alone, and gixy understands no other.
    return Escaped(rf'"^{prefix}(?<portico_file>[^\x00-\x1f]+\.(?i:{file}))$"')


def copies(url: str, folder: str, codings: Iterable[str]) -> Escaped:
    """The argument of a regular-expression `location` for what lies in `folder` below the prefix `url`, in a folder for each
    coding. Its group is `portico_sent`."""
    return quoted(rf"^{_literal(decoded(url) + folder)}/(?<portico_sent>{'|'.join(codings)})/")


def _literal(text: str) -> str:
    return _REGEX_SPECIAL.sub(r"\\\g<0>", text)


def decoded(url: str) -> str:
    """The URL prefix as nginx compares it; see `location_prefix`."""
    if not (url.startswith("/") and url.endswith("/") and url != "/"):
        raise ValueError(f"{url!r} is not a URL prefix: it must start and end with '/', and be more than that")
    if "?" in url or "#" in url:
        raise ValueError(f"{url!r} is not a URL prefix: '?' and '#' end the path; write %3F or %23")
    try:
        decoded = unquote_to_bytes(url).decode("utf-8")
    except UnicodeError:
        raise ValueError(f"{url!r} is not valid UTF-8") from None
    if {"", ".", ".."} & set(decoded[1:-1].split("/")):
        raise ValueError(f"{url!r} is never requested as such: nginx resolves '//', '/./' and '/../' first")
    return decoded
