"""What nginx and Portico's supervisor do instead of uWSGI: HTTP, routers, subscriptions, emperors, zergs."""

from __future__ import annotations

from portico.hops.uwsgi.adopt.word import Word, each

_HTTP = "it belongs to uWSGI's own HTTP server; nginx is the front"
_ROUTER = "it belongs to a router of uWSGI; nginx is the front, and knows every instance"
_EMPEROR = "there is no emperor: Portico's supervisor starts each site. `portico adopt` takes over each vassal by itself"
_ZERG = "Portico hands sockets from one release to the next itself"
_PROTOCOL = "nginx's uwsgi_pass speaks the uwsgi protocol; Portico opens no socket for others"
_OTHERS = "it needs another uWSGI that listens for subscriptions; nginx knows every instance: `servers`"

WORDS: dict[str, Word] = {
    **each("fastcgi-socket fastcgi-nph-socket scgi-socket scgi-nph-socket raw-socket puwsgi-socket", "left", _PROTOCOL),
    **each(
        "fastcgi-modifier1 fastcgi-modifier2 scgi-modifier1 scgi-modifier2 raw-modifier1 raw-modifier2", "left", _PROTOCOL
    ),
    **each(
        "emperor vassals-inherit vassals-inherit-before vassals-include vassals-include-before vassals-set", "left", _EMPEROR
    ),
    **each("early-emperor vassals-start-hook vassals-stop-hook heartbeat", "left", _EMPEROR),
    **each("zerg zerg-server zergpool zerg-fallback", "left", _ZERG),
    **each("subscribe-to subscribe2 subscribe-freq subscribe-with-modifier1 start-unsubscribed", "left", _OTHERS),
    **each("unsubscribe-on-graceful-reload", "left", _OTHERS),
    **each(
        "vhost vhost-host no-default-app",
        "left",
        "the application would depend on variables of nginx; Portico loads one for each site",
    ),
    **each("stats-http", "left", "the stats are at a private unix socket, where nothing speaks HTTP: `portico status`"),
}
PREFIXES: tuple[tuple[str, Word], ...] = (
    ("http-", Word("differs", _HTTP)),
    ("fastrouter", Word("left", _ROUTER)),
    ("rawrouter", Word("left", _ROUTER)),
    ("subscription", Word("left", _OTHERS)),
    ("emperor-", Word("left", _EMPEROR)),
)
