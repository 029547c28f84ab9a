"""Kinds: nginx and uWSGI disagree about how large, how long or how many."""

from __future__ import annotations

from portico.model.finding import Kind

_BUFFER = "https://uwsgi-docs.readthedocs.io/en/latest/Options.html#buffer-size"
_MODULE = "https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html"
_QUEUE = "https://uwsgi-docs.readthedocs.io/en/latest/articles/TheArtOfGracefulReloading.html#the-listen-queue"

SMALL_BUFFER = Kind(
    "nginx-uwsgi.E120",
    "nginx-uwsgi",
    "The request's headers do not fit uWSGI's buffer",
    "uWSGI drops a request whose variables (headers, cookies, and the query string twice) exceed buffer-size, 4096 bytes if "
    "it is not set.",
    source=_BUFFER,
    shows="502 for some users or URLs only: those with large cookies or long queries. nginx: `recv() failed (104)`. uWSGI: "
    "`invalid request block size: 4379 (max 4096)...skip`.",
    example="invalid request block size: 4379 (max 4096)...skip",
    cure="`buffer-size = 32768` in uwsgi.ini (65535 is the most the protocol can say), then restart uWSGI.",
)
BIG_ANSWER_HEAD = Kind(
    "nginx-uwsgi.E121",
    "nginx-uwsgi",
    "The answer's headers do not fit nginx's buffer",
    "nginx takes headers up to uwsgi_buffer_size, 4 or 8 kB, from the application and drops an answer with more.",
    source=f"{_MODULE}#uwsgi_buffer_size",
    shows="502 for some pages, often after a log-in (large cookies, Content-Security-Policy). uWSGI's log has a normal 200.",
    example="upstream sent too big header while reading response header from upstream",
    cure="Both together: `uwsgi_buffer_size 16k; uwsgi_buffers 8 16k;`.",
)
SLOW_UPLOAD = Kind(
    "nginx-uwsgi.E122",
    "nginx-uwsgi",
    "Slow uploads are cut off: nginx passes them on unbuffered",
    "With uwsgi_request_buffering off uWSGI waits for each part of the body itself, and only 4 seconds (socket-timeout).",
    source=f"{_MODULE}#uwsgi_request_buffering",
    shows="500 for users on slow lines, after about 4 seconds: `UnreadablePostError: timeout during read(...) on "
    "wsgi.input`.",
    example="uwsgi_request_buffering off;",
    cure="Remove `uwsgi_request_buffering off;`, or `socket-timeout = 60` in uwsgi.ini.",
)
QUEUE_TCP = Kind(
    "nginx-uwsgi.E125",
    "nginx-uwsgi",
    "The listen queue is full: more requests wait than uWSGI takes",
    "All workers are busy; the kernel drops further connections, and clients try again until they give up.",
    source=_QUEUE,
    shows="Pages become slow, then time out; nginx's error log is empty. uWSGI: `*** uWSGI listen queue of socket ... "
    "full`.",
    example='*** uWSGI listen queue of socket "127.0.0.1:9090" (fd: 3) full !!! (100/100) ***',
    cure="More workers (`processes`, `threads`) or faster pages; a larger `listen` (and net.core.somaxconn) only for "
    "short peaks.",
)
QUEUE_UNIX = Kind(
    "nginx-uwsgi.E126",
    "nginx-uwsgi",
    "The listen queue of the unix socket is full",
    "All workers are busy; on a unix socket the kernel refuses further connections at once. uWSGI itself does not see "
    "it: its "
    "log and its stats say 0.",
    source=_QUEUE,
    shows="502 under load only. nginx: `connect() to unix:... failed (11: Resource temporarily unavailable)`.",
    example="connect() to unix:/run/site/app.sock failed (11: Resource temporarily unavailable) while connecting to "
    "upstream",
    cure="More workers or faster pages; `listen = 1024` with net.core.somaxconn at least as large for short peaks. `ss "
    "-lx` shows "
    "the queue.",
)
LIMIT_POST = Kind(
    "nginx-uwsgi.E128",
    "nginx-uwsgi",
    "uWSGI refuses bodies that nginx lets through",
    "limit-post is smaller than client_max_body_size: the visitor gets a 502 instead of an honest 413.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/Options.html#limit-post",
    shows="502 for large uploads. nginx: `recv() failed (104)`. uWSGI: `Invalid (too big) CONTENT_LENGTH. skip.`",
    example="limit-post = 1000000              ; uwsgi.ini\nclient_max_body_size 50m;         # nginx",
    cure="Remove `limit-post`, or raise it above client_max_body_size.",
)
READ_TIMEOUT = Kind(
    "nginx-uwsgi.E131",
    "nginx-uwsgi",
    "nginx gave up waiting for the application",
    "The page took longer than uwsgi_read_timeout, or waited that long for a free worker.",
    source=f"{_MODULE}#uwsgi_read_timeout",
    shows="504 after exactly uwsgi_read_timeout (60 s if it is not set). nginx: `upstream timed out (110: ...) while "
    "reading "
    "response header`. uWSGI, later: a broken pipe.",
    example="upstream timed out (110: Connection timed out) while reading response header from upstream",
    cure="Make the page faster or move the work to a task queue. If it must take long: raise uwsgi_read_timeout for that "
    "location, and keep harakiri just below it.",
)
