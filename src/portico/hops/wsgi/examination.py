"""What the project's own Python said when the application was loaded, called and looked over there.

The JSON of `inside/examine_project.py` has one object per part, under the names of the fields of `Examination`, and in each
the keys that the class of that part has as fields. Every part has

- `ok`: true, false, or null for "could not tell", whose `reason` is then a sentence (a part that was not asked for, or that
  another part's failure made impossible, is null as well);
- `duration_s`: how long it took.

On the top level: `unfinished` is the part in which the process ended without a word (a crash, `os._exit`, killed), else
empty; `timeout_s` what it had. All text has been masked: `***` stands for a secret. Nothing is written by the script: the
database is opened for reading, mails and log files of the project go nowhere, so `refused` in `Call` says what a page
wanted to do and was not let.

A missing key is no error; it takes the default below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portico.hops.wsgi.examined import (
    Call,
    Closed,
    Elsewhere,
    FailedSql,
    Failure,
    Frame,
    Load,
    LoadKind,
    Match,
    Part,
    Problem,
    ProblemKind,
    Python,
    Said,
    Shadow,
)
from portico.hops.wsgi.examined_state import (
    Checks,
    Database,
    DatabaseKind,
    Databases,
    Django,
    Folder,
    Media,
    Message,
    SecretKey,
    Sqlite,
    Static,
    Urlconf,
)
from portico.hops.wsgi.tolerant import read

__all__ = [
    "Call",
    "Checks",
    "Closed",
    "Database",
    "DatabaseKind",
    "Databases",
    "Django",
    "Elsewhere",
    "Examination",
    "FailedSql",
    "Failure",
    "Folder",
    "Frame",
    "Load",
    "LoadKind",
    "Match",
    "Media",
    "Message",
    "Part",
    "Problem",
    "ProblemKind",
    "Python",
    "Said",
    "SecretKey",
    "Shadow",
    "Sqlite",
    "Static",
    "Urlconf",
    "parse",
]


@dataclass(frozen=True)
class Examination:
    """A whole answer."""

    python: Python = field(default_factory=Python)
    load: Load = field(default_factory=Load)
    call: Call = field(default_factory=Call)
    django: Django = field(default_factory=Django)
    checks: Checks = field(default_factory=Checks)
    database: Databases = field(default_factory=Databases)
    media: Media = field(default_factory=Media)
    unfinished: str = ""
    timeout_s: float = 0.0


def parse(answer: Mapping[str, Any] | None) -> Examination:
    """The answer of `examine_project.py`; None (it gave none) is an Examination that could not tell anything."""
    return read(Examination, answer or {})
