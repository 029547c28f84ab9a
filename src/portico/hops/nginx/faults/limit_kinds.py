"""Kinds: nginx's own limits, and folders it must be able to write to."""

from __future__ import annotations

from portico.model.finding import Kind

_CORE = "https://nginx.org/en/docs/http/ngx_http_core_module.html"

BODY_TOO_LARGE = Kind(
    "nginx.E133",
    "nginx",
    "nginx refuses uploads that are larger than client_max_body_size",
    "1 MB if it is not set; the application never sees the request.",
    source=f"{_CORE}#client_max_body_size",
    shows="413 `Request Entity Too Large`. nginx's error log: `client intended to send too large body: 2000000 bytes`.",
    example="client intended to send too large body: 2000000 bytes",
    cure="`client_max_body_size 50m;` in the server or the location. Django's DATA_UPLOAD_MAX_MEMORY_SIZE answers 400, "
    "uWSGI's "
    "limit-post 502.",
)
HEAD_TOO_LARGE = Kind(
    "nginx.E134",
    "nginx",
    "nginx refuses requests whose URL or headers are too large",
    "One header line, or the request line, must fit one of large_client_header_buffers: 8 kB if it is not set. Cookies that "
    "nobody clears grow until they do not fit.",
    source=f"{_CORE}#large_client_header_buffers",
    shows="400 `Request Header Or Cookie Too Large` or 414, for some visitors only; nothing in the error log but at the "
    "level "
    "info.",
    example="client sent too long header line",
    cure="`large_client_header_buffers 4 32k;` in the server and `buffer-size = 65535` in uwsgi.ini; and find what sets "
    "such "
    "large cookies.",
)
UPLOADS_FAIL = Kind(
    "nginx.E135",
    "nginx",
    "nginx's workers may not write the folder for uploads",
    "A body of more than client_body_buffer_size (8 or 16 kB) goes to a file in client_body_temp_path first.",
    source=f"{_CORE}#client_body_temp_path",
    shows="Small forms work, uploads are nginx's own 500. nginx's error log: `[crit] open() \".../0000000001\" failed (13: "
    "...)`.",
    example="drwx------ root root /var/lib/nginx/body      # and the workers are www-data",
    cure="Give the folder to the workers' account. A start or reload of nginx as root does that for the folder itself, not "
    "for "
    "those above it.",
)
ANSWERS_CUT = Kind(
    "nginx.E136",
    "nginx",
    "nginx's workers may not write the folder for large answers",
    "What the application sends faster than the client reads goes to a file in uwsgi_temp_path; where that cannot be "
    "written "
    "nginx breaks the answer off in its middle.",
    source="https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_temp_path",
    shows="200 with a cut-off body for large pages and downloads. uWSGI's log accuses the client: `SIGPIPE`, `write "
    "error`. nginx: "
    '`[crit] open() ".../uwsgi/1/00/0000000001" failed (13: ...) while reading upstream`.',
    example="drwx------ root root /var/lib/nginx/uwsgi      # and the workers are www-data",
    cure="Give the folder to the workers' account, or do without it: `uwsgi_max_temp_file_size 0;`.",
)
CONNECTIONS = Kind(
    "nginx.E137",
    "nginx",
    "nginx's workers are out of connections",
    "worker_connections counts clients and connections to the application together, per worker.",
    source="https://nginx.org/en/docs/ngx_core_module.html#worker_connections",
    shows="Under load connections are closed without an answer. nginx's error log: `512 worker_connections are not enough`.",
    example="events { worker_connections 64; }",
    cure="At least twice as many as clients at a time: `worker_connections 1024;`, with worker_rlimit_nofile above it.",
)
FILES = Kind(
    "nginx.E138",
    "nginx",
    "nginx's workers may not open more files",
    "Each connection is an open file, and so are logs and files on their way.",
    source="https://nginx.org/en/docs/ngx_core_module.html#worker_rlimit_nofile",
    shows="500 or closed connections under load. nginx's error log: `accept4() failed (24: ...)` or `socket() failed (24: "
    "...)`.",
    example="worker_rlimit_nofile 20;",
    cure="`worker_rlimit_nofile 8192;`, more than twice worker_connections; for systemd LimitNOFILE= in the unit.",
)
