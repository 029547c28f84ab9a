"""Variables of a request that no line of uwsgi_params sets: the client's headers, and what uWSGI and WSGI add."""

from __future__ import annotations

#: https://peps.python.org/pep-3333/#environ-variables and uWSGI's own
#: (https://uwsgi-docs.readthedocs.io/en/latest/Vars.html).
_ADDED = {
    "wsgi.input": "The request body, as a file to read; uWSGI makes it of what follows the packet.",
    "wsgi.errors": "Where the application may write complaints; uWSGI's log.",
    "wsgi.url_scheme": "http or https; uWSGI makes it of HTTPS, UWSGI_SCHEME and HTTP_X_FORWARDED_PROTO.",
    "wsgi.version": "The version of the agreement: (1, 0).",
    "wsgi.multithread": "Whether another thread of the same worker may call the application at once.",
    "wsgi.multiprocess": "Whether another worker may call it at once.",
    "wsgi.run_once": "Whether the application is called only once in its life; never with uWSGI.",
    "wsgi.file_wrapper": "A way to return a file so that uWSGI sends it itself.",
    "script_name": "The path the application is mounted under; empty at the root of the site.",
    "uwsgi.version": "The version of uWSGI.",
    "uwsgi.node": "The name of the machine.",
}
_HEADER = "The client's header {}, as sent: nginx puts every header of the request into the packet by itself."


def header_of(name: str) -> str:
    """`User-Agent` for HTTP_USER_AGENT; empty for what is no header."""
    return "-".join(part.capitalize() for part in name.split("_")[1:]) if name.startswith("HTTP_") else ""


def meaning(name: str) -> str:
    """What such a variable is; empty for a name that is none."""
    header = header_of(name.upper())
    return _ADDED.get(name.lower(), _HEADER.format(header) if header else "")
