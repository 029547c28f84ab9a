"""`portico adopt`: the files of a hand-written deployment in; what is wrong with them, and the portico.toml that means the
same, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from portico.actions.adopt import save, written
from portico.actions.adopt.asked import Asked
from portico.actions.adopt.choice import Choice, choose
from portico.actions.adopt.gather import Gathered, gather
from portico.actions.adopt.kinds import HALF, UNMATCHED
from portico.actions.adopt.ledger import Ledger, ledger
from portico.actions.adopt.missing import finding as missing_finding
from portico.actions.adopt.missing import missing
from portico.actions.adopt.next_steps import next_steps
from portico.actions.adopt.proof.inputs import ProofInputs
from portico.actions.adopt.proof.kinds import DIFFERENT
from portico.actions.adopt.proof.run import prove
from portico.actions.check_nginx import audited
from portico.actions.doctor.discretion import Discretion
from portico.actions.doctor.static import evidence, findings
from portico.actions.looked import Looked
from portico.hops.nginx.misspelt import misspelt
from portico.hops.nginx.swallowed import swallowed
from portico.model.directive import Directive
from portico.model.errors import Exit, PorticoError
from portico.model.evidence import Evidence
from portico.model.finding import CouldNotTell, Finding
from portico.model.proof import Proof
from portico.model.result import Result
from portico.seams.faults.socket_kinds import OTHER_SOCKET

#: What gixy says of an include that is not here, which the ledger tells already.
_GIXY_ABSENT = "File not found"
#: What a finding tells already.
_COMMENT = "there are no comments behind a value"
_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Adopted:
    """What was read, chosen and made of it. `toml` holds the secrets of the deployment."""

    gathered: Gathered
    choice: Choice
    ledger: Ledger
    toml: str


def adopt(asked: Asked, say: Callable[[str], None] = lambda _: None) -> Result:
    """`result.toml` is the text of portico.toml and `result.config` the same as data, `result.lines` the fate of every
    directive and option, `result.counts` how many have which, `result.missing` the paths that are not here,
    `result.unknown` what could not be told, `result.proof` what running both has shown. Secrets are masked everywhere but in
    the file that `write` makes. `say` is told each step of a proof.

    Raises PorticoError for files that cannot be read or hold no site, or more than one."""
    gathered = gather(asked)
    choice = choose(gathered)
    made = ledger(gathered, choice)
    adopted = Adopted(gathered, choice, made, written.text(made.merged, _files(gathered, choice), made.lines))
    looked, known = _looked(adopted)
    absent = missing(made, asked.project)
    proof = _proof(adopted, say) if asked.prove else None
    found = [*looked.findings, *made.findings, *_unmatched(adopted), *missing_finding(absent, gathered.paths, asked.project)]
    found += proof.findings if proof else ()
    found.sort(key=lambda finding: _ORDER[finding.severity])
    discretion = Discretion(known, made.merged.config.get("env") or {})
    secret = bool(made.merged.config.get("env")) or discretion.text(adopted.toml) != adopted.toml
    withheld = asked.write and not asked.force and proof is not None and proof.verdict == "different"
    path = save.save(asked, adopted.toml, secret) if asked.write and not withheld else None
    found = [_all_the_same(one) if withheld and one.id == DIFFERENT.id else one for one in found]
    data = {
        "project": str(asked.project),
        **_sides(adopted),
        "config": made.shown.config,
        "toml": written.text(made.shown, _files(gathered, choice), made.lines),
        "lines": [asdict(line) for line in made.lines],
        "counts": dict(Counter(line.fate for line in made.lines)),
        "missing": absent,
        "unknown": [asdict(one) for one in _unknown(adopted, looked) if not one.reason.startswith(_GIXY_ABSENT)],
        "proof": proof.data() if proof else None,
        "written": path,
        "next": next_steps(adopted.gathered, made, path),
    }
    failed = proof is not None and proof.verdict in ("different", "could not tell")
    code = Exit.FINDINGS if failed or any(finding.severity == "error" for finding in found) else Exit.DONE
    return Result("adopt", discretion.data(data), discretion.findings(found), code)


def _unknown(adopted: Adopted, looked: Looked) -> tuple[CouldNotTell, ...]:
    instances = adopted.choice.instances
    odd = (CouldNotTell("uwsgi.file", text) for one in instances for text in one.seen.problems if _COMMENT not in text)
    return (*adopted.gathered.skipped, *odd, *(one for instance in instances for one in instance.unknown), *looked.unknown)


def _files(gathered: Gathered, choice: Choice) -> list[str]:
    return [*([gathered.conf] if gathered.conf else []), *(one.name for one in choice.instances)]


def _sides(adopted: Adopted) -> dict[str, Any]:
    server = adopted.choice.server
    names = [name for entry in (server.all("server_name") if server else ()) for name in entry.args]
    return {
        "nginx": adopted.gathered.conf or None,
        "server": {"where": server.where, "names": names} if server else None,
        "uwsgi": [one.name for one in adopted.choice.instances],
    }


def _looked(adopted: Adopted) -> tuple[Looked, Evidence]:
    """What `check` finds in the files, alone and across both."""
    gathered = adopted.gathered
    seen = [one.seen for one in adopted.choice.instances]
    known = evidence(gathered.root, gathered.problems, gathered.conf, seen, adopted.choice.server)
    read = {gathered.conf, *_read(gathered.root)} if gathered.root else None
    asked = audited(Path(gathered.conf), only=read) if gathered.conf else Looked()
    names = (*misspelt(gathered.root), *swallowed(gathered.root)) if gathered.root else ()
    # Where one address is the site's uWSGI, others are those of other programs, other machines or other sites; where none
    # is, `_unmatched` tells it, with what Portico does about it.
    found = [one for one in findings(known) if one.id != OTHER_SOCKET.id]
    return Looked((*names, *found)) + asked, known


def _read(block: Directive) -> Iterator[str]:
    """The files that its directives stand in."""
    for entry in block.block or ():
        yield entry.file
        yield from _read(entry)


def _unmatched(adopted: Adopted) -> list[Finding]:
    choice = adopted.choice
    if choice.matched or choice.server is None:
        return []
    passes = list(choice.server.deep("uwsgi_pass", "proxy_pass"))
    binds = [option for one in choice.instances for option in one.seen.options if option.name.endswith("socket")]
    rows = [f"{entry.where}: {entry.text}" for entry in passes[:3]]
    rows += [f"{option.where}: {option.name} = {option.value}" for option in binds[:3]]
    return [
        UNMATCHED.found(
            cause="nginx and uWSGI name different addresses", evidence=rows, fix=["portico up   # gives both the same"]
        )
    ]


def _proof(adopted: Adopted, say: Callable[[str], None]) -> Proof:
    """Raises PorticoError when one of the two sides was not given."""
    gathered, choice = adopted.gathered, adopted.choice
    if gathered.root is None or choice.server is None or not choice.instances:
        raise PorticoError(
            HALF.found(cause="only one of the two was given", fix=["portico adopt --nginx F --uwsgi F --prove"]), Exit.USAGE
        )
    inputs = ProofInputs(
        root=gathered.root,
        server=choice.server,
        options=choice.instances[0].seen.options,
        toml=adopted.toml,
        project=gathered.asked.project,
        paths=gathered.paths,
        requests=gathered.asked.requests,
        allow_root_app=gathered.asked.allow_root_app,
        say=say,
    )
    return prove(inputs)


def _all_the_same(finding: Finding) -> Finding:
    """A proof's finding, where it has kept portico.toml from being written."""
    told = "portico adopt ... --write --force   # portico.toml was not written; this writes it all the same"
    return replace(finding, fix=(*finding.fix, told))
