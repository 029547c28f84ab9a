"""How lines of the log look, and where they go besides."""

from __future__ import annotations

from portico.hops.uwsgi.adopt.word import Word, each

_JSON = "uWSGI logs a request as one line of JSON, which `portico logs` and `portico trace` read"
_STREAM = "Portico keeps one log for uWSGI and the application, and reads it itself: `[uwsgi] log` is its path"
_ROTATION = "Portico's log is rotated from outside, with logrotate's copytruncate"

WORDS: dict[str, Word] = {
    **each("log-format", "differs", _JSON),
    **each("logformat-strftime log-micros log-x-forwarded-for log-req-encoder log-master-req-stream", "differs", _JSON),
    **each(
        "req-logger log-route log-req-route log-encoder log-socket log-syslog log-drain log-filter",
        "differs",
        _STREAM,
    ),
    **each(
        "log-master log-master-bufsize log-master-stream threaded-logger rsyslog-packet-size rsyslog-split-messages",
        "differs",
        _STREAM,
    ),
    **each("logdate", "differs", "Portico does not date uWSGI's own lines; the line of a request carries its time"),
    **each("log-maxsize log-backupname log-truncate log-reopen touch-logreopen touch-logrotate", "differs", _ROTATION),
    **each("logfile-chmod", "differs", "the log belongs to the account of the application, and is made by Portico"),
    **each("log-4xx log-big log-zero log-sendfile log-ioerror", "raw"),
}
