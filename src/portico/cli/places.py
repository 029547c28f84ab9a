"""Where in the user's files a finding is: the file and line that its evidence, cause or fix names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portico.model.finding import Finding

#: Files that are named without a line, as in `DEBUG = False   # in /srv/site/settings.py`.
_NAMED = re.compile(r"(?<![\w/.:-])(?P<file>/[^\s:\"'()\[\]{}=,;]+\.(?:py|toml|conf|ini))(?![\w:])")
#: Parts of a path that nobody's checkout has of its own.
_FOREIGN = frozenset({"site-packages", "dist-packages"})
#: `settings.py:12`, `/etc/nginx/sites-enabled/site:12`, `File "settings.py", line 12`. Only an absolute path may have no
#: suffix, and a suffix has a letter, so that neither `127.0.0.1:8000` nor `12:30` is one.
_PLACES = (
    re.compile(r'File "(?P<file>[^"\n]+)", line (?P<line>[1-9]\d*)'),
    re.compile(r"(?<![\w/.:-])(?P<file>/?[^\s:\"'()\[\]{}=,;]*\.[A-Za-z]\w*):(?P<line>[1-9]\d*)(?![\d.])"),
    re.compile(r"(?<![\w/.:-])(?P<file>/[^\s:\"'()\[\]{}=,;]+):(?P<line>[1-9]\d*)(?![\d.])"),
)


@dataclass(frozen=True)
class FilePlace:
    """`file` is relative to the folder it was asked for, with slashes; `line` counts from 1."""

    file: str
    line: int


def place(finding: Finding, project: str, anchor: str, base: Path) -> FilePlace | None:
    """The first place the finding names that lies below `base`, else the first line of a file it names without a line, else
    that of `anchor`; None where not even that lies there. A relative name is one of the project's folder."""
    named = (_below(file, project, base, line) for file, line in _named(finding))
    return next((found for found in named if found), None) or (_below(anchor, project, base, 1) if anchor else None)


def _named(finding: Finding) -> Iterator[tuple[str, int]]:
    texts = (*finding.evidence, finding.cause, *finding.fix)
    for text in texts:
        matches = (match for pattern in _PLACES for match in pattern.finditer(text))
        yield from ((match["file"], int(match["line"])) for match in matches)
    for text in texts:
        yield from ((match["file"], 1) for match in _NAMED.finditer(text))


def _below(file: str, project: str, base: Path, line: int) -> FilePlace | None:
    path = os.path.normpath(Path(project) / file)
    relative = os.path.relpath(path, base)
    parts = Path(relative).parts
    return None if parts[:1] == ("..",) or _FOREIGN & set(parts) else FilePlace(relative, line)
