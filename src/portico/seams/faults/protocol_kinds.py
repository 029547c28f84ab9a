"""Kinds: nginx and uWSGI meet, but do not speak the same protocol, or nginx leaves out what must be said."""

from __future__ import annotations

from portico.model.finding import Kind

_TARGET = "https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_pass"
_PARAM = "https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_param"
_HTTP = "https://uwsgi-docs.readthedocs.io/en/latest/HTTP.html"
_PROTOCOL = "https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html"

PASS_TO_HTTP_SOCKET = Kind(
    "nginx-uwsgi.E110",
    "nginx-uwsgi",
    "nginx speaks uwsgi to a socket where uWSGI expects HTTP",
    "uWSGI waits for a line of HTTP that never comes, and gives up after its socket-timeout of 4 seconds.",
    source=_HTTP,
    shows="502 after exactly 4 seconds for every page. nginx: `upstream prematurely closed connection`. uWSGI's log "
    "has nothing.",
    example="http-socket = 127.0.0.1:9090       ; uwsgi.ini\nuwsgi_pass 127.0.0.1:9090;         # nginx",
    cure="In uwsgi.ini `socket = ` instead of `http-socket = ` (or in nginx `proxy_pass http://...` instead of "
    "`uwsgi_pass`).",
)
PASS_TO_HTTP_ROUTER = Kind(
    "nginx-uwsgi.E111",
    "nginx-uwsgi",
    "nginx speaks uwsgi to uWSGI's HTTP router",
    "The router waits for HTTP headers until its own time limit, 60 seconds, as long as nginx waits for it.",
    source=_HTTP,
    shows="Every page hangs, then 504 or 502 after a minute. uWSGI's log: `uWSGI http bound on ...` and no request.",
    example="http = :9090                       ; uwsgi.ini\nuwsgi_pass 127.0.0.1:9090;         # nginx",
    cure="In uwsgi.ini `socket = ` instead of `http = `: nginx is the HTTP server, uWSGI needs none.",
)
PASS_TO_OTHER = Kind(
    "nginx-uwsgi.E112",
    "nginx-uwsgi",
    "nginx speaks uwsgi to a server that speaks HTTP",
    "gunicorn, uvicorn and runserver know only HTTP; the packet is binary junk to them.",
    source="https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass",
    shows="Pages hang until nginx's read timeout (504), or 502. The other server's log: `Bad request version` and "
    "binary text.",
    example="uwsgi_pass 127.0.0.1:8000;         # where gunicorn listens",
    cure="`proxy_pass http://127.0.0.1:8000;` with `proxy_set_header Host $http_host;`.",
)
PROXY_TO_UWSGI = Kind(
    "nginx-uwsgi.E113",
    "nginx-uwsgi",
    "nginx speaks HTTP to a socket where uWSGI expects its own protocol",
    "The first letters of `GET ` are read as the size of a packet: 21573 bytes, more than the buffer takes; with a larger "
    "buffer uWSGI waits for the rest until its socket-timeout.",
    source=_PROTOCOL,
    shows="502 at once, uWSGI's log: `invalid request block size: 21573 (max 4096)...skip`. With `buffer-size` above "
    "21573: 502 "
    "after 4 seconds and no line at all. A browser on that port: an empty reply.",
    example="socket = 127.0.0.1:9090                    ; uwsgi.ini\nproxy_pass http://127.0.0.1:9090;          # nginx",
    cure="In nginx `include uwsgi_params; uwsgi_pass 127.0.0.1:9090;` instead of `proxy_pass`. A larger buffer-size "
    "only hides it.",
)
TLS_TO_UWSGI = Kind(
    "nginx-uwsgi.E114",
    "nginx-uwsgi",
    "TLS is spoken to a socket where uWSGI expects its own protocol",
    "A TLS record begins with the byte 22, which uWSGI takes for a kind of request it has no plugin for.",
    source=_PROTOCOL,
    shows="`SSL_ERROR_SYSCALL` in curl, or 502 and `peer closed connection in SSL handshake`. uWSGI's log: "
    "`-- unavailable modifier requested: 22 --`.",
    example="proxy_pass https://127.0.0.1:9090;         # where uWSGI's `socket` listens",
    cure="Let nginx end TLS (`listen 443 ssl`) and pass with `uwsgi_pass`, without TLS.",
)
BROWSER_TO_UWSGI = Kind(
    "nginx-uwsgi.E115",
    "nginx-uwsgi",
    "This port speaks the uwsgi protocol, not HTTP",
    "A browser or curl on uWSGI's `socket` is not understood: that port is for nginx.",
    source=_PROTOCOL,
    shows="`curl: (52) Empty reply from server`. uWSGI's log: `invalid request block size: 21573`.",
    example="$ curl http://127.0.0.1:9090/     # socket = 127.0.0.1:9090",
    cure="Open the address nginx listens on. To try without nginx: `uwsgi --http 127.0.0.1:8000 ...`.",
)
NO_PARAMS = Kind(
    "nginx-uwsgi.E116",
    "nginx-uwsgi",
    "nginx does not tell uWSGI what was asked: `include uwsgi_params` is missing",
    "Without these variables the application learns neither the method nor the path.",
    source=_PARAM,
    shows="502 at once. uWSGI's log: `KeyError: 'REQUEST_METHOD'` and request lines as `() {6 vars in 76 bytes}`. A simple "
    "application answers every URL with the same page.",
    example="location / { uwsgi_pass unix:/run/site/app.sock; }",
    cure="`include uwsgi_params;` beside `uwsgi_pass`.",
)
OTHER_PARAMS = Kind(
    "nginx-uwsgi.E117",
    "nginx-uwsgi",
    "The variables are set for another protocol than the one that is spoken",
    "`fastcgi_param` means nothing to `uwsgi_pass`, although the file looks complete and nginx accepts it.",
    source=_PARAM,
    shows="As without any: 502, `KeyError: 'REQUEST_METHOD'`, `{6 vars}`.",
    example="location / { include fastcgi_params; uwsgi_pass unix:/run/site/app.sock; }",
    cure="`include uwsgi_params;`. In the same way `proxy_set_header` does nothing here: use `uwsgi_param HTTP_NAME "
    "value;`.",
)
LOST_PARAMS = Kind(
    "nginx-uwsgi.E118",
    "nginx-uwsgi",
    "A uwsgi_param of the location switches the included ones off",
    "nginx takes `uwsgi_param` from an outer block only if the inner one sets none of its own.",
    source=_PARAM,
    shows="502, `KeyError: 'REQUEST_METHOD'`, although uwsgi_params is included in the server and nginx accepts the file.",
    example="server {\n  include uwsgi_params;\n  location / { uwsgi_param HTTP_X_REAL_IP $remote_addr; uwsgi_pass "
    "...; }\n}",
    cure="Write `include uwsgi_params;` into the location too, beside its own `uwsgi_param`.",
)
DEAD_PROXY_HEADER = Kind(
    "nginx-uwsgi.W119",
    "nginx-uwsgi",
    "proxy_set_header has no effect on uwsgi_pass",
    "The header never reaches the application, which then does not know the client or the scheme.",
    source=_PARAM,
    shows="The application does not see the header; nginx says nothing.",
    example="location / { proxy_set_header X-Forwarded-Proto $scheme; include uwsgi_params; uwsgi_pass ...; }",
    cure="`uwsgi_param HTTP_X_FORWARDED_PROTO $scheme;`",
)
KEEPALIVE = Kind(
    "nginx-uwsgi.E127",
    "nginx-uwsgi",
    "nginx keeps connections open that uWSGI's http-socket closes",
    "http-socket closes after each answer without saying so; nginx then sends the next request into a dead connection. It "
    "repeats a GET, but not a POST.",
    source="https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive",
    shows="Under load a few 502, and many `recv() failed (104)` or `prematurely closed` in nginx's error log.",
    example='upstream app { server 127.0.0.1:9090; keepalive 8; }\nproxy_http_version 1.1; proxy_set_header Connection "";',
    cure="`uwsgi_pass` to a `socket`, or remove `keepalive`, or `http11-socket` with `http-keepalive` in uWSGI.",
)
CHUNKED = Kind(
    "nginx-uwsgi.W123",
    "nginx-uwsgi",
    "Bodies sent in chunks arrive empty",
    "uWSGI's own HTTP sockets hand the application no body when the client sent no Content-Length; the answer is still 200.",
    source="https://github.com/unbit/uwsgi/issues/1428",
    shows="Uploads from some clients (`Transfer-Encoding: chunked`) are empty, without any error.",
    example="http-socket = 0.0.0.0:8000",
    cure="Put nginx in front with `uwsgi_pass`: it collects the chunks and sets Content-Length.",
)
