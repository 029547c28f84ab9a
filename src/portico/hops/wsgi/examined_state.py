"""The parts of an examination that are about what the application rests on: settings, databases, folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from portico.hops.wsgi.examined import Failure, Part

DatabaseKind = Literal[
    "driver-missing", "refused", "socket-missing", "auth", "unknown-host", "no-such-database", "file-missing",
    "folder-missing", "not-writable-file", "not-writable-folder", "not-readable", "locked", "too-many-connections",
    "timeout", "other", "",
]  # fmt: skip


@dataclass(frozen=True)
class SecretKey:
    """`insecure` is Django's own judgement of startproject's key; `generated` says that the settings make a new one at
    each start, so that every worker and every restart has another."""

    length: int = 0
    insecure: bool = False
    generated: bool = False


@dataclass(frozen=True)
class Static:
    """`count` is how many files are in STATIC_ROOT, counted up to 1000. `manifest` is the path of the manifest that
    the storage needs, empty if it needs none. `dirs_missing` are STATICFILES_DIRS that are not there; `root_in_dirs`
    is a mistake."""

    root: str = ""
    exists: bool = False
    readable: bool = False
    count: int = 0
    storage: str = ""
    manifest: str = ""
    manifest_exists: bool = False
    dirs: tuple[str, ...] = ()
    dirs_missing: tuple[str, ...] = ()
    root_in_dirs: bool = False


@dataclass(frozen=True)
class Urlconf(Part):
    """Whether the URLconf, which Django imports at the first request, can be imported."""

    module: str = ""
    failure: Failure | None = None


@dataclass(frozen=True)
class Django(Part):
    """`settings` are the values of those settings that matter for a deployment, under their names, as JSON; `facts` is
    for `hops.django.facts.parse`. `shows_errors`: the traceback of a failed request is logged somewhere visible."""

    version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    secret_key: SecretKey = SecretKey()
    static: Static = Static()
    urlconf: Urlconf = Urlconf()
    shows_errors: bool | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Message:
    """One message of Django's system checks. `level` is 10 debug, 20 info, 30 warning, 40 error, 50 critical."""

    id: str = ""
    level: int = 0
    msg: str = ""
    hint: str = ""
    obj: str = ""


@dataclass(frozen=True)
class Checks(Part):
    """`manage.py check --deploy`, without the silenced ones. `raised` are checks that failed themselves. `ok` is false
    where something of level 40 and above is there or a check raised."""

    messages: tuple[Message, ...] = ()
    raised: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class Sqlite:
    """`file_writable` and `folder_writable` are for this account; a folder that is not lets nobody write to the file.
    `locked`: a writer holds the lock at this moment (None: not tried), process `lock_pid` where that is known.
    `name_relative`: which file it is depends on the working directory. `wait_s` is how long Django waits for the lock."""

    path: str = ""
    name_relative: bool = False
    exists: bool = False
    file_readable: bool = False
    file_writable: bool = False
    folder_exists: bool = False
    folder_writable: bool = False
    locked: bool | None = None
    lock_pid: int = 0
    journal_mode: str = ""
    wait_s: float = 5.0


@dataclass(frozen=True)
class Database(Part):
    """One alias. `ok`: it can be reached and used; else `kind` and `message` say why not. `connected` tells whether it
    could be read at least. `unapplied` are `app.name` of migrations, None where that could not be told
    (`unapplied_reason`). `max_connections` and `connections` are PostgreSQL's limit and how many there are now, 0
    where unknown."""

    alias: str = ""
    vendor: str = ""
    engine: str = ""
    name: str = ""
    host: str = ""
    port: str = ""
    user: str = ""
    kind: DatabaseKind = ""
    message: str = ""
    connected: bool = False
    sqlite: Sqlite | None = None
    unapplied: tuple[str, ...] | None = None
    unapplied_reason: str = ""
    max_connections: int = 0
    connections: int = 0
    conn_max_age_s: int | None = 0


@dataclass(frozen=True)
class Databases(Part):
    """`ok` is false where one of them is not, or has unapplied migrations."""

    aliases: tuple[Database, ...] = ()

    def get(self, alias: str = "default") -> Database | None:
        return next((entry for entry in self.aliases if entry.alias == alias), None)


@dataclass(frozen=True)
class Folder:
    """A folder that files are written to. `creatable`: it is not there, but this account could make it."""

    path: str = ""
    exists: bool = False
    writable: bool = False
    creatable: bool = False
    free_bytes: int | None = None
    free_inodes: int | None = None


@dataclass(frozen=True)
class Media(Part):
    """`media` is MEDIA_ROOT, None when it is not set; `upload` is FILE_UPLOAD_TEMP_DIR or else where Python's tempfile
    goes."""

    media: Folder | None = None
    upload: Folder | None = None
