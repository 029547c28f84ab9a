"""The names of all options of uWSGI 2.0.30, by what they take. Data; read from the table in the binary of pyuwsgi 2.0.30.

A name that is in none of these is a placeholder to uWSGI: it is accepted and has no effect (unless `strict` is set).
https://uwsgi-docs.readthedocs.io/en/latest/Options.html
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


#: On or off: on with any value but `false`, `off`, `no` and `0`, and with none.
FLAGS = _names("""
    abstract-socket alarm-cheap alarm-list alarms-list auto-procname auto-weight autoload cache-no-expire
    cache-report-freed-items cache-use-last-modified carbon-name-resolve carbon-no-workers carbon-resolve-names
    carbon-use-metrics catch-exceptions cgi-mode cheap cheaper-algo-list cheaper-algos-list
    cheaper-busyness-verbose cheaper-list check-static-docroot clock-list clocks-list close-on-exec
    close-on-exec2 command-mode daemons-honour-stdin die-on-idle die-on-term disable-logging disable-sendfile
    disable-write-exception drop-after-apps drop-after-init dump-options early-emperor emperor-graceful-shutdown
    emperor-magic-exec emperor-no-blacklist emperor-nofollow emperor-tyrant emperor-tyrant-nofollow
    enable-metrics enable-proxy-protocol enable-threads exit-on-reload fastrouter-cheap
    fastrouter-fallback-on-no-key fastrouter-quiet force-gateway freebind gevent-early-monkey-patch
    gevent-monkey-patch gevent-wait-for-hub harakiri-no-arh harakiri-verbose honour-range honour-stdin
    http-auto-chunked http-auto-gzip http-cheap http-chunked-input http-enable-proxy-protocol http-manage-rtsp
    http-manage-source http-quiet http-raw-body http-server-name-as-http-host http-websockets ignore-script-name
    ignore-sigpipe ignore-write-errors imperial-monitor-list imperial-monitors-list jailed lazy lazy-apps
    log-4xx log-5xx log-format-strftime log-ioerror log-master log-master-req-stream log-master-stream
    log-micros log-reopen log-sendfile log-truncate log-x-forwarded-for log-zero logfile-chown
    logformat-strftime logger-list loggers-list loop-list loops-list manage-script-name master master-as-root
    memory-report metric-dir-restore metrics-dir-restore metrics-no-cores nagios need-app never-swap
    no-default-app no-defer-accept no-fd-passing no-harakiri-after-req-hook no-harakiri-arh no-initgroups
    no-orphans no-server no-site no-threads-wait paste-logger persistent-ipcsem plugin-list plugins-list
    propagate-touch py-call-osafterfork py-call-uwsgi-fork-hooks rawrouter-cheap rawrouter-quiet
    rawrouter-xclient re-fork re-fork-as-root re-fork-post-jail reaper refork refork-as-root refork-post-jail
    reload-on-exception reload-os-env reuse-port router-list routers-list rsyslog-split-messages setns-preopen
    show-config shutdown-sockets single-interpreter skip-atexit skip-atexit-teardown skip-zero so-keepalive
    spooler-ordered spooler-quiet start-unsubscribed start_response-nodelay static-gzip-all stats-http stats-min
    stats-minified stats-no-cores stats-no-metrics strict subscription-dotsplit subscriptions-use-credentials
    symcall-use-next tcp-fast-open-client tcp-fastopen-client tcp-nodelay threaded-logger thunder-lock ugreen
    unsubscribe-on-graceful-reload use-abort vacuum vhost vhost-host write-errors-exception-only
    wsgi-accept-buffer wsgi-accept-buffers wsgi-disable-file-wrapper wsgi-strict zerg-fallback
