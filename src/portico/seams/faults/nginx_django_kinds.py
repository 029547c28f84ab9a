"""Kinds: what nginx tells Django of a request, and what Django makes of it."""

from __future__ import annotations

from portico.model.finding import Kind

_SETTINGS = "https://docs.djangoproject.com/en/stable/ref/settings/"
_PROXY = "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header"
_CSRF = "https://docs.djangoproject.com/en/stable/ref/csrf/#how-it-works"
_REQUEST = "https://docs.djangoproject.com/en/stable/ref/request-response/#django.http.HttpRequest.get_host"
#: An exception in a page, wherever it is caught.
_PAGES = ("wsgi.E125", "django.E110", "django.W111", "django.E112")

HOST_REFUSED = Kind(
    "nginx-django.E110",
    "nginx-django",
    "The site's name is not in ALLOWED_HOSTS",
    "With DEBUG off Django answers only requests for names that it is told are its own, and says nothing about the others.",
    source=f"{_SETTINGS}#allowed-hosts",
    shows="Every page is a `Bad Request (400)`; the log is silent, or says `DisallowedHost: Invalid HTTP_HOST header`. "
    "Under another name, or on 127.0.0.1, the same page is well.",
    example="server_name shop.example;   # and in the settings: ALLOWED_HOSTS = ['www.shop.example']",
    cure="ALLOWED_HOSTS = ['shop.example']: bare names, without scheme, port or path; `.shop.example` for all below it.",
)
UPSTREAM_HOST = Kind(
    "nginx-django.E111",
    "nginx-django",
    "Django is told the name of nginx's upstream instead of the site's",
    "proxy_pass sends the name of what it passes to as Host, unless proxy_set_header says otherwise; and a location with "
    "one proxy_set_header of its own inherits none.",
    source=_PROXY,
    shows="Every page is a `Bad Request (400)`, `Invalid HTTP_HOST header: 'django_backend'`, even with ALLOWED_HOSTS = "
    "['*'] where the name has an underscore; or links and redirects lead to 127.0.0.1:8000 and every form is a 403.",
    example="location / { proxy_pass http://django_backend; }",
    cure="`proxy_set_header Host $http_host;` beside proxy_pass. uwsgi_pass hands the client's Host on by itself.",
)
BAD_NAME = Kind(
    "nginx-django.E112",
    "nginx-django",
    "The site's name is none by the rules for names",
    "Django refuses a host with anything but letters, digits, dots and hyphens in it, whatever ALLOWED_HOSTS says.",
    source="https://www.rfc-editor.org/rfc/rfc1034#section-3.5",
    shows="Every page is a `Bad Request (400)`; the log, where there is one: `The domain name provided is not valid "
    "according to RFC 1034/1035`.",
    example="http://my_site.example/",
    cure="Use a name without an underscore: my-site.example.",
)
NAME_NOT_ALLOWED = Kind(
    "nginx-django.W113",
    "nginx-django",
    "nginx answers to a name that Django does not",
    "Visitors who use it get a bare 400.",
    source=f"{_SETTINGS}#allowed-hosts",
    shows="`Bad Request (400)` under one of the site's names, www for example, and only there.",
    example="server_name shop.example www.shop.example;   # and in the settings: ALLOWED_HOSTS = ['shop.example']",
    cure="Put it into ALLOWED_HOSTS, or let nginx redirect it: `server { server_name www.shop.example; return 301 ...; }`.",
)
BEHIND_TLS = Kind(
    "nginx-django.E120",
    "nginx-django",
    "Django takes https requests for http",
    "What ends TLS must say so to what stands behind it. Without that, Django compares the https origin that browsers send "
    "with forms to an http one of its own, and refuses.",
    source=_CSRF,
    shows="Every form is a 403, `CSRF verification failed`; the log: `Forbidden (Origin checking failed - https://... does "
    "not match any trusted origins.)`. build_absolute_uri() says http.",
    example="server { listen 443 ssl; location / { proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:8080; } }",
    cure="`proxy_set_header X-Forwarded-Proto $scheme;` where TLS ends; behind it, hand the header on and do not set it "
    "anew. With uWSGI no setting is needed; with other servers SECURE_PROXY_SSL_HEADER. CSRF_TRUSTED_ORIGINS is a last "
    "resort.",
)
PORT_DROPPED = Kind(
    "nginx-django.E121",
    "nginx-django",
    "The port is lost on the way to Django",
    "Browsers send the port with the origin of a form; Django compares that to the Host it is told, and `$host` has no "
    "port. Debian's and Ubuntu's uwsgi_params and proxy_params say `$host` since a security update, where they passed on "
    "the client's header before.",
    source=_REQUEST,
    shows="On a port other than 80 and 443 every form is a 403, `Origin checking failed - http://site:8000 does not match "
    "any trusted origins`, and absolute links and redirects lack the port; the settings are right.",
    example="include uwsgi_params;   # Debian's file: uwsgi_param HTTP_HOST $host;",
    cure="Behind the include: `uwsgi_param HTTP_HOST $host:$server_port;`, or with nginx 1.30 `$host$is_request_port"
    "$request_port`. Ports 80 and 443 need nothing.",
)
PORT_RISK = Kind(
    "nginx-django.W122",
    "nginx-django",
    "The port does not reach Django",
    "Where visitors use another port than 80 or 443, their forms are refused and absolute links lead to the wrong port.",
    source=_REQUEST,
    shows="Nothing, as long as visitors come by a proxy or a mapped port that is 80 or 443.",
    example="listen 8000; location / { include uwsgi_params; uwsgi_param HTTP_HOST $host; }",
    cure="If the port is one that visitors use: `uwsgi_param HTTP_HOST $host:$server_port;`.",
)
OTHER_ORIGIN = Kind(
    "nginx-django.E123",
    "nginx-django",
    "Forms come from an origin that Django does not trust",
    "A form is taken only from pages of the host that Django is told, or from one of CSRF_TRUSTED_ORIGINS, which need their "
    "scheme.",
    source=f"{_SETTINGS}#csrf-trusted-origins",
    shows="A form is a 403, `Origin checking failed - https://other.example does not match any trusted origins`.",
    example="CSRF_TRUSTED_ORIGINS = ['shop.example']   # without https:// it never matches",
    cure="CSRF_TRUSTED_ORIGINS = ['https://shop.example'], with the scheme and, where it is not the usual one, the port.",
)
HEADER_NAME = Kind(
    "nginx-django.W124",
    "nginx-django",
    "SECURE_PROXY_SSL_HEADER names no header",
    "It is a name of request.META, where X-Forwarded-Proto is HTTP_X_FORWARDED_PROTO; another one is never found, and https "
    "is taken for http.",
    source=f"{_SETTINGS}#secure-proxy-ssl-header",
    shows="Nothing under uWSGI, which reads the header itself; with other servers forms are a 403 and redirects a loop.",
    example='SECURE_PROXY_SSL_HEADER = ("X-Forwarded-Proto", "https")',
    cure='`SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")`.',
)
SSL_LOOP = Kind(
    "nginx-django.E130",
    "nginx-django",
    "Django redirects https requests to https, for ever",
    "SECURE_SSL_REDIRECT sends everything to https that Django takes for http, and nobody tells it that this request is "
    "https already.",
    source=f"{_SETTINGS}#secure-ssl-redirect",
    shows="The browser: too many redirects. curl: `Maximum (50) redirects followed`; each answer is a 301 to the URL that "
    "was asked for, and each is in uWSGI's log.",
    example="SECURE_SSL_REDIRECT = True   # behind a proxy that ends TLS and sends no X-Forwarded-Proto",
    cure="`proxy_set_header X-Forwarded-Proto $scheme;` where TLS ends; behind it, hand the header on. With uWSGI no "
    "setting is needed; with other servers SECURE_PROXY_SSL_HEADER.",
)
NO_TLS = Kind(
    "nginx-django.W131",
    "nginx-django",
    "Django redirects to https, and nothing here speaks it",
    "SECURE_SSL_REDIRECT keeps the port: http://site:8000 is sent to https://site:8000, where there is no TLS.",
    source=f"{_SETTINGS}#secure-ssl-redirect",
    shows="The browser: the connection is not secure, or cannot be established, after a redirect to https.",
    example="SECURE_SSL_REDIRECT = True   # and nginx has only listen 8000",
    cure="Come by the address where TLS ends; or give nginx a certificate; or SECURE_SSL_REDIRECT = False on a network of "
    "your own.",
)
SUBPATH = Kind(
    "nginx-django.E140",
    "nginx-django",
    "The application is not told under which path it is mounted",
    "A location of nginx does not take its own name off the path: Django looks for /shop/... in its URLconf. The recipe "
    "with `uwsgi_modifier1 30` does not work any more, and SCRIPT_NAME alone takes nothing off either.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/Nginx.html",
    shows="Under the sub-path every page is a 404 of Django; uWSGI's log has `GET /shop/... 404`.",
    example="location /shop/ { include uwsgi_params; uwsgi_param SCRIPT_NAME /shop; uwsgi_modifier1 30; uwsgi_pass ...; }",
    cure="uWSGI: `mount = /shop=mysite.wsgi:application` and `manage-script-name = true`, and nothing of it in nginx. Or "
    "nginx: `uwsgi_param SCRIPT_NAME /shop;` and `rewrite ^/shop(/.*)$ $1 break;`.",
)
LINKS_LEAVE = Kind(
    "nginx-django.E141",
    "nginx-django",
    "Links and redirects lead out of the path the site is mounted under",
    "nginx takes the prefix off the path, and nobody tells Django that there is one: it makes URLs without it.",
    source=f"{_SETTINGS}#force-script-name",
    shows="The first page under /shop/ is well, and each link, form and redirect goes to / and is a 404.",
    example="location /shop/ { proxy_pass http://127.0.0.1:8000/; }",
    cure="uwsgi_pass: `uwsgi_param SCRIPT_NAME /shop;`. proxy_pass: FORCE_SCRIPT_NAME = '/shop'.",
)
FORGED_SCHEME = Kind(
    "nginx-django.W150",
    "nginx-django",
    "Any client can say that it speaks https",
    "uWSGI makes the scheme of a request from the headers X-Forwarded-Proto and X-Forwarded-SSL, whoever sent them, and "
    "cannot be told not to: request.is_secure() and absolute links believe it without SECURE_PROXY_SSL_HEADER.",
    source="https://github.com/unbit/uwsgi/blob/2.0.30/core/protocol.c",
    shows="Nothing: `curl -H 'X-Forwarded-Proto: https' http://site/` makes request.is_secure() true.",
    example="location / { include uwsgi_params; uwsgi_pass unix:/run/site/app.sock; }   # on the edge, over plain http",
    cure='On the edge: `uwsgi_param HTTP_X_FORWARDED_PROTO $scheme; uwsgi_param HTTP_X_FORWARDED_SSL "";`. Behind a proxy '
    "that ends TLS: let that one set it, whatever the client sent.",
    standing=1,
)
MEDIA_CLOSED = Kind(
    "nginx-django.E160",
    "nginx-django",
    "The application may not write uploads into MEDIA_ROOT",
    "The folder belongs to another account than the one uWSGI runs as.",
    source=f"{_SETTINGS}#media-root",
    shows="Uploads are a 500; the traceback ends `PermissionError: [Errno 13] Permission denied: '/srv/site/media/...'`. "
    "Everything else works.",
    example="drwxr-xr-x root root /srv/site/media   # and uid = www-data",
    cure="`chown -R www-data: /srv/site/media`: the account of uWSGI owns it, and nginx's may read it.",
    leads_to=_PAGES,
)
MEDIA_PATH = Kind(
    "nginx-django.E161",
    "nginx-django",
    "The application may not open a file that it works with",
    "It belongs to another account than the one uWSGI runs as, or lies in a folder of such a one.",
    source="https://man7.org/linux/man-pages/man7/path_resolution.7.html",
    shows="One page is a 500; the traceback ends `PermissionError: [Errno 13] Permission denied`.",
    example="PermissionError: [Errno 13] Permission denied: '/srv/site/uploads/x.jpg'",
    cure="Give the folder to the account that uWSGI runs as.",
    leads_to=_PAGES,
)
