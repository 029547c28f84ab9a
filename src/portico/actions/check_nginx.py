"""nginx's configuration, looked at before anything runs: rendered into a folder that is gone afterwards, or as written."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from portico.actions.looked import Looked
from portico.actions.prepare import Prepared
from portico.actions.stage import prove_nginx, stand_alone
from portico.hops.nginx import audit
from portico.hops.nginx.checks import raw_locations, unparsed
from portico.hops.nginx.misspelt import misspelt
from portico.hops.nginx.raw_lines import origins
from portico.hops.nginx.render import CONF
from portico.hops.nginx.render import files as nginx_files
from portico.hops.nginx.swallowed import swallowed
from portico.hops.nginx.tree import tree
from portico.model.errors import PorticoError
from portico.model.finding import CouldNotTell, Finding
from portico.model.plan import Listen, Plan
from portico.system import files, nginx_conf, sockets
from portico.system.run import run

#: What is told of a file that cannot be opened.
_ABSENT = re.compile(r"\[Errno \d+\]|[Nn]o such file|not an ordinary file")


def rendered(prepared: Prepared) -> Looked:
    """What nginx itself, gixy and our own rules say about the configuration that `up` would write, the user's raw lines in
    it; nothing of the stack is touched. Places are told as the user knows them: the line of portico.toml."""
    if prepared.plan.nginx is None:
        return Looked()
    with tempfile.TemporaryDirectory(prefix="portico-check-") as name:
        folder = Path(name)
        plan = _inside(stand_alone(prepared.plan, folder, prepared.machine.app), folder)
        files.write_all(folder, nginx_files(plan))
        conf = folder / CONF
        where = origins(plan, conf.read_text(encoding="utf-8"))
        refused = _refused(plan, folder, where)
        if refused:
            return Looked(refused)
        root, _ = tree(nginx_conf.read(conf), str(conf))
        own = tuple(raw_locations(root, where, plan)) if root else ()
        asked = audited(conf, where)
    return Looked(own + asked.findings, asked.unknown, (f"nginx -t and gixy on {CONF} as it would be written",))


def written(conf: Path) -> Looked:
    """A configuration that somebody wrote by hand. What it includes and is not on this machine is told as unknown; nginx
    itself is not asked, because it would want all files and accounts of the machine the configuration is for."""
    root, problems = tree(nginx_conf.read(conf), str(conf))
    absent, broken = absent_and_broken(problems)
    unknown = tuple(CouldNotTell("nginx.include", text) for text in absent)
    if root is None and not broken:
        return Looked(unknown=unknown or (CouldNotTell("nginx.conf", f"{conf} is empty"),))
    if broken or root is None:
        return Looked(unparsed(broken), unknown, (str(conf),))
    return Looked((*misspelt(root), *swallowed(root)), unknown, (str(conf),)) + audited(conf)


def absent_and_broken(problems: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What of the problems of reading a configuration is a file that cannot be opened, and what a mistake in it."""
    absent = tuple(text for text in problems if _ABSENT.search(text))
    return absent, tuple(text for text in problems if text not in absent)


def audited(conf: Path, where: Mapping[int, str] | None = None, only: Container[str] | None = None) -> Looked:
    """What gixy says about a file and what it includes. `where` are better names for lines of that file itself. `only`: of
    these files; gixy looks for the includes of another machine's configuration on this one."""
    outcome = run(audit.command(sys.executable, str(conf), tempfile.gettempdir()))
    found = audit.issues(outcome)
    if not isinstance(found, tuple):
        return Looked(unknown=(found,))
    found = tuple(issue for issue in found if only is None or issue.file in only)

    def place(issue: audit.Issue) -> str:
        here = where is not None and Path(issue.file) == conf
        known = (
            where.get(issue.line, f"line {issue.line} of {CONF} as Portico writes it") if where is not None and here else ""
        )
        return known or audit.as_written(issue)

    return Looked(tuple(audit.judge(found, place)), audit.unread(outcome))


def _inside(plan: Plan, folder: Path) -> Plan:
    """The plan with its logs in that folder: `nginx -t` opens them, and makes those that are not there. It listens too, if
    only for a moment, in which nobody else could: at a port that nobody else wants. Whether that works at the real address
    is for `port_findings` to say."""
    nginx = plan.nginx
    if nginx is None:
        return plan
    access = nginx.access_log if nginx.access_log == "off" else str(folder / "access.log")
    return replace(
        plan,
        listen=Listen("127.0.0.1", sockets.free_port()),
        nginx=replace(nginx, access_log=access, error_log=str(folder / "error.log")),
    )


def _refused(plan: Plan, folder: Path, where: Mapping[int, str]) -> tuple[Finding, ...]:
    """nginx's own verdict, without the name of a folder that will not be there when it is read, and with the place of the
    raw line it is about."""
    try:
        prove_nginx(plan, folder)
    except PorticoError as error:
        return tuple(_retold(finding, f"{folder}/", where) for finding in error.findings)
    return ()


def _retold(finding: Finding, folder: str, where: Mapping[int, str]) -> Finding:
    def retell(text: str) -> str:
        return re.sub(rf"\b{re.escape(CONF)}:(\d+)", known, text.replace(folder, ""))

    def known(match: re.Match[str]) -> str:
        return where.get(int(match[1]), f"line {match[1]} of {CONF}")

    fix = tuple(line for line in finding.fix if folder not in line)
    again = "portico render --out DIR   # writes the files and repeats the test"
    evidence = tuple(map(retell, finding.evidence))
    return replace(finding, cause=retell(finding.cause), evidence=evidence, fix=(*fix, again))
