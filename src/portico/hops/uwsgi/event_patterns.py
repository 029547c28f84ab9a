"""The lines that uWSGI writes of itself, as kinds of events: what its sources print (core, plugins/python, plugins/http).

Each pattern begins with at least four plain characters, by which `events.py` finds the few that a line may match. A named
group becomes an entry of `Event.data`. Measured with pyuwsgi 2.0.30; 2.0.21 of Debian prints the same.
"""

from __future__ import annotations

import re

_KINDS: tuple[tuple[str, str], ...] = (
    # Start.
    ("start", r"\*\*\* Starting uWSGI (?P<version>\S+)(?:.*? on \[(?P<when>[^\]]+)\])?"),
    ("option-unknown", r"\[strict-mode\] unknown config directive: (?P<name>.+)"),
    ("binary-path", r"detected binary path: (?P<path>.+)"),
    ("python-version", r"Python version: (?P<version>\S+)"),
    ("vm-initialized", r"--- Python VM already initialized ---"),
    ("python-home-set", r"Set PythonHome to (?P<path>.+)"),
    ("python-home-set", r"PEP 405 virtualenv detected: (?P<path>.+)"),
    ("python-home-bad", r"!!! Python Home is not a directory: (?P<path>.+?) !!!"),
    ("fd-limit", r"detected max file descriptor number: (?P<number>\d+)"),
    ("as-limit", r"your process address space limit is (?P<bytes>\d+) bytes"),
    ("cores", r"detected number of CPU cores: (?P<number>\d+)"),
    ("no-master", r"\*\*\* WARNING: you are running uWSGI without its master process manager"),
    ("as-root", r"\*\*\* WARNING: you are running uWSGI as root !!!"),
    ("harakiri-no-post-buffering", r" \*\*\* WARNING: you have enabled harakiri without post buffering"),
    ("cwd", r"current working directory: (?P<path>.+)"),
    ("backlog-too-long", r"Listen queue size is greater than the system max net\.core\.somaxconn \((?P<somaxconn>\d+)\)"),
    ("backlog", r"your server socket listen backlog is limited to (?P<number>\d+) connections"),
    ("setuid", r"setuid\(\) to (?P<uid>-?\d+)"),
    ("setgid", r"setgid\(\) to (?P<gid>-?\d+)"),
    ("no-user", r"user (?P<name>\S+) not found\."),
    ("no-group", r"group (?P<name>\S+) not found\."),
    ("bad-value", r"invalid min-worker-lifetime value"),
    ("pidfile", r"writing pidfile to (?P<path>.+)"),
    ("chdir", r"chdir\(\) to (?P<path>.+)"),
    ("pythonpath", r"added (?P<path>.+?) to pythonpath\."),
    ("config-read", r"\[uWSGI\] getting (?P<what>\w+) configuration from (?P<path>.+)"),
    ("config-read", r"\[uWSGI\] parsing config file (?P<path>.+)"),
    # Configuration that cannot be read.
    (
        "ini-no-section",
        r"\*\*\* WARNING: Can't find section \"(?P<section>.*?)\" in INI configuration file (?P<file>.+?) \*\*\*",
    ),
    ("config-unreadable", r"unable to load configuration from (?P<path>.+)"),
    ("config-unreadable", r"unable to parse config file (?P<path>.+)"),
    ("ini-file-missing", r"realpath\(\) of (?P<path>.+?) failed: (?P<error>.+?) \[(?P<source>[\w/]+\.c line \d+)\]"),
    ("getopt-error", r"getopt_long\(\) error"),
    # Plugins.
    ("plugin-failed", r"!!! UNABLE to load uWSGI plugin: (?P<name>.+?) !!!"),
    ("plugin-failed", r"unable to load plugin \"(?P<name>.+?)\""),
    ("no-request-plugin", r"!!!!!!!!!!!!!! WARNING !!!!!!!!!!!!!!"),
    ("no-request-plugin", r"no request plugin is loaded"),
    # Sockets.
    ("socket-bound", r"uwsgi (?:shared )?socket (?P<number>\d+) bound to (?P<kind>\w+) address (?P<address>.+?) fd \d+"),
    (
        "socket-bound",
        r"uwsgi (?:shared |zerg )?socket (?P<number>\d+) (?:inherited|attached to) (?P<kind>\w+) address (?P<address>.+?) "
        r"fd \d+",
    ),
    ("http-bound", r"uWSGI http bound on (?P<address>.+?) fd \d+"),
    ("zergpool-bound", r"zergpool (?P<name>.+?) bound to (?P<kind>\w+) socket (?P<address>.+?) \(fd: \d+\)"),
    ("stats-bound", r"\*\*\* Stats server enabled on (?P<address>.+?) fd: \d+"),
    ("other-instance", r"probably another instance of uWSGI is running on the same address \((?P<address>.+)\)\."),
    ("invalid-socket-name", r"invalid socket name"),
    ("no-socket", r"The -s/--socket option is missing"),
    ("vacuum-inode", r"VACUUM WARNING: unix socket (?P<path>.+?) changed inode"),
    # The application.
    ("threads-disabled", r"\*\*\* Python threads support is disabled"),
    ("open-python-file-failed", r"failed to open python file (?P<path>.+)"),
    ("no-callable", r"unable to find \"(?P<callable>.*?)\" callable in file (?P<path>.+)"),
    ("no-callable", r"\"(?P<callable>application)\" must be a callable object in file (?P<path>.+)"),
    ("app-not-loaded", r"unable to load app (?P<app>\d+) \(mountpoint='(?P<mountpoint>.*?)'\)"),
    ("app-ready", r"WSGI app (?P<app>\d+) \(mountpoint='(?P<mountpoint>.*?)'\) ready in (?P<seconds>\d+) seconds"),
    ("no-app-dynamic", r"\*\*\* no app loaded\. going in full dynamic mode"),
    ("game-over", r"\*\*\* no app loaded\. GAME OVER"),
    ("app-not-loaded", r"OOPS ! failed loading app in worker (?P<worker>\d+) \(pid (?P<pid>\d+)\)"),
    ("mode", r"\*\*\* Operational MODE: (?P<mode>.+?) \*\*\*"),
    ("mountpoint-dup", r"mountpoint (?P<mountpoint>.*?) already configured\. skip"),
    ("launcher", r"uwsgi_launcher: (?P<message>.+)"),
    ("guard", r"guard: (?P<message>.+)"),
    # Processes.
    ("master-spawned", r"spawned uWSGI master process \(pid: (?P<pid>\d+)\)"),
    ("master-respawned", r"gracefully \(RE\)spawned uWSGI master process \(pid: (?P<pid>\d+)\)"),
    (
        "worker-spawned",
        r"spawned uWSGI worker (?P<worker>\d+) (?:\(and the only\) )?\(pid: (?P<pid>\d+), cores: (?P<cores>\d+)\)",
    ),
    ("worker-respawned", r"Respawned uWSGI worker (?P<worker>\d+) \(new pid: (?P<pid>\d+)\)"),
    ("worker-done", r"\.\.\.The work of process (?P<pid>\d+) is done\. Seeya"),
    (
        "worker-died",
        r"DAMN ! worker (?P<worker>\d+) \(pid: (?P<pid>\d+)\)"
        r"(?: MISTERIOUSLY killed by signal (?P<odd>\d+)| died(?:, killed by signal (?P<signal>\d+))?)",
    ),
    ("worker-gone", r"worker (?P<worker>\d+) killed successfully \(pid: (?P<pid>\d+)\)"),
    ("worker-gone", r"worker (?P<worker>\d+) buried after (?P<seconds>\d+) seconds"),
    ("worker-lifetime", r"worker (?P<worker>\d+) lifetime reached, it was running for (?P<seconds>\d+) second"),
    ("worker-no-mercy", r"worker (?P<worker>\d+) \(pid: (?P<pid>\d+)\) is taking too much time to die"),
    ("respawn-too-fast", r"worker respawning too fast"),
    (
        "reload-on-memory",
        r"\*\*\* EVIL RELOAD ON WORKER (?P<worker>\d+) (?P<what>[A-Z ]+): (?P<bytes>\d+) \(pid: (?P<pid>\d+)\)",
    ),
    ("segfault", r"!!! uWSGI process (?P<pid>\d+) got Segmentation Fault !!!"),
    ("harakiri", r"\*\*\* HARAKIRI ON WORKER (?P<worker>\d+) \(pid: (?P<pid>\d+), try: (?P<try>\d+)"),
    (
        "harakiri-request",
        r"HARAKIRI \[core (?P<core>\d+)\] (?P<ip>\S*) - (?P<method>\S*) (?P<uri>.*) since (?P<since>\d+)",
    ),
    (
        "harakiri-request",
        r"HARAKIRI: --- uWSGI worker (?P<worker>\d+) (?:core (?P<core>\d+) )?\(pid: (?P<pid>\d+)\) "
        r"WAS managing request (?P<uri>.*) since (?P<since>.+?) ---",
    ),
    ("reload", r"\.\.\.gracefully killing workers\.\.\."),
    ("term-reload", r"\.\.\.brutally killing workers\.\.\."),
    ("reload-exec", r"binary reloading uWSGI\.\.\."),
    ("reload-exec", r"running (?P<path>/.+)"),
    ("stopping", r"SIGINT/SIGTERM received\.\.\.killing workers"),
    ("stopping", r"SIGINT/SIGQUIT received\.\.\.killing workers"),
    ("goodbye", r"goodbye to uWSGI\."),
    ("chain-reload", r"\*\*\* .*has been touched\.\.\. (?P<what>[\w ]+)"),
    # Requests.
    (
        "request",
        r"\[pid: (?P<pid>\d+)\|app: (?P<app>-?\d+)\|req: (?P<req>-?\d+)/(?P<total>\d+)\] (?P<ip>\S*) \((?P<user>.*?)\) "
        r"\{(?P<vars>\d+) vars in (?P<vars_bytes>\d+) bytes\} \[(?P<when>[^\]]*)\] (?P<method>\S*) (?P<uri>.*) => "
        r"generated (?P<bytes>\d+) bytes in (?P<time>\d+) (?P<unit>msecs|micros)(?: via (?P<via>\w+)\(\))? "
        r"\((?P<protocol>\S*)\s+(?P<status>\d+)\) (?P<headers>\d+) headers in (?P<headers_bytes>\d+) bytes",
    ),
    ("no-app-request", r"--- no python application found"),
    ("block-size", r"invalid request block size: (?P<size>\d+) \(max (?P<max>\d+)\)"),
    ("http-size-exceeded", r"invalid HTTP request size \(max (?P<max>\d+)\)"),
    ("invalid-request", r"invalid uwsgi request"),
    ("modifier", r"-- unavailable modifier requested: (?P<number>\d+) --"),
    ("content-length-too-big", r"Invalid \(too big\) CONTENT_LENGTH"),
    ("bad-iterator", r"\[ERROR\] Unhandled object from iterator: (?P<object>.+) \(0x[0-9a-f]+\)"),
    ("sigpipe", r"SIGPIPE: writing to a closed pipe(?:.* on request (?P<uri>.*) \(ip (?P<ip>.*?)\))?"),
    (
        "listen-queue",
        r"\*\*\* uWSGI listen queue of socket \"(?P<address>.*?)\" \(fd: \d+\) full !!! \((?P<count>\d+)/(?P<limit>\d+)\)",
    ),
    (
        "listen-queue",
        r"listen queue of socket \"(?P<address>.*?)\" \(fd: \d+\) full !!! \((?P<count>\d+)/(?P<limit>\d+)\)",
    ),
    ("websocket-no-ssl", r"you need to build uWSGI with SSL support to use the websocket handshake api"),
    ("max-vars", r"max vec size reached"),
)