""")

#: One value; the last one given counts.
SCALARS = _names("""
    alarm-freq alarm-msg-size allowed-modifiers async backtrace-depth binary-path blacklist body-read-warning
    buffer-size cache cache-blocksize cache-expire-freq cache-store cache-store-sync cache-sync callable
    carbon-freq carbon-hostname-dots carbon-id carbon-idle-avg carbon-max-retry carbon-retry-delay carbon-root
    carbon-timeout cgroup-dir-mode chdir chdir2 cheaper cheaper-algo cheaper-busyness-backlog-alert
    cheaper-busyness-backlog-multiplier cheaper-busyness-backlog-nonzero cheaper-busyness-backlog-step
    cheaper-busyness-max cheaper-busyness-min cheaper-busyness-multiplier cheaper-busyness-penalty
    cheaper-initial cheaper-overload cheaper-rss-limit-hard cheaper-rss-limit-soft cheaper-step check-cache
    check-interval chmod chmod-socket chown-socket chroot chunked-input-limit chunked-input-timeout clock
    cpu-affinity cron-harakiri daemonize daemonize2 emperor-broodlord emperor-curse-tolerance emperor-freq
    emperor-max-throttle emperor-on-demand-dir emperor-on-demand-directory emperor-on-demand-exec
    emperor-on-demand-ext emperor-on-demand-extension emperor-pidfile emperor-procname emperor-proxy-socket
    emperor-required-heartbeat emperor-stats emperor-stats-server emperor-throttle emperor-wrapper eval
    evil-reload-on-as evil-reload-on-rss fallback-config fastcgi-modifier1 fastcgi-modifier2
    fastrouter-buffer-size fastrouter-events fastrouter-gracetime fastrouter-harakiri fastrouter-post-buffering
    fastrouter-post-buffering-dir fastrouter-processes fastrouter-resubscribe-bind fastrouter-ss
    fastrouter-stats fastrouter-stats-server fastrouter-timeout fastrouter-use-cache fastrouter-workers file
    file-serve-mode fileserve-mode flock-wait2 flock2 force-cwd forkbomb-delay ftok gid harakiri
    harakiri-graceful-signal harakiri-graceful-timeout harakiri-queue-threshold heartbeat home http-buffer-size
    http-connect-timeout http-events http-gracetime http-harakiri http-headers-timeout http-keepalive
    http-manage-expect http-modifier1 http-modifier2 http-processes http-socket-modifier1 http-socket-modifier2
    http-ss http-stats http-stats-server http-timeout http-use-cache http-workers idle immediate-gid
    immediate-uid ksm limit-as limit-nproc limit-post listen lock-engine locks log-backupname log-big log-date
    log-format log-master-bufsize log-maxsize log-prefix log-slow logdate logfile-chmod logformat logto logto2
    loop max-apps max-fd max-requests max-requests-delta max-vars max-worker-lifetime max-worker-lifetime-delta
    mem-collector-freq metric-dir metrics-dir min-worker-lifetime mode module mule-harakiri mule-msg-size
    mule-reload-mercy multicast multicast-loop multicast-ttl namespace namespace-net notify-socket ns ns-net
    offload-thread offload-threads optimize paste pecan pidfile pidfile2 ping ping-timeout pivot-root pivot_root
    post-buffering post-buffering-bufsize prio privileged-binary-patch privileged-binary-patch-arg processes
    procname procname-append procname-master procname-prefix profiler protocol pump py-auto-reload py-autoreload
    py-executable py-program-name py-programname py-sys-executable py-tracebacker pyargv pyhome
    python-auto-reload python-autoreload python-raw python-worker-override queue queue-blocksize queue-store
    queue-store-sync raw-modifier1 raw-modifier2 rawrouter-buffer-size rawrouter-events rawrouter-gracetime
    rawrouter-harakiri rawrouter-max-retries rawrouter-processes rawrouter-ss rawrouter-stats
    rawrouter-stats-server rawrouter-timeout rawrouter-use-cache rawrouter-workers reload-mercy reload-on-as
    reload-on-rss remap-modifier response-headers-limit rpc-max rrdtool-freq rrdtool-lib rsyslog-packet-size
    safe-pidfile safe-pidfile2 scgi-modifier1 scgi-modifier2 setns setns-socket signal-bufsize signals-bufsize
    so-send-timeout so-write-timeout socket-protocol socket-rcvbuf socket-send-timeout socket-sndbuf
    socket-timeout socket-write-timeout spooler-chdir spooler-freq spooler-frequency spooler-harakiri
    spooler-max-tasks spooler-processes static-cache-paths static-cache-paths-name stats
    stats-pusher-default-freq stats-pushers-default-freq stats-server subscribe-freq subscribe-with-modifier1
    subscription-notify-socket subscription-tolerance tcp-fast-open tcp-fastopen test thread-stack-size
    thread-stacksize threads threads-stack-size threads-stacksize udp ugreen-stacksize uid umask
    unprivileged-binary-patch unprivileged-binary-patch-arg upload-progress vassal-sos vassal-sos-backlog
    vassals-start-hook vassals-stop-hook venv virtualenv wait-for-fs-timeout wait-for-iface-timeout
    wait-for-interface-timeout wait-for-socket-timeout wait-iface-timeout wait-interface-timeout web3
    websocket-max-size websocket-ping-freq websocket-pong-tolerance websockets-max-size websockets-ping-freq
    websockets-pong-tolerance weight whitelist worker-exec worker-exec2 worker-reload-mercy workers
    write-errors-tolerance wsgi wsgi-env-behavior wsgi-env-behaviour wsgi-file wsgi-lite zerg-server
