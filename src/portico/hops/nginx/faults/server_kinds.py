"""Kinds: which server or backend of nginx answers."""

from __future__ import annotations

from portico.model.finding import Kind

_CHOICE = "https://nginx.org/en/docs/http/request_processing.html"

DEFAULT_SITE = Kind(
    "nginx.E130",
    "nginx",
    "Another site answers: no server_name fits the name that was asked for",
    "nginx chooses the server by address and name; what fits none goes to the default server, the first one for that "
    "address "
    "if none is marked. Debian's own default site is one.",
    source=_CHOICE,
    shows="`Welcome to nginx!`, or another site, with 200. By another name the application answers. uWSGI's log has "
    "nothing.",
    example="server_name shop.example;      # and the visitor asks for www.shop.example or the address",
    cure="Write all names into server_name, remove /etc/nginx/sites-enabled/default, or mark the server: `listen 80 "
    "default_server;`.",
)
SAME_NAME = Kind(
    "nginx.W131",
    "nginx",
    "Two servers have the same name, and nginx ignores one of them",
    "Only the first is ever used; changes of the other are without effect.",
    source="https://nginx.org/en/docs/http/server_names.html",
    shows="Edits are ignored. `nginx -t` succeeds with `[warn] conflicting server name ... ignored`.",
    example="/etc/nginx/sites-enabled/site and /etc/nginx/sites-enabled/site.bak",
    cure="Remove one of the two; a backup has no place in a folder that is included whole.",
)
NONE_LIVE = Kind(
    "nginx.E132",
    "nginx",
    "No server of an upstream is left: nginx has marked all of them as failed",
    "A server that fails is left alone for fail_timeout, 10 seconds; when all have failed nginx answers 502 without trying.",
    source="https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server",
    shows="502 at once. nginx's error log: `no live upstreams while connecting to upstream`, some lines after the first "
    "`connect() failed`.",
    example='no live upstreams while connecting to upstream, upstream: "uwsgi://app"',
    cure="Start the servers of the upstream; the marks go away by themselves. With a single machine behind it: "
    "`max_fails=0`.",
    leads_to=("nginx-uwsgi.E102", "nginx-uwsgi.E103", "nginx-uwsgi.E104"),
)
ACCEL_LOOP = Kind(
    "nginx.E141",
    "nginx",
    "The application hands a file over to nginx, and nginx has no place for it",
    "X-Accel-Redirect names a path of nginx; where no `internal` location has it the request goes to the application again.",
    source="https://nginx.org/en/docs/http/ngx_http_core_module.html#internal",
    shows="500 with `rewrite or internal redirection cycle while internally redirecting to ...`, or the application's 404 "
    "for a "
    "path nobody asked for. uWSGI's log has the request ten times.",
    example="X-Accel-Redirect: /protected/report.pdf      # and no location /protected/",
    cure="`location /protected/ { internal; alias /srv/files/; }`.",
)
ACCEL_FILE = Kind(
    "nginx.E146",
    "nginx",
    "The application hands a file over to nginx that nginx cannot read",
    "The location is there, but the file it leads to is missing, or closed to nginx's workers.",
    source="https://nginx.org/en/docs/http/ngx_http_core_module.html#alias",
    shows="nginx's own 404 or 403 for a page whose view succeeds. nginx's error log: `open() ... failed (2: ...)` or `(13: "
    "...)`.",
    example="X-Accel-Redirect: /protected/report.pdf      # and alias /srv/other/;",
    cure="Correct the alias (it ends with `/`, as the location does), or open the files to nginx's account.",
)
ACCEL_OPEN = Kind(
    "nginx.W141",
    "nginx",
    "Files that the application protects can be fetched without it",
    "The location that X-Accel-Redirect leads to lacks `internal`: who knows or guesses the path needs no permission.",
    source="https://nginx.org/en/docs/http/ngx_http_core_module.html#internal",
    shows="Nothing: the site works.",
    example="location /protected/ { alias /srv/files/; }",
    cure="Add `internal;` to the location.",
)
HELD_BACK = Kind(
    "nginx.W140",
    "nginx",
    "nginx holds back an answer that comes in parts",
    "With uwsgi_buffering (the default) nginx collects the answer and passes it on in large pieces, or at its end.",
    source="https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_buffering",
    shows="A progress page or server-sent events show nothing for long, then everything at once.",
    example="location /events/ { include uwsgi_params; uwsgi_pass unix:/run/app.sock; }",
    cure="`uwsgi_buffering off;` in that location, or the header `X-Accel-Buffering: no` in the answer.",
)
NEVER_PASSED_ON = Kind(
    "nginx.E140",
    "nginx",
    "nginx holds back an answer that does not end",
    "Server-sent events have no end, and with buffering nginx waits for one or for a full buffer.",
    source="https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_buffering",
    shows="The page hangs. Asked directly the application begins to answer at once.",
    example="Content-Type: text/event-stream      # through a location with uwsgi_buffering on",
    cure="`uwsgi_buffering off;` in that location, or the header `X-Accel-Buffering: no` in the answer.",
)
GZIP_TYPES = Kind(
    "nginx.W142",
    "nginx",
    "gzip_types names a type twice",
    "text/html is always compressed and must not be named; nginx only warns.",
    source="https://nginx.org/en/docs/http/ngx_http_gzip_module.html#gzip_types",
    shows='`nginx -t`: `[warn] duplicate MIME type "text/html"`.',
    example="gzip_types text/html application/json;",
    cure="Take text/html out of gzip_types.",
)
NOT_COMPRESSED = Kind(
    "nginx.I142",
    "nginx",
    "gzip is on, and this answer is not compressed",
    "nginx compresses text/html only unless gzip_types names more, and nothing that a proxy (`Via:`) asks for unless "
    'gzip_proxied says so. A compressed answer has a weak ETag, `W/"..."`: that is right.',
    source="https://nginx.org/en/docs/http/ngx_http_gzip_module.html",
    shows="No `Content-Encoding: gzip` for style sheets, scripts or JSON, or behind a CDN.",
    example="gzip on;      # and no gzip_types",
    cure="`gzip_types text/css application/javascript application/json image/svg+xml; gzip_proxied any; gzip_vary on;`. "
    "With "
    "Django's GZipMiddleware as well, whoever comes first compresses: leave it to one of the two.",
)
OLD_LOG = Kind(
    "nginx.W143",
    "nginx",
    "nginx still writes to a log that was moved away",
    "A process keeps the file it has open, whatever it is called now: the new log stays empty, the old one fills the disk.",
    source="https://nginx.org/en/docs/control.html#logs",
    shows="An empty access log after logrotate; `ls -l /proc/PID/fd` shows the old name or `(deleted)`.",
    example="mv access.log access.log.1      # without nginx -s reopen",
    cure="`nginx -s reopen`, and the same as postrotate of logrotate.",
)
