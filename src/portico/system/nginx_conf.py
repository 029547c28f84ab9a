"""Reading nginx's configuration from disk, its includes with it; `hops.nginx.tree` makes directives of what comes back."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import Any

import crossplane

#: What is larger, or has more files, is no configuration that somebody wrote; a device or a fifo would never end.
#: (crossplane reads a megabyte in a good half second.)
_LARGEST_BYTES = 4 << 20
_MOST_BYTES = 8 << 20
_MOST_FILES = 2_000
_INCLUDE = re.compile(r"""(?:^|[\s;{}])include\s+(?:"([^"\n]+)"|'([^'\n]+)'|([^;\s"']+))\s*;""")
_COMMENT = re.compile(r"(?:^|(?<=[\s;{}]))#.*")


def read(conf: Path, prefix: str = "") -> dict[str, Any]:
    """crossplane's payload of `conf` and all that it includes, files not yet combined
    (https://github.com/nginxinc/crossplane#crossplane-parse). A relative `conf` starts at `prefix`, as nginx's `-c` does.

    Never raises: what cannot be opened or understood is told in `errors`. A `conf` that cannot be opened has `config` [].
    When an include names something that is no ordinary file, or there is far too much, includes are left unread.
    """
    start = Path(os.path.abspath(Path(prefix or ".") / conf))  # noqa: PTH100  (links stay: nginx names the path it was given)
    try:
        refused = _refusal(start)
        if refused:
            return _failed(start, refused)
        refused = _first_refusal(start)
        payload: dict[str, Any] = crossplane.parse(
            str(start), catch_errors=True, comments=False, check_ctx=False, single=bool(refused)
        )
    except Exception as error:  # crossplane promises nothing about files that are no configuration
        return _failed(start, f"cannot be read: {error}")
    if refused:
        payload["status"] = "failed"
        payload["errors"].append({"file": str(start), "error": f"includes are left unread: {refused}", "line": None})
    return payload


def _failed(file: Path, error: str) -> dict[str, Any]:
    return {"status": "failed", "errors": [{"file": str(file), "error": error, "line": None}], "config": []}


def _refusal(file: Path) -> str:
    """Why a file is not to be read; empty when it may be."""
    try:
        if not file.is_file():
            return "no such file" if not file.exists() else "not an ordinary file"
        if file.stat().st_size > _LARGEST_BYTES:
            return f"larger than {_LARGEST_BYTES >> 20} MiB"
        with file.open("rb"):
            return ""
    except (OSError, ValueError) as error:
        return str(error)


def _first_refusal(start: Path) -> str:
    """Why the includes cannot be followed to their end; empty when they can. Missing files are crossplane's to tell."""
    waiting, seen, total = [start], {start}, 0
    while waiting:
        text = _text(waiting.pop())
        total += len(text)
        for found in _included(text, start.parent):
            if found in seen:
                continue
            seen.add(found)
            if found.exists() and not found.is_file() and not found.is_dir():
                return f"{found} is not an ordinary file"
            if found.is_file():
                if found.stat().st_size > _LARGEST_BYTES:
                    return f"{found} is larger than {_LARGEST_BYTES >> 20} MiB"
                waiting.append(found)
        if len(seen) > _MOST_FILES or total > _MOST_BYTES:
            return f"more than {_MOST_FILES} files or {_MOST_BYTES >> 20} MiB"
    return ""


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _included(text: str, folder: Path) -> list[Path]:
    """What the include directives of a file name: relative to the folder of the first file
    (https://nginx.org/en/docs/ngx_core_module.html#include)."""
    found: list[Path] = []
    for line in text.splitlines():
        for match in _INCLUDE.finditer(_COMMENT.sub("", line)):
            pattern = str(folder / (match[1] or match[2] or match[3]))
            names = glob.glob(pattern) if any(mark in pattern for mark in "*?[") else [pattern]  # noqa: PTH207
            found += [Path(name) for name in names[: _MOST_FILES + 1]]
    return found
