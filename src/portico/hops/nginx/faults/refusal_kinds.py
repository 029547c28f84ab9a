"""Kinds: nginx refuses its configuration, and so does not start or reload."""

from __future__ import annotations

from portico.model.finding import Kind

_DOWN = ("nginx.E100", "nginx.E126", "nginx.W127")
_CORE = "https://nginx.org/en/docs/ngx_core_module.html"
_ADDRESS = "https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_pass"

SYNTAX = Kind(
    "nginx.E112",
    "nginx",
    "nginx does not understand its configuration",
    "One line that nginx cannot read, and it reads nothing at all: it does not start.",
    source="https://nginx.org/en/docs/beginners_guide.html#conf_structure",
    shows="`nginx: configuration file ... test failed`; the site is down after a restart.",
    example='[emerg] directive "root" is not terminated by ";" in /etc/nginx/sites-enabled/site:5',
    cure="Mend the line that is named. For a missing `;` nginx names the line where it noticed: look at the one above.",
    leads_to=_DOWN,
)
BAD_ADDRESS = Kind(
    "nginx.E113",
    "nginx",
    "The address in a pass directive is written wrongly",
    "`uwsgi_pass` takes `unix:/path` or `host:port`, without http://; `proxy_pass` takes a URL, with it.",
    source=_ADDRESS,
    shows='nginx does not start: `invalid host in upstream "/run/app.sock"`, `no port in upstream`, `invalid URL prefix`.',
    example="uwsgi_pass /run/site/app.sock;          # `unix:` is missing",
    cure="`uwsgi_pass unix:/run/site/app.sock;` or `uwsgi_pass 127.0.0.1:9090;` or `proxy_pass http://127.0.0.1:8000;`.",
    leads_to=_DOWN,
)
NO_INCLUDE = Kind(
    "nginx.E114",
    "nginx",
    "A file that nginx's configuration includes is not there",
    "A relative path starts at the folder of nginx.conf, not at the file it is written in; a link to a file that was "
    "removed "
    "counts as missing too.",
    source=f"{_CORE}#include",
    shows='nginx does not start: `open() "/srv/site/uwsgi_params" failed (2: No such file or directory)`.',
    example="include uwsgi_params;          # beside an nginx.conf of your own, where no such file is",
    cure="Write the whole path (`include /etc/nginx/uwsgi_params;`), or put the file there. Remove dangling links.",
    leads_to=_DOWN,
)
NO_ACCOUNT = Kind(
    "nginx.E116",
    "nginx",
    "The account or group of nginx's workers does not exist",
    "Distributions name it differently: www-data, nginx, http, nobody; and `user nobody;` means the group nobody as well, "
    "which "
    "Debian calls nogroup.",
    source=f"{_CORE}#user",
    shows='nginx does not start: `getpwnam("nginx") failed` or `getgrnam("nobody") failed`.',
    example="user nginx;          # on Debian",
    cure="`user www-data;` on Debian and Ubuntu, `user nginx;` on Fedora and Alpine.",
    leads_to=_DOWN,
)
NO_MODULE = Kind(
    "nginx.E117",
    "nginx",
    "This nginx was built without a module that the configuration uses",
    "The directive is spelled right; another build of nginx knows it.",
    source="https://nginx.org/en/docs/configure.html",
    shows='nginx does not start: `unknown directive "gzip_static"`, or `dlopen() ... failed` for a load_module.',
    example="gzip_static on;          # with an nginx that has no http_gzip_static_module",
    cure="Remove the directive, install the module (Debian: libnginx-mod-...), or use the distribution's nginx. `nginx -V` "
    "lists "
    "what is built in.",
    leads_to=_DOWN,
)
OTHER_VERSION = Kind(
    "nginx.E118",
    "nginx",
    "The configuration is written for another version of nginx",
    "Directives come and go: `http2 on;` needs 1.25.1, `ssl on;` is gone since then.",
    source="https://nginx.org/en/CHANGES",
    shows='nginx does not start: `unknown directive "http2"`, on one machine only or since an upgrade.',
    example="http2 on;          # with nginx 1.22",
    cure="Write it as this version knows it: `listen 443 ssl http2;` before 1.25.1, `listen 443 ssl; http2 on;` since.",
    leads_to=_DOWN,
)
NOT_ROOT = Kind(
    "nginx.E119",
    "nginx",
    "nginx was started by an ordinary user and may not do what is configured",
    "Ports below 1024 and files in /var/log, /run and /var/lib are root's.",
    source="https://man7.org/linux/man-pages/man7/capabilities.7.html",
    shows="nginx does not start: `bind() to 0.0.0.0:80 failed (13: Permission denied)` or `open() ... failed (13: ...)`.",
    example="listen 80;          # without being root",
    cure="Start it as root (`sudo systemctl start nginx`), or give it a port above 1024 and log, pid and *_temp_path of "
    "its own.",
    leads_to=_DOWN,
)
TLS_FILES = Kind(
    "nginx.E120",
    "nginx",
    "nginx cannot use its TLS certificate",
    "The certificate or its key is missing, unreadable, or the two do not belong together.",
    source="https://nginx.org/en/docs/http/configuring_https_servers.html",
    shows="nginx does not start: `cannot load certificate ...` or `key values mismatch`.",
    example="ssl_certificate /etc/letsencrypt/live/example.com/fullchain.pem;      # before certbot has run",
    cure="Name the full chain and the key that was made with it; after certbot both are in /etc/letsencrypt/live/NAME/.",
    leads_to=_DOWN,
)
NO_HOST = Kind(
    "nginx.E121",
    "nginx",
    "nginx cannot resolve the name of a backend",
    "A name in a pass directive is resolved once, when nginx starts; if it is unknown then, nginx does not start.",
    source="https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass",
    shows='nginx does not start: `host not found in upstream "app"`; with containers often only at the first start.',
    example="uwsgi_pass app:8000;          # before the container `app` is up",
    cure="Correct the name, start the backend first, or let nginx resolve it for each request: `resolver 127.0.0.11; set "
    "$app "
    "app:8000; uwsgi_pass $app;`.",
    leads_to=_DOWN,
)
NO_TEMP_PARENT = Kind(
    "nginx.E122",
    "nginx",
    "The folder above one of nginx's temporary folders is missing",
    "nginx makes only the last folder of a *_temp_path itself.",
    source="https://nginx.org/en/docs/http/ngx_http_core_module.html#client_body_temp_path",
    shows='nginx does not start: `mkdir() "/srv/site/tmp/body" failed (2: No such file or directory)`.',
    example="client_body_temp_path /srv/site/tmp/body;          # and there is no /srv/site/tmp",
    cure="`mkdir -p` the folder above.",
    leads_to=_DOWN,
)
NO_LOG_FOLDER = Kind(
    "nginx.E123",
    "nginx",
    "The folder of one of nginx's logs is missing",
    "nginx makes log files, but no folders for them.",
    source=f"{_CORE}#error_log",
    shows='nginx does not start: `open() "/var/log/nginx/access.log" failed (2: No such file or directory)`.',
    example="access_log /srv/site/logs/access.log;          # and there is no /srv/site/logs",
    cure="`mkdir -p` it. Where /var/log is emptied at each boot, let systemd make it: `LogsDirectory=nginx` in the unit.",
    leads_to=_DOWN,
)
REFUSED = Kind(
    "nginx.E125",
    "nginx",
    "nginx refuses to start with its configuration",
    "nginx gives up at the first thing it cannot do.",
    source="https://nginx.org/en/docs/switches.html",
    shows="The site is down, and `nginx -t` or the error log has an `[emerg]`.",
    example="[emerg] could not build server_names_hash, you should increase server_names_hash_bucket_size: 64",
    cure="Do what the line says.",
    leads_to=_DOWN,
)
