"""What uWSGI runs besides requests: schedules, mules, spoolers, daemons, hooks, alarms, caches."""

from __future__ import annotations

from portico.hops.uwsgi.adopt.word import Word, each

_TWICE = (
    "every instance runs it, during a reload the new ones beside the old, and so does an earlier release that is kept warm: "
    "it must bear to run more than once at a time"
)
_SPOOL = (
    "every instance takes jobs from the folder, during a reload the new ones beside the old; uWSGI locks each job, so that "
    "one is done once"
)
_HOOK = "every instance runs it, also the one that a reload prepares, and all as the account of the application"
_MEMORY = "each instance has its own, which is empty after a reload"
_ROUTE = "uWSGI does it after nginx has chosen; Portico's checks and `portico trace` do not follow it"
_ROOT = "uWSGI never has root's rights here: it runs as the account of the application"
_EMPEROR = "there is no emperor: Portico's supervisor starts each site"
_METRICS = "Portico has numbers of its own: `portico status`"

WORDS: dict[str, Word] = {
    **each("cron cron2 unique-cron", "raw", _TWICE, "words"),
    **each("attach-daemon attach-daemon2 attach-control-daemon", "raw", _TWICE, "words"),
    **each(
        "smart-attach-daemon smart-attach-daemon2", "raw", f"{_TWICE}; by its pidfile the second takes the first's", "words"
    ),
    **each("mule", "raw", _TWICE, "path"),
    **each("mules farm cron-harakiri mule-harakiri mule-msg-size mule-reload-mercy touch-mules-reload", "raw", _TWICE),
    **each("signal-timer signal-rbtimer signal", "raw", _TWICE),
    **each("spooler spooler-external spooler-chdir touch-spoolers-reload", "raw", _SPOOL, "path"),
    **each("cache2 cache sharedarea queue", "raw", _MEMORY),
    **each(
        "cache-store queue-store",
        "raw",
        "every instance writes the same file, during a reload the new ones beside the old",
        "path",
    ),
    **each("cache-udp-node load-file-in-cache load-file-in-cache-gzip add-cache-item", "raw", _MEMORY),
    **each("hook-as-root hook-as-vassal hook-as-emperor hook-as-gateway", "left", _ROOT),
    **each("exec-as-root call-as-root", "left", _ROOT),
    **each("exec-as-vassal exec-as-emperor call-as-vassal call-as-vassal1 call-as-vassal3", "left", _EMPEROR),
    **each("call-as-emperor call-as-emperor1 call-as-emperor2 call-as-emperor4", "left", _EMPEROR),
    **each("hook-emperor-start hook-emperor-stop hook-emperor-reload hook-emperor-lost", "left", _EMPEROR),
    **each(
        "mount-as-root umount-as-root mount-as-emperor umount-as-emperor mount-as-vassal umount-as-vassal", "left", _ROOT
    ),
    **each("mount-asap umount-asap mount-in-jail umount-in-jail mount-pre-jail umount-pre-jail", "left", _ROOT),
    **each("mount-post-jail umount-post-jail", "left", _ROOT),
    **each("carbon stats-push rrdtool", "raw", f"{_METRICS}; every instance sends, also one that is kept warm"),
    **each(
        "metrics-dir", "raw", "every instance writes the same folder, during a reload the new ones beside the old", "path"
    ),
}
PREFIXES: tuple[tuple[str, Word], ...] = (
    ("spooler-", Word("raw", _SPOOL)),
    ("hook-", Word("raw", _HOOK, "words")),
    ("exec-", Word("raw", _HOOK, "words")),
    ("call-", Word("raw", _HOOK)),
    ("after-request-", Word("raw", "")),
    ("route", Word("raw", _ROUTE)),
    ("final-route", Word("raw", _ROUTE)),
    ("error-route", Word("raw", _ROUTE)),
    ("response-route", Word("raw", _ROUTE)),
)