""")

#: Each time it is given adds something, or does something.
LISTS = _names("""
    add-cache-item add-gid add-header after-request-call after-request-hook alarm alarm-backlog alarm-fd
    alarm-listen-queue alarm-log alarm-lq alarm-metric alarm-segfault attach-control-daemon attach-daemon
    attach-daemon2 backlog-alarm binary-append-data binsh brutal-reload-on-fd build-plugin cache-udp-node
    cache-udp-server cache2 call-as-emperor call-as-emperor1 call-as-emperor2 call-as-emperor4 call-as-root
    call-as-user call-as-user-atexit call-as-vassal call-as-vassal1 call-as-vassal3 call-asap call-in-jail
    call-post-app call-post-jail call-pre-app call-pre-jail carbon cflags cgroup cgroup-opt check-mount
    check-mountpoint check-static collect-header config config-py connect-and-read cron cron2 declare-option
    declare-option2 del-header dlopen dot-h early-envdir emperor emperor-extra-ext emperor-extra-extension
    emperor-use-clone emperor-wrapper-fallback emperor-wrapper-override end-blacklist end-for end-if
    end-whitelist endfor endif env envdir error-page-403 error-page-404 error-page-500 error-route
    error-route-host error-route-if error-route-if-not error-route-label error-route-qs error-route-referer
    error-route-remote-addr error-route-remote-user error-route-run error-route-status error-route-uri
    error-route-user-agent exception-handler exec-as-emperor exec-as-root exec-as-user exec-as-user-atexit
    exec-as-vassal exec-asap exec-in-jail exec-post-app exec-post-jail exec-pre-app exec-pre-jail exit extract
    farm fastcgi-nph-socket fastcgi-socket fastrouter fastrouter-fallback fastrouter-gid fastrouter-resubscribe
    fastrouter-subscription-fallback-key fastrouter-subscription-server fastrouter-subscription-slot
    fastrouter-to fastrouter-uid fastrouter-use-base fastrouter-use-code-string fastrouter-use-pattern
    fastrouter-use-socket fastrouter-zerg fd-safe file-write final-route final-route-host final-route-if
    final-route-if-not final-route-label final-route-qs final-route-referer final-route-remote-addr
    final-route-remote-user final-route-run final-route-status final-route-uri final-route-user-agent flock
    flock-wait for for-glob for-readline for-times fs-brutal-reload fs-reload fs-signal get gevent help
    hook-accepting hook-accepting-once hook-accepting1 hook-accepting1-once hook-as-emperor hook-as-gateway
    hook-as-mule hook-as-root hook-as-user hook-as-user-atexit hook-as-vassal hook-asap hook-emperor-lost
    hook-emperor-reload hook-emperor-start hook-emperor-stop hook-in-jail hook-master-start hook-post-app
    hook-post-fork hook-post-jail hook-pre-app hook-pre-jail hook-touch http http-fallback http-gid
    http-resubscribe http-socket http-stud-prefix http-subscription-fallback-key http-subscription-server
    http-to http-uid http-use-base http-use-code-string http-use-pattern http-use-socket http-var http-zerg
    http11-socket httprouter if-dir if-directory if-env if-exists if-file if-hostname if-hostname-match
    if-not-dir if-not-env if-not-exists if-not-file if-not-hostname if-not-hostname-match if-not-opt
    if-not-plugin if-not-reload if-opt if-plugin if-reload ifdir ifenv ifexists ifplugin import include inherit
    ini ini-paste ini-paste-logged inject-after inject-before iprint js json listen-queue-alarm
    load-file-in-cache load-file-in-cache-gzip log-alarm log-drain log-encoder log-filter log-req-encoder
    log-req-route log-route log-socket log-syslog logger logger-req lq-alarm map-socket master-fifo metric
    metric-alarm metric-threshold mime-file mimefile mount mount-as-emperor mount-as-root mount-as-vassal
    mount-asap mount-check mount-in-jail mount-post-jail mount-pre-jail mountpoint-check mule mules
    namespace-keep-mount need-plugin need-plugins not-alarm-log not-log-alarm pause pcre-jit plugin plugin-dir
    plugins plugins-dir post-pymodule-alias pp print print-sym print-symbol procname-prefix-spaced pull-header
    puwsgi-socket py py-auto-reload-ignore py-import py-sharedarea pyimport pymodule-alias pyrun pyshell
    pyshell-oneshot python python-import python-path python-version pythonpath raw-socket rawrouter
    rawrouter-fallback rawrouter-subscription-server rawrouter-subscription-slot rawrouter-to rawrouter-use-base
    rawrouter-use-code-string rawrouter-use-pattern rawrouter-use-socket rawrouter-zerg rbtimer reload
    reload-on-exception-repr reload-on-exception-type reload-on-exception-value reload-on-fd rem-header
    req-logger resolve response-header-collect response-route response-route-host response-route-if
    response-route-if-not response-route-label response-route-qs response-route-referer
    response-route-remote-addr response-route-remote-user response-route-run response-route-status
    response-route-uri response-route-user-agent resume route route-host route-if route-if-not route-label
    route-qs route-referer route-remote-addr route-remote-user route-run route-uri route-user-agent rrdtool
    safe-fd scgi-nph-socket scgi-socket segfault-alarm set set-ph set-placeholder setns-skip setns-socket-skip
    shared-import shared-py-import shared-pyimport shared-python-import shared-socket sharedarea signal
    signal-rbtimer signal-timer smart-attach-daemon smart-attach-daemon2 snmp snmp-community socket spooler
    spooler-external spooler-import spooler-py-import spooler-pyimport spooler-python-import st static-check
    static-expires static-expires-mtime static-expires-path-info static-expires-path-info-mtime
    static-expires-type static-expires-type-mtime static-expires-uri static-expires-uri-mtime static-gzip
    static-gzip-dir static-gzip-ext static-gzip-prefix static-gzip-suffix static-index static-map static-map2
    static-safe static-skip-ext stats-push stop subscribe subscribe-to subscribe2 subscription-algo
    subscriptions-credentials-check suspend symcall symcall-post-fork symcall-register-rpc timer
    touch-chain-reload touch-exec touch-logreopen touch-logrotate touch-mules-reload touch-reload touch-signal
    touch-spoolers-reload touch-workers-reload umount-as-emperor umount-as-root umount-as-vassal umount-asap
    umount-in-jail umount-post-jail umount-pre-jail undeferred-shared-socket unenv unique-cron unshare unshare2
    usage uwsgi-socket vassal-set vassals-include vassals-include-before vassals-inherit vassals-inherit-before
    vassals-set version wait-for-dir wait-for-file wait-for-fs wait-for-iface wait-for-interface
    wait-for-mountpoint wait-for-socket wait-iface wait-interface worker-mount xml xmlconfig yaml yml zerg
    zerg-pool zergpool
