"""Kinds: between the visitor and nginx."""

from __future__ import annotations

from portico.model.finding import Kind

_CORE = "https://nginx.org/en/docs/http/ngx_http_core_module.html"
_HTTPS = "https://nginx.org/en/docs/http/configuring_https_servers.html"

HTTP_TO_TLS = Kind(
    "nginx.E102",
    "nginx",
    "http:// is spoken to a port where nginx expects https://",
    "nginx answers 400 itself; the application never sees the request.",
    source="https://nginx.org/en/docs/http/ngx_http_ssl_module.html#errors",
    shows="400, and the page says `The plain HTTP request was sent to HTTPS port`. Often it is a health check or an outer "
    "proxy.",
    example="listen 8443 ssl;      # and the visitor asks http://example.com:8443/",
    cure="Use https:// in the URL, the health check or the outer proxy. For visitors: a server on port 80 that redirects.",
)
TLS_TO_HTTP = Kind(
    "nginx.E103",
    "nginx",
    "https:// is spoken to a port where nginx speaks plain HTTP",
    "nginx has no TLS there: the handshake fails before any request.",
    source=_HTTPS,
    shows="The browser: ERR_SSL_PROTOCOL_ERROR. curl: `wrong version number`. nginx's access log: 400 and "
    "`\\x16\\x03\\x01`.",
    example="listen 443;      # `ssl` is missing",
    cure="`listen 443 ssl;` with ssl_certificate and ssl_certificate_key, or http:// in the URL.",
)
GAVE_UP = Kind(
    "nginx.W104",
    "nginx",
    "Clients give up before the application has answered",
    "The client, or a load balancer in front, waits less long than the page takes; nginx then drops the request and logs "
    "499.",
    source="https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_ignore_client_abort",
    shows="nginx's access log: 499. Its error log: nothing. uWSGI: `SIGPIPE: writing to a closed pipe` and `OSError: write "
    "error`.",
    example='"GET /report/ HTTP/1.1" 499 0',
    cure="Make the page faster, or raise the timeout of what waits in front of nginx. Options of uWSGI that hide the "
    "broken pipe "
    "cure nothing.",
)
LEFT = Kind(
    "nginx.I104",
    "nginx",
    "Some visitors left before their page came",
    "499 is what nginx logs when the client closes the connection first: a closed tab is enough.",
    source="https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_ignore_client_abort",
    shows="A few lines with 499 in the access log.",
    example='"GET / HTTP/1.1" 499 0',
    cure="Nothing, as long as they are few. Many of them for one page say that it is slow.",
)
UNDERSCORE = Kind(
    "nginx.W105",
    "nginx",
    "nginx drops a request header because of its name",
    "Names with `_` or `.` are dropped silently, for `X_User` and `X-User` would be the same variable to the application.",
    source=f"{_CORE}#underscores_in_headers",
    shows="The application does not see a header (`api_key`) that it sees with runserver. Only at the level info nginx "
    "says: "
    "`client sent invalid header line`.",
    example="curl -H 'api_key: ...' http://example.com/",
    cure="Send it as `Api-Key`. If the client cannot change: `underscores_in_headers on;` in the server, which lets clients "
    "send look-alikes of headers like X-Forwarded-For.",
)
WEBSOCKET = Kind(
    "nginx.E106",
    "nginx",
    "A websocket is sent to where none is spoken",
    "WSGI has no websockets: a Django application behind uWSGI answers the handshake as an ordinary request, and pyuwsgi is "
    "built without the TLS library that uWSGI's own websockets need.",
    source="https://docs.djangoproject.com/en/stable/howto/deployment/asgi/",
    shows="`new WebSocket()` fails with 404 or 200 instead of 101, or 502 with `you need to build uWGSI with SSL support`.",
    example="location / { uwsgi_pass unix:/run/app.sock; }      # and /ws/ is meant to be a websocket",
    cure="Run an ASGI server (daphne, uvicorn) beside it and send `location /ws/` there: `proxy_pass http://127.0.0.1:8001; "
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;`.",
    leads_to=("wsgi.E125",),
)
SECURE_COOKIE = Kind(
    "nginx.E107",
    "nginx",
    "Cookies marked Secure are set on a site that is opened over http://",
    "A browser never sends such a cookie back over http: nobody stays logged in, and every form is refused.",
    source="https://docs.djangoproject.com/en/stable/ref/settings/#session-cookie-secure",
    shows="The log-in leads back to the log-in for ever, or 403 `CSRF cookie not set`. On localhost it works: browsers "
    "make an "
    "exception there.",
    example="SESSION_COOKIE_SECURE = True      # and the site is http://shop.example/",
    cure="Serve the site over https. Until then set SESSION_COOKIE_SECURE and CSRF_COOKIE_SECURE to False.",
)
NO_NAME = Kind(
    "nginx.W148",
    "nginx",
    "The name in the URL leads nowhere from here",
    "No record, here at least: visitors cannot come as long as that is so for them too.",
    source="https://man7.org/linux/man-pages/man3/getaddrinfo.3.html",
    shows="The browser: server not found (DNS_PROBE_FINISHED_NXDOMAIN). With the address instead of the name it works.",
    example="getent hosts shop.example      # prints nothing",
    cure="Make an A record (and AAAA, if nginx listens on IPv6) for the name; it may take a while to be seen.",
)
EXPIRED = Kind(
    "nginx.E150",
    "nginx",
    "The site's TLS certificate is not valid now",
    "Browsers refuse the site, or frighten visitors away.",
    source="https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5",
    shows="The browser: NET::ERR_CERT_DATE_INVALID. curl: `certificate has expired`.",
    example="notAfter=Jan  1 00:00:00 2026 GMT",
    cure="Renew it (`sudo certbot renew`) and reload nginx: it reads certificates only then.",
)
OTHER_NAME = Kind(
    "nginx.E151",
    "nginx",
    "The site's TLS certificate is for another name",
    "Browsers refuse it: it could be anybody's.",
    source="https://www.rfc-editor.org/rfc/rfc9525",
    shows="The browser: NET::ERR_CERT_COMMON_NAME_INVALID. Often the certificate of another site on the same server.",
    example="server_name example.com;      # with the certificate of www.example.com only",
    cure="A certificate with all names of the site (`certbot -d example.com -d www.example.com`), in the server of that "
    "name.",
)
UNTRUSTED = Kind(
    "nginx.W152",
    "nginx",
    "The site's TLS certificate is not trusted here",
    "It signed itself, its authority is unknown here, or nginx does not send the certificates in between.",
    source=f"{_HTTPS}#chains",
    shows="curl: `unable to get local issuer certificate`. Browsers may show the site all the same, telephones and "
    "programs not.",
    example="ssl_certificate /etc/letsencrypt/live/example.com/cert.pem;      # fullchain.pem is meant",
    cure="`ssl_certificate` must name the full chain. A certificate of your own authority is trusted only where that is "
    "known.",
)
