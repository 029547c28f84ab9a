"""Which commit a folder holds: commands and what they print."""

from __future__ import annotations

from portico.model.command import Command

#: A repository's own configuration can name programs to run; these switch them off (git-config(1)).
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat")
_ENVIRON = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # An object that is missing is not fetched: the repository says by which program (git(1)).
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}


def head(folder: str, user: str | None) -> Command:
    """The commit and the first line of its message; exit code 128 where there is no repository. `user` owns the folder: git
    refuses to look into another account's."""
    return _git(folder, user, ("log", "-1", "--no-show-signature", "--format=%H%n%s"), "ask git for the commit")


def status(folder: str, user: str | None) -> Command:
    """Tracked files below the folder that were changed, one on each line."""
    argv = ("status", "--porcelain", "--untracked-files=no", "--ignore-submodules", "--", ".")
    return _git(folder, user, argv, "ask git for changes")


def _git(folder: str, user: str | None, words: tuple[str, ...], why: str) -> Command:
    return Command(("git", *_SAFE, "-C", folder, *words), why, timeout_s=5.0, cwd=folder, environ=_ENVIRON, user=user)


def parse_head(text: str) -> tuple[str, str]:
    """Commit and subject; both empty when it is no answer."""
    commit, _, subject = text.partition("\n")
    if len(commit) not in (40, 64) or not all(character in "0123456789abcdef" for character in commit):
        return "", ""
    return commit, subject.strip()[:200]
