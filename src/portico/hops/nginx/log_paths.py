"""The logs nginx's configuration names, and the lines of its predefined access log format."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from portico.model.directive import Directive
from portico.model.log import AccessEntry

#: `combined`: https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format
_COMBINED = re.compile(
    r'(?P<address>\S+) - (?P<user>.*?) \[(?P<time>[^\]]+)\] "(?P<request>(?:[^"\\]|\\.)*)"'
    r" (?P<status>\d{3}) (?P<bytes>\d+|-)"
    r' "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"(?: .*)?'
)
_TIME = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NO_FILES = ("off", "stderr", "stdout", "/dev/null", "/dev/stderr", "/dev/stdout")


def error_logs(tree: Directive, prefix: str) -> tuple[tuple[str, str], ...]:
    """Path and level of every error log that is a file, each once; relative paths start at `prefix`."""
    return _logs(tree.deep("error_log"), prefix, "error")


def access_logs(tree: Directive, prefix: str) -> tuple[tuple[str, str], ...]:
    """Path and format name of every access log that is a file, each once; paths with variables are left out."""
    return _logs(tree.deep("access_log"), prefix, "combined")


def _logs(directives: Iterator[Directive], prefix: str, default: str) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for entry in directives:
        if not entry.args or not _is_file(entry.args[0]):
            continue
        second = next((word for word in entry.args[1:2] if "=" not in word), default)
        found[os.path.normpath(os.path.join(prefix, entry.args[0])), second] = None  # noqa: PTH118
    return tuple(found)


def _is_file(target: str) -> bool:
    return bool(target) and target not in _NO_FILES and "$" not in target and not target.startswith(("syslog:", "memory:"))


def log_formats(tree: Directive) -> dict[str, str]:
    """The text of every log format by its name."""
    return {
        entry.args[0]: "".join(part for part in entry.args[1:] if not part.startswith("escape="))
        for entry in tree.deep("log_format")
        if len(entry.args) > 1
    }


def parse_combined(line: str) -> AccessEntry | None:
    """One line of an access log in the format `combined`, further fields behind it ignored; None for anything else.

    The format knows no durations and no request id: these are 0.0 and empty. What nginx escaped (`\\x22`) is put back.
    """
    match = _COMBINED.fullmatch(line.rstrip("\r\n"))
    time_s = _time(match["time"]) if match else None
    if not match or time_s is None:
        return None
    method, uri = _request(_unescape(match["request"]))
    return AccessEntry(
        time_s=time_s,
        request_id="",
        remote_addr=match["address"],
        method=method,
        host="",
        uri=uri,
        status=int(match["status"]),
        bytes=int(match["bytes"]) if match["bytes"] != "-" else 0,
        request_time_s=0.0,
        upstream_connect_times_s=(),
        upstream_header_times_s=(),
        upstream_response_times_s=(),
        upstream_statuses=(),
        user_agent=_value(match["agent"]),
        referer=_value(match["referer"]),
    )


def _request(text: str) -> tuple[str, str]:
    """Method and URI of a request line; both empty for what was none."""
    words = text.split(" ")
    return (words[0], " ".join(words[1:-1])) if len(words) > 2 and words[-1].startswith("HTTP/") else ("", "")


def _value(text: str) -> str:
    return "" if text == "-" else _unescape(text)


def _unescape(text: str) -> str:
    if "\\x" not in text:
        return text
    raw = re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda pair: bytes([int(pair[1], 16)]), text.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "replace")


def _time(text: str) -> float | None:
    """Epoch seconds of `$time_local`; its month is English in every locale."""
    match = _TIME.fullmatch(text)
    if not match or match[2] not in _MONTHS:
        return None
    offset = timedelta(hours=int(match[8]), minutes=int(match[9])) * (-1 if match[7] == "-" else 1)
    numbers = (int(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]), int(match[4]), int(match[5]), int(match[6]))
    try:
        return datetime(*numbers, tzinfo=timezone(offset)).timestamp()
    except (ValueError, OverflowError):
        return None