""")

#: Those of the last two kinds that need no value on the command line, and take one only as `--name=value`.
BARE = _names("""
    cflags check-cache chmod chmod-socket config-py dot-h end-blacklist end-for end-if end-whitelist endfor
    endif exit fastrouter-use-cache fastrouter-use-socket help http-keepalive http-manage-expect http-use-cache
    http-use-socket if-not-reload if-reload ksm log-date log-prefix log-syslog logdate mule mule-msg-size
    pcre-jit pyshell pyshell-oneshot python-version rawrouter-use-cache rawrouter-use-socket snmp
    so-send-timeout so-write-timeout socket-send-timeout socket-write-timeout usage version
""")

KNOWN = FLAGS | SCALARS | LISTS

#: Second names of an option.
ALIASES = _pairs("""
    after-request-call=after-request-hook alarm-listen-queue=alarm-backlog alarm-log=log-alarm
    alarm-lq=alarm-backlog alarm-metric=metric-threshold alarms-list=alarm-list backlog-alarm=alarm-backlog
    carbon-resolve-names=carbon-name-resolve cheaper-algos-list=cheaper-algo-list cheaper-list=cheaper-algo-list
    check-mount=check-mountpoint chmod=chmod-socket clocks-list=clock-list del-header=rem-header
    emperor-extra-ext=emperor-extra-extension emperor-on-demand-dir=emperor-on-demand-directory
    emperor-on-demand-ext=emperor-on-demand-extension emperor-stats-server=emperor-stats
    fastrouter-ss=fastrouter-stats fastrouter-stats-server=fastrouter-stats
    fastrouter-workers=fastrouter-processes fd-safe=safe-fd file=wsgi-file fileserve-mode=file-serve-mode
    http-ss=http-stats http-stats-server=http-stats http-workers=http-processes httprouter=http
    if-directory=if-dir ifdir=if-dir ifenv=if-env ifexists=if-exists ifplugin=if-plugin
    imperial-monitors-list=imperial-monitor-list js=json listen-queue-alarm=alarm-backlog log-date=logdate
    log-format-strftime=logformat-strftime log-prefix=logdate logformat=log-format logger-req=req-logger
    loggers-list=logger-list loops-list=loop-list lq-alarm=alarm-backlog metric-alarm=metric-threshold
    metric-dir=metrics-dir metric-dir-restore=metrics-dir-restore mime-file=mimefile
    mount-check=check-mountpoint mountpoint-check=check-mountpoint need-plugin=need-plugins
    no-harakiri-after-req-hook=harakiri-no-arh no-harakiri-arh=harakiri-no-arh not-alarm-log=not-log-alarm
    ns=namespace ns-net=namespace-net offload-thread=offload-threads pivot_root=pivot-root plugin=plugins
    plugin-dir=plugins-dir plugin-list=plugins-list pp=pythonpath print-symbol=print-sym py=python
    py-autoreload=py-auto-reload py-import=import py-program-name=py-programname py-sys-executable=py-executable
    pyhome=home pyimport=import pyrun=python python-auto-reload=py-auto-reload python-autoreload=py-auto-reload
    python-import=import python-path=pythonpath rawrouter-ss=rawrouter-stats
    rawrouter-stats-server=rawrouter-stats rawrouter-workers=rawrouter-processes rbtimer=signal-rbtimer
    re-fork=refork re-fork-as-root=refork-as-root re-fork-post-jail=refork-post-jail
    response-header-collect=collect-header routers-list=router-list segfault-alarm=alarm-segfault
    set-ph=set-placeholder setns-skip=setns-socket-skip shared-py-import=shared-import
    shared-pyimport=shared-import shared-python-import=shared-import signals-bufsize=signal-bufsize
    so-write-timeout=so-send-timeout socket-protocol=protocol socket-send-timeout=so-send-timeout
    socket-write-timeout=so-send-timeout spooler-freq=spooler-frequency spooler-py-import=spooler-import
    spooler-pyimport=spooler-import spooler-python-import=spooler-import st=subscribe-to
    static-check=check-static static-gzip-prefix=static-gzip-dir static-gzip-suffix=static-gzip-ext
    stats-min=stats-minified stats-pushers-default-freq=stats-pusher-default-freq stats-server=stats
    subscribe=subscribe-to tcp-fastopen=tcp-fast-open tcp-fastopen-client=tcp-fast-open-client
    thread-stack-size=thread-stacksize threads-stack-size=thread-stacksize threads-stacksize=thread-stacksize
    timer=signal-timer usage=help vassal-set=vassals-set venv=home virtualenv=home
    wait-for-iface=wait-for-interface
    wait-for-iface-timeout=wait-for-interface-timeout wait-iface=wait-for-interface
    wait-iface-timeout=wait-for-interface-timeout wait-interface=wait-for-interface
    wait-interface-timeout=wait-for-interface-timeout websocket-max-size=websockets-max-size
    websocket-ping-freq=websockets-ping-freq websocket-pong-tolerance=websockets-pong-tolerance
    workers=processes wsgi=module wsgi-accept-buffers=wsgi-accept-buffer wsgi-env-behavior=wsgi-env-behaviour
    xml=xmlconfig yml=yaml zerg-pool=zergpool
