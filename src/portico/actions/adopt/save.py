"""Writing portico.toml, never over another one unasked."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from portico.actions.adopt.asked import Asked
from portico.actions.adopt.kinds import EXISTS
from portico.model.errors import Exit, PorticoError
from portico.model.file import File
from portico.model.finding import Finding
from portico.system import files
from portico.system.accounts import ourselves, owner

NAME = "portico.toml"


def save(asked: Asked, text: str, secret: bool) -> str:
    """The path of the file. With `secret` only its owner may read it; root gives it to the folder's owner, whose project it
    is. Raises PorticoError when another text is there."""
    path = asked.project / NAME
    if not asked.force and _differs(path, text):
        finding = EXISTS.found(
            cause=f"{path} says something else",
            evidence=[str(path)],
            fix=["portico adopt ...   # without --write: prints the new one", "portico adopt ... --write --force"],
        )
        raise PorticoError(finding, Exit.USAGE)
    account = owner(asked.project) if ourselves().uid == 0 else None
    ids = (account.gid, account.uid) if account else (-1, -1)
    try:
        files.write(asked.project, File(NAME, text, 0o600 if secret else 0o644), *ids)
    except PorticoError as error:
        raise PorticoError(_unwritten(error.findings[0], asked.project), error.code) from None
    return str(path)


def _unwritten(finding: Finding, project: Path) -> Finding:
    """portico.toml is a file of the project's folder: no key of its own can place it elsewhere."""
    if finding.id != files.CANNOT_WRITE.id:
        return finding
    kept = tuple(line for line in finding.fix if "state_dir" not in line)
    account = owner(project)
    folder = shlex.quote(str(project))
    if account == ourselves():
        kept += (f"chmod u+w {folder}",)
    else:
        kept += (f"sudo -u {account.name} portico adopt ... --write   # as the account that the folder belongs to",)
    return replace(finding, fix=(*kept, "portico adopt ...   # without --write: prints the text, for another folder"))


def _differs(path: Path, text: str) -> bool:
    return (path.exists() or path.is_symlink()) and files.read_text(path) != text
