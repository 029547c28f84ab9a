"""Kinds: nginx and uWSGI do not meet at a socket."""

from __future__ import annotations

from portico.model.finding import Kind

_CONNECT = "https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_pass"
_PATHS = "https://man7.org/linux/man-pages/man7/path_resolution.7.html"
_UNIX = "https://man7.org/linux/man-pages/man7/unix.7.html"

OTHER_SOCKET = Kind(
    "nginx-uwsgi.E101",
    "nginx-uwsgi",
    "nginx and uWSGI name different sockets",
    "nginx knocks where nobody listens, and every request is answered 502 although both programs are well.",
    source=_CONNECT,
    shows="502 at once for every page. nginx's error log: `connect() to unix:... failed (2: No such file or directory)`, or "
    "`(111: Connection refused)` for an address with a port.",
    example="uwsgi_pass unix:/run/site/app.sock;      # nginx\nsocket = /run/site/uwsgi.sock            ; uWSGI",
    cure="Write the same address in both files, then reload nginx or restart uWSGI.",
)
STALE_SOCKET = Kind(
    "nginx-uwsgi.E102",
    "nginx-uwsgi",
    "The socket file is a left-over: nobody listens on it",
    "uWSGI was killed and could not remove its socket; connecting to the file is refused.",
    source=_UNIX,
    shows="502 at once. nginx's error log: `connect() to unix:... failed (111: Connection refused)`. The file exists, but "
    "`ss -lx` has no entry for it.",
    example="connect() to unix:/run/site/app.sock failed (111: Connection refused) while connecting to upstream",
    cure="Start uWSGI: it replaces the file by itself. Look at the end of its log for what ended it.",
)
TCP_REFUSED = Kind(
    "nginx-uwsgi.E103",
    "nginx-uwsgi",
    "Nothing listens on the port nginx connects to",
    "uWSGI does not run, or listens on another address or port.",
    source=_CONNECT,
    shows="502 at once. nginx's error log: `connect() failed (111: Connection refused) while connecting to upstream`.",
    example='connect() failed (111: Connection refused) while connecting to upstream, upstream: "uwsgi://127.0.0.1:9090"',
    cure="`ss -ltnp` shows who listens where. Start uWSGI, or correct the address in one of the two files.",
)
NOT_RUNNING = Kind(
    "nginx-uwsgi.E104",
    "nginx-uwsgi",
    "uWSGI is not running: its socket does not exist",
    "nginx has nobody to pass the request to, and answers 502 itself.",
    source=_CONNECT,
    shows="502 at once. nginx's error log: `connect() to unix:... failed (2: No such file or directory)`.",
    example="connect() to unix:/run/site/app.sock failed (2: No such file or directory) while connecting to upstream",
    cure="Start uWSGI and read what it writes: if it ends at once, its last lines say why.",
)
SOCKET_CLOSED = Kind(
    "nginx-uwsgi.E105",
    "nginx-uwsgi",
    "nginx may not connect to the socket",
    "Connecting to a unix socket takes the write permission on it (unix(7)); a mode of 664 gives it to a group that nginx's "
    "workers are not in.",
    source=_UNIX,
    shows="502 at once. nginx's error log: `connect() to unix:... failed (13: Permission denied)`.",
    example="srw-rw-r-- 1 root root /run/site/app.sock     # nginx's workers are www-data",
    cure="In uwsgi.ini `chown-socket = YOU:www-data` with `chmod-socket = 660`, or `chmod-socket = 666` in a folder "
    "only the two "
    "may enter.",
)
SOCKET_FOLDER = Kind(
    "nginx-uwsgi.E106",
    "nginx-uwsgi",
    "nginx may not enter a folder on the way to the socket",
    "Every folder of the path must be searchable (x) for the account of nginx's workers; a home folder or /root is not.",
    source=_PATHS,
    shows="502 at once, `failed (13: Permission denied)`, although the socket itself is open to everybody.",
    example="drwx------ root root /root\nsrw-rw-rw- root root /root/site/app.sock",
    cure="Put the socket where both may go: `/run/NAME/app.sock`, its folder owned by uWSGI's account and nginx's group. "
    "`namei -l PATH` shows the whole way.",
)
MAC_DENIES = Kind(
    "nginx-uwsgi.E107",
    "nginx-uwsgi",
    "SELinux or AppArmor keeps nginx from the socket",
    "Owner and mode permit it, but the kernel's mandatory access control does not.",
    source="https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html",
    shows="502 with `(13: Permission denied)` although `namei -l` shows that the workers may connect.",
    example='avc: denied { connectto } comm="nginx" path="/srv/site/app.sock" scontext=...httpd_t',
    cure="`ausearch -m avc -ts recent` names the rule. Put the socket under /run, or for a port: "
    "`setsebool -P httpd_can_network_connect 1`.",
)
OTHER_MOUNTS = Kind(
    "nginx-uwsgi.E108",
    "nginx-uwsgi",
    "nginx and uWSGI do not see the same folder",
    "A service with PrivateTmp, a chroot or a container has a /tmp of its own: the same path is another file there.",
    source="https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html",
    shows="502 with `(2: No such file or directory)`, and `ls` shows the socket at just that path.",
    example="[Service]\nPrivateTmp=yes        # of nginx or of uWSGI, and the socket is /tmp/app.sock",
    cure="Put the socket under /run (`RuntimeDirectory=` of the unit makes the folder), never under /tmp.",
)
IPV6_FIRST = Kind(
    "nginx-uwsgi.E124",
    "nginx-uwsgi",
    "nginx tries ::1 first, where uWSGI does not listen",
    "`localhost` stands for two addresses; nginx uses both in turn, and every try of the dead one costs time and a log "
    "line.",
    source="https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server",
    shows="Pages come, some slowly, and the error log fills with `(111: Connection refused)` for `[::1]`.",
    example="uwsgi_pass localhost:9090;     # and in /etc/hosts: ::1 localhost",
    cure="Write the address uWSGI listens on: `uwsgi_pass 127.0.0.1:9090;`, or use a unix socket.",
)
PATH_TOO_LONG = Kind(
    "nginx-uwsgi.E129",
    "nginx-uwsgi",
    "The path of the socket is too long",
    "The kernel keeps a unix socket's path in 108 bytes; nginx takes 107 of them, uWSGI 102.",
    source=_UNIX,
    shows="nginx: `too long path in the unix domain socket`. uWSGI: `invalid socket name`, and it ends.",
    example="socket = /home/ana/projects/customers/2026/acme/website/deployment/production/var/run/uwsgi/application.sock",
    cure="Choose a short path under /run.",
    leads_to=("nginx.E100", "nginx-uwsgi.E101", "nginx-uwsgi.E104"),
)