#: The characters by which the patterns of a line are looked up.
HEAD = 4
_PLAIN = re.compile(r"(?:[^\\.^$*+?{}\[\]|()]|\\[^\w])+")


def _head(pattern: str) -> str:
    plain = _PLAIN.match(pattern)
    return re.sub(r"\\(.)", r"\1", plain[0] if plain else "")[:HEAD]


def _by_head() -> dict[str, tuple[tuple[str, re.Pattern[str]], ...]]:
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for kind, pattern in _KINDS:
        found.setdefault(_head(pattern), []).append((kind, re.compile(pattern)))
    return {head: tuple(entries) for head, entries in found.items()}


BY_HEAD = _by_head()

#: What a failed call of the system leaves: `open("path"): text [core/logging.c line 288]`, and after it perhaps
#: ` during GET /path (127.0.0.1)`. In three steps, so that no line takes more than one pass.
CALL_PLACE = re.compile(r" \[(?P<source>[\w/]+\.c) line (?P<line>\d+)\]")
CALL = re.compile(r"(?P<call>\w+)\(\"?(?P<path>.*?)\"?\)(?:/\w+\(\))?: (?P<error>.*)")
CALL_REQUEST = re.compile(r" during (?P<method>\S+) (?P<uri>.*) \((?P<ip>[^)]*)\)$")
#: `uwsgi: unrecognized option '--module'`, as getopt_long of glibc and musl write it.
GETOPT = re.compile(
    r".*: (?:unrecognized option:?|invalid option --|unrecognised option:?) ['\"]?-*(?P<name>[^'\"]+)['\"]?$"
)
