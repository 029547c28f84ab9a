"""The file that leads a traced request to the process that records it."""

from __future__ import annotations

import re

from portico.hops.nginx.render import TRACE_MAP
from portico.model.file import File

#: The header a traced request carries: the stack's token, a dash, and a number of its own.
HEADER = "X-Portico-Trace-Token"
_TOKEN = re.compile(r"[0-9a-f]{32}")
_IN_FILE = re.compile(r'"~\^([0-9a-f]{32})-')


def trace_map(run: str, token: str) -> File:
    """For the runtime directory: `X-Portico-Trace-Token: TOKEN-N` goes to `app/tap-N.sock` there, anything else straight to
    the application (https://nginx.org/en/docs/http/ngx_http_map_module.html). Token and N are 32 hexadecimal digits; `run`
    needs no escaping. Private: it holds the token. Raises ValueError for another token.
    """
    if not _TOKEN.fullmatch(token):
        raise ValueError("a trace token is 32 hexadecimal digits")
    lines = [
        "#: Most requests carry no secret: no expression is tried for them.",
        "map $http_x_portico_trace_token $portico_backend {",
        '    "" portico_app;',
        f'    "~^{token}-(?<portico_tap>[0-9a-f]{{32}})$" unix:{run}/app/tap-$portico_tap.sock;',
        "    default portico_app;",
        "}",
    ]
    return File(TRACE_MAP, "\n".join(lines) + "\n", 0o600)


def token_of(text: str) -> str:
    """The token in such a file; empty when there is none."""
    found = _IN_FILE.search(text)
    return found[1] if found else ""
