"""Kinds: workers that die, hang, or are too few."""

from __future__ import annotations

from portico.model.finding import Kind

_OPTIONS = "https://uwsgi-docs.readthedocs.io/en/latest/Options.html"
_THINGS = "https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html"

HARAKIRI = Kind(
    "uwsgi.E150",
    "uwsgi",
    "A request took longer than harakiri, and its worker was killed",
    "The visitor gets a 502, and all other requests of that worker (its threads) die with it.",
    source=f"{_OPTIONS}#harakiri",
    shows="502 after harakiri's seconds. nginx: `upstream prematurely closed connection`. uWSGI: `*** HARAKIRI ON "
    "WORKER 1 ...`, "
    "then `DAMN ! worker 1 ... killed by signal 9`.",
    example="*** HARAKIRI ON WORKER 1 (pid: 4177, try: 1, graceful: yes) ***\nHARAKIRI [core 0] 127.0.0.1 - GET "
    "/report/ since 1795747332",
    cure="Make the page faster or move its work to a task queue. If it must take long, raise `harakiri`, and nginx's "
    "uwsgi_read_timeout with it, a little above.",
)
KILLED = Kind(
    "uwsgi.E152",
    "uwsgi",
    "A worker was killed from outside (signal 9)",
    "Most often the kernel: memory was short, and it ends the process that has most. The request is lost.",
    source="https://docs.kernel.org/admin-guide/mm/concepts.html",
    shows="502 now and then. uWSGI: `DAMN ! worker 1 (pid: N) died, killed by signal 9`, without a HARAKIRI line before it.",
    example="DAMN ! worker 1 (pid: 4177) died, killed by signal 9 :( trying respawn ...",
    cure="`dmesg -T | grep -i oom` or the cgroup's memory.events tell whether it was memory. Then fewer `processes`, "
    "less memory in "
    "each (`max-requests`, `reload-on-rss`), or a larger machine.",
)
SEGFAULT = Kind(
    "uwsgi.E153",
    "uwsgi",
    "A worker crashed in a compiled library",
    "A segmentation fault ends the process and every request in it; Python code alone cannot cause one.",
    source=_THINGS,
    shows="502. uWSGI: `!!! uWSGI process N got Segmentation Fault !!!` with a backtrace that names the library.",
    example="!!! uWSGI process 4177 got Segmentation Fault !!!",
    cure="The library is in the backtrace. Update it; install it from one source only (two OpenSSLs in one process: "
    "psycopg2-binary "
    "and the system's); try `lazy-apps = true`, `threads = 1`.",
)
DIED = Kind(
    "uwsgi.E154",
    "uwsgi",
    "A worker ended in the middle of a request",
    "The application (or a library) ended the process itself, with os._exit or a signal.",
    source=_THINGS,
    shows="502. uWSGI: `DAMN ! worker 1 (pid: N) died`, without a segmentation fault or a HARAKIRI line.",
    example="DAMN ! worker 1 (pid: 4177) died :( trying respawn ...",
    cure="Look for os._exit, os.abort and os.kill in the page's code and in what it imports.",
)
ADDRESS_SPACE = Kind(
    "uwsgi.E155",
    "uwsgi",
    "limit-as leaves the application too little memory",
    "It limits addresses, not memory: libraries and thread stacks take hundreds of megabytes of them that are never used.",
    source=f"{_OPTIONS}#limit-as",
    shows="502 or 500 with `MemoryError`, although the machine has memory. At its start uWSGI says "
    "`your process address space limit is ...`.",
    example="limit-as = 256",
    cure="Remove `limit-as`. A limit for memory belongs to the service: `MemoryMax=` in its unit, or the container's.",
)
RSS_STORM = Kind(
    "uwsgi.E156",
    "uwsgi",
    "reload-on-rss is below what a worker needs: each ends after its first request",
    "Every request pays for the start of a new worker.",
    source=f"{_OPTIONS}#reload-on-rss",
    shows="Every page is slow. uWSGI: `...The work of process N is done. Seeya!` after each request.",
    example="reload-on-rss = 10",
    cure="Set it well above what a worker has after its start (`portico status`, or `ps -o rss`), twice that at least.",
)
ALL_AT_ONCE = Kind(
    "uwsgi.W157",
    "uwsgi",
    "All workers are replaced at the same time",
    "They count the same number of requests, so they reach max-requests together; until new ones have loaded, "
    "everybody waits.",
    source=f"{_OPTIONS}#max-requests-delta",
    shows="At intervals pages are slow or time out. uWSGI: several `The work of process N is done. Seeya!` within a second.",
    example="max-requests = 1000\nprocesses = 4",
    cure="`max-requests-delta = 100` (2.0.29 and later), and no `lazy-apps`: a worker forked from a loaded master "
    "starts at once.",
)
ONE_AT_A_TIME = Kind(
    "uwsgi.W158",
    "uwsgi",
    "uWSGI serves one request at a time",
    "With one process and one thread, which is the default, a slow page or a slow client stops the whole site.",
    source=f"{_OPTIONS}#processes",
    shows="Everything hangs while one page runs, then all goes on. The log shows small times: the rest was spent in "
    "the queue.",
    example="*** Operational MODE: single process ***",
    cure="`processes = 4` and `threads = 2` in uwsgi.ini.",
    standing=2,
)
ALL_BUSY = Kind(
    "uwsgi.E159",
    "uwsgi",
    "All workers are busy: requests wait in the queue",
    "Nothing is broken between the hops; the application does not finish what it has begun.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/articles/TheArtOfGracefulReloading.html#the-listen-queue",
    shows="Pages hang, later 504, and no log has an error. `ss -lxt` shows connections waiting (Recv-Q above 0).",
    example="$ ss -lx\nu_str LISTEN 37 100 /run/site/app.sock",
    cure="`py-spy dump --pid WORKER` shows where each worker is. Most often: a call to another service or the database "
    "without a "
    "time limit, a page that requests its own site, a lock. `harakiri = 30` ends such requests.",
)
STOPPED = Kind(
    "uwsgi.E160",
    "uwsgi",
    "uWSGI's processes are stopped (SIGSTOP, or a debugger holds them)",
    "They exist, but the kernel does not let them run, so nobody answers and nobody refuses.",
    source="https://man7.org/linux/man-pages/man7/signal.7.html",
    shows="Every page hangs until nginx gives up (504). `ps` shows state T.",
    example="ana   4177  T   uwsgi --ini site.ini",
    cure="`kill -CONT PID`; find out who stopped them (Ctrl-Z in a shell, gdb, a cgroup freezer).",
)
FILES = Kind(
    "uwsgi.E161",
    "uwsgi",
    "uWSGI has no file descriptors left",
    "Sockets, files and database connections all need one; without, every new one fails.",
    source="https://man7.org/linux/man-pages/man2/getrlimit.2.html",
    shows="After hours 502 or 500: `OSError: [Errno 24] Too many open files`.",
    example="detected max file descriptor number: 64",
    cure="`ls -l /proc/WORKER/fd` shows what is open: what grows is not closed. A higher limit (`LimitNOFILE=65536` in "
    "the unit) only "
    "where many are really needed.",
)
HELD_UP = Kind(
    "uwsgi.W163",
    "uwsgi",
    "A slow page held up the whole site: uWSGI serves one request at a time",
    "With one process and one thread everybody waits for the page that runs, however small theirs is.",
    source=f"{_OPTIONS}#processes",
    shows="Everything hangs while one page runs, then all goes on. The log shows small times: the rest was spent in "
    "the queue.",
    example="spawned uWSGI worker 1 (pid: 4177, cores: 1)\n... GET /report/ => generated 10 bytes in 3004 msecs",
    cure="`processes = 4` and `threads = 2` in uwsgi.ini; and make the slow page faster.",
)
SHARED_TIMER = Kind(
    "uwsgi.W162",
    "uwsgi",
    "With threads, harakiri cannot be relied on",
    "All threads of a worker share one deadline: each request that begins sets it and each that ends clears it, so a "
    "stuck one "
    "lives as long as others come, and one that is well may be killed.",
    source="https://github.com/unbit/uwsgi/issues/2706",
    shows="A request hangs for longer than harakiri without a HARAKIRI line, or a worker dies early.",
    example="threads = 4\nharakiri = 30",
    cure="More `processes` instead of threads where harakiri matters, and time limits in the application for what it calls.",
    standing=1,
)