""")

#: One-letter names, only on the command line.
SHORT = _pairs("""
    A=sharedarea C=chmod-socket H=home J=test L=disable-logging M=master O=optimize Q=spooler R=max-requests
    S=set T=enable-threads a=abstract-socket b=buffer-size c=cgi-mode d=daemonize h=help i=single-interpreter
    j=json l=listen m=memory-report p=processes r=reaper s=socket t=harakiri v=max-vars w=module x=xmlconfig
    y=yaml z=socket-timeout
""")

#: Options of builds with TLS, capabilities, other languages or protocols
#: (https://uwsgi-docs.readthedocs.io/en/latest/Options.html).
ELSEWHERE = _names("""
    cap capability emperor-cap emperor-use-fork-server http-to-https https https-export-cert https-session-context
    https-socket https-socket-modifier1 https-socket-modifier2 https2 ldap ldap-schema ldap-schema-dump legion-key
    suwsgi-socket sni sni-dir sni-dir-ciphers sni-regexp spdy3 subscriptions-credentials-check
    subscriptions-sign-check subscriptions-sign-check-tolerance subscriptions-sign-skip-uid sslrouter sslrouter2
    sqlite cgi asyncio greenlet tornado coroae rados webdav-mount xslt-docroot
""")
ELSEWHERE_PREFIXES = (
    "cgi-",
    "coroae-",
    "dav-",
    "glusterfs-",
    "jvm-",
    "jwsgi",
    "legion",
    "lua",
    "mono-",
    "perl-",
    "php-",
    "psgi",
    "rack",
    "rails",
    "rb-",
    "ring-",
    "ruby-",
    "ssl-",
    "sslrouter-",
    "systemd-logger",
    "v8-",
    "webdav-",
    "xslt-",
)
