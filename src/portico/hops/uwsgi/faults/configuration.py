"""uwsgi.ini as it was meant: misspelt, said twice, rewritten by uWSGI, quoted and commented."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.uwsgi.faults import configuration_kinds as kinds
from portico.hops.uwsgi.faults.start_rows import has_ended, in_force, ini_of, is_well, last, place, row, shown
from portico.hops.uwsgi.option_names import FLAGS
from portico.hops.uwsgi.options import duplicates, sockets, unknown
from portico.model.directive import Option
from portico.model.evidence import Evidence, UwsgiSeen
from portico.model.finding import Finding

#: Without these nothing is served, or not what was meant.
_ESSENTIAL = frozenset(
    ("socket", "uwsgi-socket", "http-socket", "http", "module", "wsgi-file", "callable", "chdir", "pythonpath", "mount")
)
#: Values that are paths or addresses, where magic variables belong.
_PLACES = _ESSENTIAL | frozenset(
    ("logto", "logto2", "daemonize", "daemonize2", "pidfile", "pidfile2", "safe-pidfile", "stats", "home", "touch-reload")
)
_PLACES |= frozenset(("master-fifo", "ini", "include", "binary-path", "chown-socket", "static-map", "procname"))
_COMMENT = re.compile(r"\s+[#;].*$")
_QUOTED = re.compile(r"""(["']).*\1?$""")
_MAGIC = re.compile(r"%(?!\()(.)?")


def misspelt(evidence: Evidence) -> Iterator[Finding]:
    """Keys that no uWSGI has and that look like one it has."""
    for seen in evidence.uwsgi:
        found = [(option, near) for option, near in unknown(seen.options) if near and place(option)]
        if not found:
            continue
        needed = [entry for entry in found if entry[1] in _ESSENTIAL and not seen.option(entry[1])]
        broken = bool(needed) and not is_well(evidence)
        kind = kinds.MISSPELT if broken else kinds.MISSPELT_UNUSED
        first, near = (needed if broken else found)[0]
        yield kind.found(
            cause=f"`{first.name}` is no option of uWSGI; `{near}` is meant, and is not set"
            if not seen.option(near)
            else f"`{first.name}` is no option of uWSGI; `{near}` is meant",
            evidence=[
                f"{option.where}: {option.name} = {shown(near, option.value)}   # {near}?" for option, near in found[:5]
            ],
            fix=[
                *[f"{near} = {shown(near, option.value)}   # {option.where}" for option, near in found[:5]],
                f"strict = true   # in {ini_of(seen)}: uWSGI then refuses what it does not know",
            ],
            basis=in_force(seen),
        )


def twice(evidence: Evidence) -> Iterator[Finding]:
    """Two lines of one file that cannot both hold."""
    for seen in evidence.uwsgi:
        pairs = [entries for entries in duplicates(seen.options) if _in_one_file(entries)]
        both = _two_applications(seen)
        skipped = last(seen, "mountpoint-dup")
        if not pairs and not both:
            continue
        causes = [f"`{entries[0].name}` is set {len(entries)} times, and the last one counts" for entries in pairs[:3]]
        causes += ["`module` and `wsgi-file` are both set, and the first one that loads is served"] if both else []
        yield kinds.TWICE.found(
            cause="; ".join(causes),
            evidence=[
                *[row(option) for entries in pairs[:3] for option in entries[-3:]],
                *[row(option) for option in both],
                *([skipped.text] if both and skipped else []),
            ],
            fix=[f"keep {row(entries[-1])}, or the one that is meant, and remove the others" for entries in pairs[:3]]
            + ([f"keep one of {both[0].where} and {both[1].where}"] if both else []),
            basis=in_force(seen),
        )


def _in_one_file(entries: tuple[Option, ...]) -> bool:
    """A command line, or a file that includes another, overrides on purpose."""
    files = {found[0] if (found := place(entry)) else "" for entry in entries}
    return len(files) == 1 and "" not in files


def _two_applications(seen: UwsgiSeen) -> list[Option]:
    found = [option for name in ("module", "wsgi-file") if (option := seen.option(name)) and place(option)]
    return found if len(found) == len(("module", "wsgi-file")) and _in_one_file(tuple(found)) else []


def magic(evidence: Evidence) -> Iterator[Finding]:
    """A `%` that was meant as one."""
    for seen in evidence.uwsgi:
        found = [option for option in seen.options if place(option) and _is_rewritten(option)]
        if found:
            yield kinds.MAGIC.found(
                cause=_magic_cause(found[0]),
                evidence=[f"{option.where}: {_shown(option)}" for option in found[:4]],
                fix=[f"write every % twice at {option.where}" for option in found[:4]],
                certainty="certain" if any(map(_is_plain, found)) else "likely",
                basis=in_force(seen),
            )


def _magic_cause(option: Option) -> str:
    if any(match[1] is None for match in _tokens(option)) and option.value != option.raw[:-1].rstrip():
        return f"the `%` at the end of `{option.name}` ({option.where}) takes the line end with it, and the next line"
    return f"uWSGI replaces the `%` in `{option.name}` ({option.where})"


def _is_rewritten(option: Option) -> bool:
    """Between letters or at the end, or in a text, nobody asks for a part of the file's path."""
    matches = [match for match in _tokens(option) if match[1] != " "]
    if not matches or option.name.startswith("log-") or option.name.startswith("route"):
        return False
    if option.name not in _PLACES:
        return option.name in ("logdate", "env") or any(map(_is_glued, matches))
    return any(match[1] is None for match in matches)


def _is_plain(option: Option) -> bool:
    """Where no part of a path can be meant: a date, a `%` at the end or between letters."""
    return option.name == "logdate" or any(map(_is_glued, _tokens(option)))


def _tokens(option: Option) -> list[re.Match[str]]:
    """Each `%` with the character behind it; a doubled one is a plain `%`."""
    return list(_MAGIC.finditer(option.raw.replace("%%", "")))


def _is_glued(match: re.Match[str]) -> bool:
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return match[1] is None or (before.isalnum() and after.isalnum())


def _shown(option: Option) -> str:
    """Only the characters around each `%`: the rest may be a secret."""
    tokens = ", ".join(dict.fromkeys(match[0] for match in _tokens(option)))
    return f"{option.name} has {tokens}"


def literal(evidence: Evidence) -> Iterator[Finding]:
    """Quotes and comments that became part of a value."""
    for seen in evidence.uwsgi:
        found = [option for option in seen.options if place(option) and _is_literal(option)]
        if not found:
            continue
        needed = [option for option in found if option.name in _PLACES]
        broken = bool(needed) and not is_well(evidence)
        kind = kinds.LITERAL if broken else kinds.LITERAL_UNUSED
        first = (needed if broken else found)[0]
        yield kind.found(
            cause=f"the value of `{first.name}` is {_value(first)!r}, with all that stands behind the `=`",
            evidence=[f"{option.where}: {option.name} = {_value(option)}" for option in found[:5]],
            fix=[f"{option.name} = {_plain(option)}   # {option.where}, with nothing behind it" for option in found[:5]],
            basis=in_force(seen),
        )


def _is_literal(option: Option) -> bool:
    if option.name in ("log-format", "add-header", "env", "set-placeholder", "exec-pre-app", "cron", "cron2"):
        return False
    if option.name in _PLACES and _QUOTED.match(option.raw):
        return True
    return bool(_COMMENT.search(option.raw)) and (option.name in _PLACES or option.name in FLAGS or option.raw[:1].isdigit())


def _value(option: Option) -> str:
    return option.raw[:120]


def _plain(option: Option) -> str:
    return _COMMENT.sub("", option.raw).strip("\"' ")


def socket_mode(evidence: Evidence) -> Iterator[Finding]:
    """`chmod-socket = 664`, as tutorials have it."""
    for seen in evidence.uwsgi:
        option = seen.option("chmod-socket")
        bound = [(address, where) for kind, address, where in sockets(seen.options) if kind in ("socket", "uwsgi-socket")]
        unix = [where for address, where in bound if address.startswith("unix:")]
        if option is None or not bound or not place(option):
            continue
        if not unix:
            yield kinds.MODE_OF_PORT.found(
                cause=f"chmod-socket is for unix sockets, and uWSGI listens on {bound[0][0]}",
                evidence=[row(option), row(bound[0][1])],
                fix=[f"remove the line: {option.where}"],
            )
        elif option.value in ("664", "660", "0664", "0660") and not seen.option("chown-socket") and not evidence.backends:
            group = evidence.machine.web_account[1] or "www-data"
            if seen.value("uid", "gid") not in evidence.machine.web_account and has_ended(seen):
                yield kinds.GROUP_ONLY.found(
                    cause=f"mode {option.value} lets only the socket's group in, and nothing gives it nginx's group",
                    evidence=[row(unix[0]), row(option), "no chown-socket"],
                    fix=[f"chown-socket = {seen.value('uid') or 'YOU'}:{group}\nchmod-socket = 660   # in {ini_of(seen)}"],
                    certainty="likely",
                )


RULES = (misspelt, twice, magic, literal, socket_mode)
