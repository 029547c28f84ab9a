"""The process itself: how it starts, under which rights, how it is told to end."""

from __future__ import annotations

from portico.hops.uwsgi.adopt.word import Word, each

_RIGHTS = "uWSGI is started as the account `user` and never has root's rights, so it has none to give up or to use"
_CONFINED = (
    "it takes root's rights, which uWSGI never has here; confine the whole of Portico instead: a container, or systemd"
)
_RELOAD = "`portico reload` brings new code: a new release is started beside the old one and proved first"
_ONCE = "it makes uWSGI do something and end, so it serves no site"
_DOOR = "during a reload new instances run beside the old, and only one instance could have this port"
_NAME = "processes have the names that Portico gives them: it finds its own by them"
_IDLE = "the supervisor would start it again at once: Portico's sites are always there"

WORDS: dict[str, Word] = {
    **each("master", "written", "uWSGI always has a master: without one a dead worker is not replaced"),
    **each("strict", "written", "Portico's file is strict: an option that uWSGI does not have is an error"),
    **each("need-app", "written", "uWSGI ends when the application does not load, and the release is refused"),
    **each("die-on-term", "written", "SIGTERM stops uWSGI, as its supervisor expects"),
    **each("no-orphans", "written", "workers end with their master"),
    **each("enable-threads", "written", "threads that the application starts always run"),
    **each(
        "pidfile pidfile2 safe-pidfile safe-pidfile2",
        "differs",
        "the supervisor knows the process: `portico status` has its pid",
    ),
    **each("touch-reload touch-workers-reload touch-chain-reload fs-reload fs-brutal-reload", "differs", _RELOAD),
    **each("reload-on-fd brutal-reload-on-fd exit-on-reload refork refork-as-root refork-post-jail", "left", _RELOAD),
    **each(
        "procname procname-append procname-master procname-prefix procname-prefix-spaced auto-procname", "differs", _NAME
    ),
    **each("immediate-uid immediate-gid add-gid no-initgroups master-as-root logfile-chown", "left", _RIGHTS),
    **each("privileged-binary-patch privileged-binary-patch-arg", "left", _RIGHTS),
    **each("chroot pivot-root namespace namespace-net namespace-keep-mount jailed", "left", _CONFINED),
    **each("unshare unshare2 cgroup cgroup-opt cgroup-dir-mode", "left", _CONFINED),
    **each("setns setns-preopen setns-socket setns-socket-skip", "left", _CONFINED),
    **each(
        "unprivileged-binary-patch unprivileged-binary-patch-arg worker-exec worker-exec2",
        "left",
        "it puts another program in uWSGI's place",
    ),
    **each("idle cheap", "raw", "the first request after a pause waits until workers have started"),
    **each("die-on-idle vassal-sos vassal-sos-backlog", "left", _IDLE),
    **each("snmp snmp-community udp multicast multicast-ttl multicast-loop cache-udp-server", "left", _DOOR),
    **each("no-server command-mode cgi-mode honour-stdin build-plugin extract binary-append-data test", "left", _ONCE),
    **each(
        "dot-h cflags help version config-py print-sym pyshell pyshell-oneshot stop reload pause suspend resume",
        "left",
        _ONCE,
    ),
    **each("connect-and-read daemons-honour-stdin dump-options binsh", "left", _ONCE),
    **each("umask", "raw"),
    **each(
        "limit-as limit-nproc prio cpu-affinity max-fd reload-on-as reload-on-rss evil-reload-on-as evil-reload-on-rss",
        "raw",
    ),
    **each("thunder-lock memory-report", "raw"),
    **each(
        "flock flock-wait flock2 flock-wait2",
        "left",
        "during a reload new instances run beside the old: they would wait for, or end at, the lock of those",
    ),
    **each("wait-for-dir wait-for-file wait-for-fs wait-for-mountpoint wait-for-socket", "raw", "", "path"),
    **each("wait-for-interface", "raw"),
    **each(
        "touch-exec touch-signal hook-touch",
        "raw",
        "every instance runs it, during a reload the new ones beside the old",
        "words",
    ),
    **each("ping ping-timeout nagios", "left", "it asks another uWSGI and ends"),
    **each(
        "post-buffering post-buffering-bufsize",
        "differs",
        "Portico reads what an application leaves of a request's body, and nginx buffers uploads",
    ),
    **each("enable-proxy-protocol", "left", "there is an nginx in front, which speaks the uwsgi protocol"),
    **each(
        "shared-socket undeferred-shared-socket map-socket",
        "left",
        "Portico opens the sockets, for every release one of its own",
    ),
    **each("notify-socket", "left", "systemd would be told by uWSGI itself; Portico's supervisor is between them"),
}
