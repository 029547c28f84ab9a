"""What stops somebody who wants to see a request of the past."""

from __future__ import annotations

from portico.model.finding import Kind

NO_STACK = Kind(
    "system.E023",
    "system",
    "Nothing of this project was ever started here",
    "A request is put together from the logs and the plan of a stack, and there is none.",
    shows="`portico trace --last` ends with exit status 2.",
    example="portico -C /srv/shop trace --last                 # and the stack was started in /srv/shop/site, or by root",
    cure="`portico up -d` starts the project. A stack that another account started has its logs there: run the command as "
    "that account. `-C DIR` names the folder that `portico up` was called with.",
)
NOTHING_LOGGED = Kind(
    "nginx.E091",
    "nginx",
    "The logs hold no request",
    "What happened to a request of the past is known from the logs alone.",
    source="https://nginx.org/en/docs/http/ngx_http_log_module.html#access_log",
    shows="`portico trace --last` ends with exit status 1, although browsers were served.",
    example='access_log = "off"              # in portico.toml, [nginx]; nginx then writes no line for a request',
    cure="Take `access_log` out of portico.toml, `portico up`, and repeat the request. Without nginx (`--front none`), "
    'where uWSGI logs only what failed, `request_log = "all"` under `[uwsgi]` does it. A log that this account may not '
    "read: run the command as the account that started the stack. `portico trace PATH` needs no log.",
)
NOT_IN_LOGS = Kind(
    "nginx.E092",
    "nginx",
    "No request like that is in the logs",
    "Logs are rotated and removed, and only the end of a large one is read: the last 8 MB of it, and of the one before.",
    shows="`portico trace --last --id ID` or `--status CODE` ends with exit status 1.",
    example="portico trace --last --id 3186f4fb695cfa5fc75f95059f76e095",
    cure="The id is the value of the response's header X-Request-ID. `portico logs --status 5xx` lists the failed requests "
    "that are left; `zgrep ID .portico/log/nginx-access.log*` looks in all that was ever kept.",
)
NO_REQUEST = Kind(
    "config.E024",
    "config",
    "That is no request",
    "What is sent is what was asked for: a path or address that cannot stand in a request line is not guessed at.",
    source="https://www.rfc-editor.org/rfc/rfc9112#name-request-line",
    shows="`portico trace` or `portico bench` ends with exit status 2, and nothing is sent.",
    example="portico trace ftp://example.com/",
    cure="Name a path of the site (`portico trace /admin/`) or an http address, whose host becomes the Host header. Headers "
    "are written as with curl: `-H 'Name: value'`.",
)
NOT_RUNNING = Kind(
    "system.E024",
    "system",
    "There is no stack that a request could be sent to",
    "A trace is a real request through real processes.",
    shows="`portico trace PATH` ends with exit status 2.",
    example="portico -C /srv/shop trace /                      # and nothing runs there",
    cure="`portico up -d` starts the stack. `portico trace --last` tells of past requests from the logs of one that has "
    "stopped.",
)
NO_TAP = Kind(
    "system.E025",
    "system",
    "The request cannot be recorded",
    "A traced request goes through sockets in the stack's runtime directory, and carries a secret that only the owner of "
    "the stack may read: nobody else can have requests recorded.",
    source="docs/decisions/0014-a-trace-is-a-tap.md",
    shows="`portico trace PATH` ends with exit status 5.",
    example="-rw------- 1 root root /run/portico/shop-5e0c1b7a/trace.conf     # and the command runs as ana",
    cure="Run it as the account that started the stack. If the file or the folder is gone, `portico reload` makes it anew.",
)
