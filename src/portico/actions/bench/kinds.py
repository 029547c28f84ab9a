"""What a measurement can find."""

from __future__ import annotations

from portico.model.finding import Kind

LOST = Kind(
    "system.E040",
    "system",
    "Requests were lost under load",
    "A visitor whose request is lost sees an error page of the browser, and nothing in the application's log.",
    source="https://www.rfc-editor.org/rfc/rfc9112#name-closing-a-connection",
    shows="`portico bench` ends with exit status 1 and counts them by reason: refused, reset, closed, timeout, short.",
    example="12 of 8,312 requests: reset 12",
    cure="`portico logs --hop nginx` has nginx's side of it. A worker that died shows in `portico logs --hop uwsgi`; a "
    "listen queue that was full in the line `longest queue` of the same screen.",
)
FAILED = Kind(
    "system.E041",
    "system",
    "Requests were answered 5xx under load",
    "What fails under load fails for visitors; and an error page costs something else than the page.",
    source="https://www.rfc-editor.org/rfc/rfc9110#name-server-error-5xx",
    shows="`portico bench` ends with exit status 1, and says how many answers had which status.",
    example="/report/: 500 x 1,204; 200 x 31",
    cure="`portico doctor PATH` says why. If it answers 200 alone and fails under load only: too few connections of the "
    "database, a lock, or memory; the exception is in `portico logs --status 5xx`. 502, 503 and 504 are nginx's own: uWSGI "
    "was gone, a limit was met, or the application took too long.",
)
NO_PAGE = Kind(
    "system.W040",
    "system",
    "No page was measured",
    "A redirect or an error page costs something else than the page, so a threshold that a job holds such figures against "
    "says nothing of the site.",
    source="https://www.rfc-editor.org/rfc/rfc9110#name-status-codes",
    shows="Every answer of `portico bench` was a redirect or a 4xx; it ends with exit status 0 all the same.",
    example="/account/: 302 x 8,204",
    cure="Name pages that answer 200; `-H 'Cookie: sessionid=...'` measures one behind a login, `--host NAME` sends a name "
    "that ALLOWED_HOSTS has, `--aside -H 'X-Forwarded-Proto: https'` passes SECURE_SSL_REDIRECT where "
    "SECURE_PROXY_SSL_HEADER has that header.",
)
NOTHING_HERE = Kind(
    "system.E042",
    "system",
    "There is no application here to measure",
    'With `role = "front"` this machine has nginx only, and a stack that is started aside has uWSGI on the same machine.',
    source="docs/howto-several.md",
    shows="`portico bench` ends with exit status 2.",
    example='role = "front"\nservers = ["10.0.0.2:9090"]',
    cure="`portico up -d` starts the front, which can then be measured together with the machines behind it; `portico "
    "bench` on one of those measures its application.",
)
