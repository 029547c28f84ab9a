"""What nginx writes, read: pure parsers of its build, its two logs and its refusals."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime

from portico.hops.nginx.build import parse_build
from portico.model.log import AccessEntry, ErrorEntry

__all__ = [
    "SOON_S",
    "AccessEntry",
    "Emerg",
    "ErrorEntry",
    "emerg_reason",
    "parse_access_line",
    "parse_build",
    "parse_error_line",
]

_ERROR_LINE = re.compile(
    r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>[a-z]+)\] (?P<pid>\d+)#\d+: "
    r"(?:\*(?P<connection>\d+) )?(?P<text>.*)"
)
#: nginx writes a line of the error log at once: the last one is so old at most when the file was changed last.
SOON_S = 2.0
#: nginx appends what it was doing, in this order (`ngx_http_log_error_handler`).
_CONTEXT = re.compile(
    r"(?P<message>.*?), client: [^,]*(?:, server: (?P<server>[^,]*))?"
    r'(?:, request: "(?P<request>.*?)")?(?:, subrequest: ".*?")?'
    r'(?:, upstream: "(?P<upstream>.*?)")?(?:, host: "(?P<host>.*?)")?(?:, referrer: ".*")?'
)
#: The number is the same everywhere; the text behind it differs between C libraries.
_ERRNO = re.compile(r"\((\d+): [^()]*\)")
_EMERG = re.compile(r"\[emerg\] (?:\d+#\d+: )?(?P<message>.*?)(?: in (?P<file>/.*):(?P<line>\d+))?")


@dataclass(frozen=True)
class Emerg:
    """Why nginx did not start: its own words, and the place in the configuration where it names one (`line` from 1)."""

    message: str
    file: str = ""
    line: int | None = None
    errno: int | None = None

    def __str__(self) -> str:
        return f"{self.message} in {self.file}:{self.line}" if self.file else self.message


def parse_access_line(line: str) -> AccessEntry | None:
    """One line of the JSON access log; None for anything else, a line cut short included."""
    try:
        fields = json.loads(line)
        return AccessEntry(
            time_s=float(fields["time"]),
            request_id=str(fields["request_id"]),
            remote_addr=str(fields["remote_addr"]),
            method=str(fields["method"]),
            host=str(fields["host"]),
            uri=str(fields["uri"]),
            status=int(fields["status"]),
            bytes=int(fields["bytes"]),
            request_time_s=float(fields["request_time"]),
            upstream_connect_times_s=_times(fields["upstream_connect_time"]),
            upstream_header_times_s=_times(fields["upstream_header_time"]),
            upstream_response_times_s=_times(fields["upstream_response_time"]),
            upstream_statuses=tuple(int(status) for status in _tries(fields["upstream_status"])),
            user_agent=str(fields["user_agent"]),
            referer=str(fields["referer"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def _times(text: str) -> tuple[float, ...]:
    return tuple(float(time) for time in _tries(text))


def _tries(text: str) -> list[str]:
    """Values of `$upstream_*` variables: one per server tried (`, `) and per internal redirect (` : `); `-` for nothing
    (https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_addr)."""
    return [value for value in re.split(r"\s*[,:]\s*", text.strip()) if value not in ("", "-")]


def parse_error_line(line: str) -> ErrorEntry | None:
    """One line of nginx's error log; None for anything else."""
    match = _ERROR_LINE.fullmatch(line.rstrip("\n"))
    if not match:
        return None
    try:
        moment = datetime.strptime(match["time"], "%Y/%m/%d %H:%M:%S")
    except ValueError:
        return None
    context = _CONTEXT.fullmatch(match["text"])
    message = context["message"] if context else match["text"]
    return ErrorEntry(
        time_s=moment.timestamp(),
        level=match["level"],
        pid=int(match["pid"]),
        connection=int(match["connection"]) if match["connection"] else None,
        message=message,
        errno=_errno(message),
        request=_field(context, "request"),
        upstream=_field(context, "upstream").removesuffix(":"),
        host=_field(context, "host"),
        line=line.rstrip("\n"),
    )


def _field(context: re.Match[str] | None, name: str) -> str:
    return (context[name] or "") if context else ""


def _errno(message: str) -> int | None:
    numbers = _ERRNO.findall(message)
    return int(numbers[-1]) if numbers else None


def emerg_reason(text: str) -> Emerg | None:
    """The reason in what a failed `nginx -t` or a failed start wrote (standard error or the log's end); None without one.

    The last `[emerg]` counts, so that a log's older ones do not; "still could not bind()" only closes the list of the
    bind() failures above it.
    """
    for line in reversed(text.splitlines()):
        match = _EMERG.fullmatch(line[max(0, line.find("[emerg] ")) :])
        if match and not match["message"].startswith("still could not bind()"):
            number = int(match["line"]) if match["line"] else None
            return Emerg(match["message"], match["file"] or "", number, _errno(match["message"]))
    return None
