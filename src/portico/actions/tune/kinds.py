"""What a run of `portico tune` can find."""

from __future__ import annotations

from portico.model.finding import Kind

NOT_WELL = Kind(
    "uwsgi.W170",
    "uwsgi",
    "A page that was to be measured does not answer well",
    "How fast an error or a redirect is made says nothing about the page, so nothing is recommended from it.",
    shows="`portico tune` ends with exit status 1 before it tries anything, and names the path and its status.",
    example="GET / 302",
    cure="Name pages that answer 200: `portico tune /shop/ /shop/42/`. A page behind a login takes a cookie (`-H 'Cookie: "
    "sessionid=...'`), one for another host name `--host`. `portico trace PATH` shows where a page fails.",
)
FAILS = Kind(
    "uwsgi.W171",
    "uwsgi",
    "Requests fail while the site is measured",
    "Visitors would see the same: all of them now and then, or those of a busy hour, which the cause says.",
    shows="`portico tune` tells how many requests were lost or answered with an error, with which setting, whether "
    "one client alone has as many, and what the application raised.",
    example="2 x 2: 14 of 3,120 requests answered 500",
    cure="Where one client alone has them as well, it is the page: `portico doctor PATH` and `portico trace PATH`. Where "
    "only many have them, the application's log has the reason: `database is locked` (SQLite takes one writer at a time), "
    "too many connections (a pooler, or fewer processes and threads), a limit of another service. `portico logs "
    "--status 5xx` shows them.",
)
NOTHING_TO_TUNE = Kind(
    "uwsgi.E172",
    "uwsgi",
    "There are no processes and threads to tune here",
    "Portico measures what `[uwsgi] processes` and `threads` do; where something else decides that, it would be of no use.",
    shows="`portico tune` ends with exit status 2.",
    example='role = "front"',
    cure='With `role = "front"` run it on the machine that runs the application. Raw lines in `[uwsgi] extra` that set '
    "processes, threads, `cheaper`, `async` or `gevent` have to go first.",
)
