"""Kinds: uWSGI does not start because of what it was told to bind, read or write."""

from __future__ import annotations

from portico.model.finding import Kind

#: nginx finds nobody at the socket: what follows when uWSGI does not run.
DOWN = ("nginx-uwsgi.E101", "nginx-uwsgi.E102", "nginx-uwsgi.E103", "nginx-uwsgi.E104")

_OPTIONS = "https://uwsgi-docs.readthedocs.io/en/latest/Options.html"
_CONFIGURATION = "https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html"
_THINGS = "https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html"
_UNIX = "https://man7.org/linux/man-pages/man7/unix.7.html"
_LISTEN = "https://man7.org/linux/man-pages/man2/listen.2.html"
_BIND = "https://man7.org/linux/man-pages/man2/bind.2.html"

PORT_TAKEN = Kind(
    "uwsgi.E100",
    "uwsgi",
    "uWSGI cannot start: its address is taken",
    "Only one program can listen on an address; uWSGI ends with status 1.",
    source=_BIND,
    shows="uWSGI ends at once: `probably another instance of uWSGI is running on the same address`, then `bind(): Address "
    "already in use`. It says `uWSGI` whoever the owner is.",
    example="probably another instance of uWSGI is running on the same address (127.0.0.1:9090).\n"
    "bind(): Address already in use [core/socket.c line 769]",
    cure="`ss -ltnp` names the owner. Stop it, or choose another address in uwsgi.ini and in nginx.",
    leads_to=DOWN,
)
SECOND_START = Kind(
    "uwsgi.W101",
    "uwsgi",
    "uWSGI was started again while the first one still serves",
    "The second start failed; what is served is the code and the configuration of the first.",
    source=_BIND,
    shows="A change has no effect although uWSGI was started again; its log ends with `bind(): Address already in use`.",
    example="probably another instance of uWSGI is running on the same address (127.0.0.1:9090).",
    cure="Stop or reload the first one instead of starting a second.",
)
TWO_ON_ONE_SOCKET = Kind(
    "uwsgi.W102",
    "uwsgi",
    "Two uWSGIs listen on one unix socket",
    "uWSGI replaces a socket file that exists, without asking whether somebody listens there: the older one gets no request "
    "any more, but keeps its memory, its database connections and its timers.",
    source=_UNIX,
    shows="Twice as many workers as configured, cron jobs that run twice; when the older one ends: `VACUUM WARNING: unix "
    "socket ... changed inode. Skip removal`.",
    example="$ ss -lx | grep app.sock\nu_str LISTEN 0 100 /run/site/app.sock 4711\nu_str LISTEN 0 100 "
    "/run/site/app.sock 4823",
    cure="Stop the older master, and let one supervisor start uWSGI.",
)
BACKLOG = Kind(
    "uwsgi.E103",
    "uwsgi",
    "The listen queue is longer than the kernel allows",
    "uWSGI refuses to start when `listen` is larger than net.core.somaxconn, which is 128 on old kernels and in many "
    "containers.",
    source=_LISTEN,
    shows="uWSGI ends at once; the last line of its log names net.core.somaxconn.",
    example="Listen queue size is greater than the system max net.core.somaxconn (128).",
    cure="Lower `listen`, or raise net.core.somaxconn first (in a container: `sysctls` of compose or of the pod).",
    leads_to=DOWN,
)
DROPPED_TOO_EARLY = Kind(
    "uwsgi.E104",
    "uwsgi",
    "uWSGI gives up its privileges before it binds, and then may not bind",
    "With `uid` it becomes that account first; it then needs write permission on the socket's folder, and ports below 1024 "
    "are refused.",
    source=f"{_THINGS}",
    shows="`setuid() to 33`, then `bind(): Permission denied`, and uWSGI ends with status 1.",
    example="setgid() to 33\nsetuid() to 33\nbind(): Permission denied [core/socket.c line 230]",
    cure="Give the folder to the account (`RuntimeDirectory=` of a unit does), or let root bind it: `chown-socket` for "
    "a unix "
    "socket, `shared-socket` for a low port.",
    leads_to=DOWN,
)
BIND_DENIED = Kind(
    "uwsgi.E105",
    "uwsgi",
    "uWSGI may not bind its address",
    "A unix socket takes write permission on its folder, a port below 1024 takes privileges.",
    source=_BIND,
    shows="`bind(): Permission denied`, and uWSGI ends with status 1.",
    example="bind(): Permission denied [core/socket.c line 230]",
    cure="Choose a folder that the account may write to, or a port above 1023 behind nginx.",
    leads_to=DOWN,
)
NO_SOCKET_FOLDER = Kind(
    "uwsgi.E106",
    "uwsgi",
    "The folder of uWSGI's socket does not exist",
    "uWSGI does not make it. What is made by hand under /run is gone after the next boot.",
    source=_BIND,
    shows="`bind(): No such file or directory`, often after a reboot, and uWSGI ends with status 1.",
    example="bind(): No such file or directory [core/socket.c line 230]",
    cure="`RuntimeDirectory=site` in the unit makes /run/site at each start; without systemd make the folder before uWSGI "
    "starts.",
    leads_to=DOWN,
)
ADDRESS_ELSEWHERE = Kind(
    "uwsgi.E107",
    "uwsgi",
    "uWSGI's address belongs to no interface of this machine",
    "A program can only listen on addresses that its machine (or its container) has.",
    source=_BIND,
    shows="`bind(): Cannot assign requested address`, and uWSGI ends with status 1.",
    example="bind(): Cannot assign requested address [core/socket.c line 769]",
    cure="Behind nginx on the same machine: 127.0.0.1, or a unix socket. `ip address` shows what there is.",
    leads_to=DOWN,
)
NO_SOCKET = Kind(
    "uwsgi.E108",
    "uwsgi",
    "uWSGI was not told where to listen",
    "Without a socket there is nothing to serve; uWSGI ends with status 1.",
    source=f"{_OPTIONS}#socket",
    shows="`The -s/--socket option is missing and stdin is not a socket.`",
    example="[uwsgi]\nmodule = site.wsgi\nsokcet = 127.0.0.1:9090",
    cure="`socket = 127.0.0.1:9090` (or a path) in the section [uwsgi] of the file that uWSGI is started with.",
    leads_to=DOWN,
)
NO_SECTION = Kind(
    "uwsgi.E110",
    "uwsgi",
    "The file has no section [uwsgi]",
    "uWSGI reads only the section [uwsgi], written exactly so, and ignores everything else without an error.",
    source=_CONFIGURATION,
    shows='`Can\'t find section "uwsgi" in INI configuration file`, then `The -s/--socket option is missing`.',
    example="[uWSGI]\nsocket = 127.0.0.1:9090",
    cure="`[uwsgi]` in lower case as the first line, the file saved as UTF-8 without a byte order mark.",
    leads_to=(*DOWN, "uwsgi.E108"),
)
NO_INI = Kind(
    "uwsgi.E111",
    "uwsgi",
    "The configuration file that uWSGI is started with is not there",
    "uWSGI ends before it has read anything.",
    source=_CONFIGURATION,
    shows="uWSGI ends at once; the only line is `realpath() of ... failed`. Often the file has another name than the one in "
    "the command.",
    example="realpath() of /srv/site/destiny.ini failed: No such file or directory [core/utils.c line 3640]",
    cure="Start uWSGI with the absolute path of the file that exists.",
    leads_to=DOWN,
)
NOT_AN_INI = Kind(
    "uwsgi.E112",
    "uwsgi",
    "uWSGI does not know how to read this file",
    "The kind of a configuration file is told by its suffix; `.conf` is none of those.",
    source=_CONFIGURATION,
    shows="uWSGI ends at once with `unable to load configuration from`.",
    example="unable to load configuration from /etc/uwsgi/site.conf",
    cure="Name it `site.ini`, or start uWSGI with `--ini FILE`, which takes any name.",
    leads_to=DOWN,
)
OTHER_INI = Kind(
    "uwsgi.E113",
    "uwsgi",
    "uWSGI runs with another configuration than the one that was written for it",
    "What is changed in the one file has no effect while uWSGI runs with the other.",
    source=_CONFIGURATION,
    shows="nginx answers 502 although uWSGI runs, and uwsgi.ini has the very address that nginx connects to.",
    example="$ uwsgi --ini destiny.ini      # while the settings are in uwsgi.ini",
    cure="Stop uWSGI and start it with the right file: `uwsgi --ini /srv/site/uwsgi.ini`.",
    leads_to=DOWN,
)
OTHER_INI_UNUSED = Kind(
    "uwsgi.W114",
    "uwsgi",
    "The running uWSGI does not use this configuration",
    "Changes in the file have no effect, and what is read there is not what is in force.",
    source=_CONFIGURATION,
    shows="A change in uwsgi.ini does nothing, even after a restart.",
    example="$ ps -o args -C uwsgi\nuwsgi --ini destiny.ini",
    cure="Keep one file, and start uWSGI with just that.",
)
NO_LOG_FOLDER = Kind(
    "uwsgi.E115",
    "uwsgi",
    "uWSGI cannot write its log or its pid file",
    "It opens both before anything else and ends when it cannot.",
    source=f"{_OPTIONS}#pidfile",
    shows='uWSGI ends with status 1; the last line is `open("..."): No such file or directory` or `Permission denied`.',
    example='open("/var/log/uwsgi/site.log"): No such file or directory [core/logging.c line 288]',
    cure="Make the folder, and give it to the account uWSGI runs as; under /run let `RuntimeDirectory=` of the unit "
    "make it.",
    leads_to=DOWN,
)
NO_CHDIR = Kind(
    "uwsgi.E116",
    "uwsgi",
    "uWSGI cannot change to the project's folder",
    "`chdir` names a folder that does not exist or may not be entered; uWSGI ends.",
    source=f"{_OPTIONS}#chdir",
    shows="`chdir(): No such file or directory` is the last line of uWSGI's log.",
    example="chdir() to /wwwroot/destiny\nchdir(): No such file or directory [core/uwsgi.c line 2618]",
    cure="Correct `chdir`; it is the folder with manage.py, as an absolute path.",
    leads_to=DOWN,
)
OPTION_REFUSED = Kind(
    "uwsgi.E117",
    "uwsgi",
    "uWSGI refuses an option that it does not have",
    "On the command line every unknown option ends uWSGI; in a file only with `strict`.",
    source=f"{_OPTIONS}#strict",
    shows="`unrecognized option '--proceses'` with `getopt_long() error`, or `[strict-mode] unknown config directive`.",
    example="[strict-mode] unknown config directive: proceses",
    cure="Correct the name; a variable of your own is declared by `set-placeholder = name=value`.",
    leads_to=DOWN,
)
NO_AT_FILE = Kind(
    "uwsgi.E118",
    "uwsgi",
    "A value asks for the content of a file that is not there",
    "`@(...)` in a value is replaced by that file's content, also where it was meant literally.",
    source=_CONFIGURATION,
    shows='uWSGI ends with `open("..."): No such file or directory [core/io.c ...]`.',
    example="env = PASSWORD=x@(y)",
    cure="Make the file, or keep the value out of uwsgi.ini: it belongs into the environment of the process.",
    leads_to=DOWN,
)
NO_ACCOUNT = Kind(
    "uwsgi.E119",
    "uwsgi",
    "The account that uWSGI should run as does not exist",
    "`uid` and `gid` name accounts of this machine; others differ between distributions (www-data, nginx, http).",
    source=f"{_OPTIONS}#uid",
    shows="`user www not found.` is the last line of uWSGI's log.",
    example="uid = www\ngid = www",
    cure="Name an account that exists (`getent passwd`), or make it: `sudo useradd --system www`.",
    leads_to=DOWN,
)
