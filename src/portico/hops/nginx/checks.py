"""What nginx would suffer from, found before it runs. Pure: what must be asked of the machine is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portico.hops.nginx.render import open_files
from portico.model.directive import Directive
from portico.model.finding import Finding, Kind
from portico.model.plan import Plan

FEW_FILES = Kind(
    "nginx.W084",
    "nginx",
    "An nginx worker may have fewer open files than it needs",
    "Each request holds a client's connection, one to the application and perhaps a file. A worker that may have no more "
    "answers 500 or closes connections unanswered, just when there are many visitors.",
    source="https://nginx.org/en/docs/ngx_core_module.html#worker_rlimit_nofile",
    shows="`setrlimit(RLIMIT_NOFILE, ...) failed (1: ...)` at the start; `accept4() failed (24: ...)` under load.",
    example="[nginx]\nworker_connections = 100000   # where `ulimit -Hn` says 4096",
    cure="Raise the account's limit (LimitNOFILE of the unit, /etc/security/limits.conf), or ask for fewer connections.",
)
NO_ANSWER = Kind(
    "nginx.W085",
    "nginx",
    "A raw location takes requests and has no answer for them",
    "A location replaces the one that passes requests to the application; without a pass, a folder or a return of its own "
    "it looks for a file in the folder that was compiled into nginx, and answers 404.",
    source="https://nginx.org/en/docs/http/ngx_http_core_module.html#location",
    shows="Some pages of the application are nginx's 404, those whose address ends in .js or .xml, for example.",
    example='[nginx]\nextra_server = "location ~* \\\\.(css|js)$ { expires 30d; }"',
    cure="Remove it: Portico's locations for static files set cache headers themselves (static_max_age). Or give it an "
    "answer.",
)
UNPARSED = Kind(
    "nginx.E086",
    "nginx",
    "nginx's configuration cannot be parsed",
    "nginx refuses to start with it, and keeps its old configuration at a reload.",
    source="https://nginx.org/en/docs/beginners_guide.html#conf_structure",
    shows='`nginx -t` says `unexpected "}"` or `unexpected end of file`.',
    example="server {\n    listen 80\n}   # the semicolon after 80 is missing",
    cure="Look at the named line and at the one before it: each directive ends with a semicolon or has a block.",
)
#: What makes a location answer; `include` may bring any of them.
_ANSWERS = (
    *("uwsgi_pass", "proxy_pass", "fastcgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"),
    *("return", "rewrite", "root", "alias", "try_files", "error_page", "internal", "deny", "include"),
    *("stub_status", "empty_gif", "dav_methods", "flv", "mp4", "api", "perl", "js_content", "echo"),
    *("content_by_lua_block", "content_by_lua_file"),
)

#: What can be wrong with a file besides its syntax, by a word of what is told of it.
_NO_SYNTAX = {
    "includes itself": "remove that include, or name the file that was meant: this one leads back to itself",
    "NUL byte": "store it as plain text: it is another kind of file, or was damaged while it was copied",
    "UTF-16": "iconv -f UTF-16 -t UTF-8 FILE   # then without a byte order mark",
    "larger than": "name the configuration: a file of that size is none that somebody wrote",
    "are left unread": "name a configuration that includes less: --nginx FILE, the one of the site",
}


def descriptors(plan: Plan, hard_limit: int | None) -> list[Finding]:
    """`hard_limit` is the most open files nginx's account may have, None for no limit, as for root."""
    if plan.nginx is None or hard_limit is None or open_files(plan.nginx) <= hard_limit:
        return []
    wanted, connections = open_files(plan.nginx), plan.nginx.worker_connections
    fitting = max(1, connections - (wanted - hard_limit + 1) // 2)
    return [
        FEW_FILES.found(
            cause=f"{connections} connections of a worker need {wanted} open files, and this account may have {hard_limit}",
            evidence=[
                f"nginx.worker_connections = {connections} ({plan.origins.get('nginx.worker_connections', 'default')})",
                f"ulimit -Hn: {hard_limit}",
            ],
            fix=[
                f"raise the limit: LimitNOFILE={wanted} in the unit, `* hard nofile {wanted}` in /etc/security/limits.conf",
                f"[nginx]\nworker_connections = {fitting}   # in portico.toml",
            ],
        )
    ]


def unparsed(problems: Sequence[str]) -> tuple[Finding, ...]:
    """`problems` are parse errors, each as `file:line: text` or `file:line:column: text`."""
    return tuple(
        UNPARSED.found(
            cause=problem,
            evidence=[problem],
            fix=_mended(problem),
        )
        for problem in problems
    )


def _mended(problem: str) -> list[str]:
    """What to do about it, by what is wrong."""
    told = next((fix for word, fix in _NO_SYNTAX.items() if word in problem), "")
    if told:
        return [told]
    return ["nginx -t -c FILE   # nginx's own words", "a semicolon, a quote or a brace is missing there or just before"]


def raw_locations(root: Directive, origins: Mapping[int, str], plan: Plan) -> list[Finding]:
    """`root` is the rendered configuration, `origins` the lines of it that are the user's raw lines."""
    locations = [entry for entry in root.deep("location") if entry.line in origins and not entry.args[-1].startswith("@")]
    if any(entry.line in origins for server in root.deep("server") for entry in server.all("root")):
        return []
    silent = [entry for entry in locations if next(entry.deep(*_ANSWERS), None) is None and not _nested(entry)]
    return [_no_answer(entry, origins[entry.line], plan) for entry in silent]


def _nested(entry: Directive) -> bool:
    """A location that only holds others: they answer."""
    return next(entry.all("location"), None) is not None


def _no_answer(entry: Directive, where: str, plan: Plan) -> Finding:
    cause = "it has neither a pass nor a folder nor a return"
    prefixes = [found.url for found in plan.site.maps if found.served_by == "nginx"]
    if entry.args[0] in ("~", "~*") and prefixes:
        cause += (
            f"; files below {' and '.join(prefixes)} never come here, because `^~` keeps regular expressions out, so all it "
            "takes are pages of the application"
        )
    return NO_ANSWER.found(
        cause=cause,
        evidence=[f"{where}: {entry.text} {{ ... }}"],
        fix=["remove the location", "[nginx]\nstatic_max_age = 2592000   # in portico.toml, if it was for cache headers"],
        title=f"`{entry.text}` takes requests and has no answer for them",
    )
