"""The files of a configuration of nginx: their texts, and which ones an include names."""

from __future__ import annotations

import glob
import os
import re
import stat
from itertools import islice
from pathlib import Path

from portico.model.adoption import PathMap

#: What is larger, or has more files, is no configuration that somebody wrote; a device or a fifo would never end.
#: (crossplane reads a megabyte in a good half second.)
LARGEST_BYTES = 4 << 20
MOST_FILES = 2_000
_MOST_LINKS = 40
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_ESCAPE = re.compile(r"\\([\\\"'])")
#: Where nginx of every distribution was built to look for its configuration, and where relative includes start then.
_USUAL_PREFIX = "/etc/nginx"


class Unreadable(Exception):
    """A file that is not to be read, or cannot be; the text says why, and names the file where it is `named`."""

    def __init__(self, why: str, named: bool = False) -> None:
        super().__init__(why)
        self.named = named


def text_of(file: str, paths: PathMap) -> str:
    """The text of a file; bytes that are no UTF-8 are replaced. Links that lead to absolute paths lead to where these lie
    on this machine. Raises Unreadable."""
    try:
        target = _behind_links(file, paths)
        seen = os.stat(target)  # noqa: PTH116
        if stat.S_ISDIR(seen.st_mode):
            raise IsADirectoryError(21, os.strerror(21), file)
        if not stat.S_ISREG(seen.st_mode):
            raise Unreadable("not an ordinary file")
        if seen.st_size > LARGEST_BYTES:
            raise Unreadable(_TOO_LARGE)
        with open(target, "rb") as opened:  # noqa: PTH123
            data = opened.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise Unreadable(str(error), named=isinstance(error, OSError) and error.filename is not None) from None
    if len(data) > LARGEST_BYTES:
        raise Unreadable(_TOO_LARGE)
    return _decoded(data)


_TOO_LARGE = f"larger than {LARGEST_BYTES >> 20} MiB"


def _decoded(data: bytes) -> str:
    if data.startswith(_UTF_16):
        raise Unreadable("UTF-16, which nginx does not read: store it as UTF-8 without a byte order mark")
    found = data.find(b"\0")
    if found >= 0:
        raise Unreadable(f"not a text: there is a NUL byte in line {data.count(bytes([10]), 0, found) + 1}")
    return data.decode("utf-8", "replace")


def _behind_links(file: str, paths: PathMap) -> str:
    """Where a link leads on this machine. One that turns in a circle is left for the system to refuse."""
    for _ in range(_MOST_LINKS if paths.pairs else 0):
        if not os.path.islink(file):  # noqa: PTH114
            break
        target = os.readlink(file)  # noqa: PTH115
        ours = any(f"{target}/".startswith(f"{new}/") for _, new in paths.pairs)
        file = os.path.join(os.path.dirname(file), target if ours else paths.here(target))  # noqa: PTH118, PTH120
    return file


def included(word: str, folders: list[str], paths: PathMap) -> list[str]:
    """The files that the argument of an `include` names, in nginx's order; one that has no pattern need not be there.

    A relative name is looked for in each of the folders until it is found; nginx itself looks in the folder of the first
    file (https://nginx.org/en/docs/ngx_core_module.html#include).
    """
    name = _ESCAPE.sub(r"\1", word)
    places = [_literal(name, paths)] if name.startswith("/") else [_below(folder, name, paths) for folder in folders]
    # nginx takes pattern characters of the folder for a pattern, too; those of our names for another machine's are none.
    wild = glob.has_magic(name) or any(glob.has_magic(plain) for _, plain in places if not paths.pairs)
    for pattern, plain in places:
        if wild and (found := sorted(islice(glob.iglob(pattern), MOST_FILES + 1))):  # noqa: PTH207
            return found
        if not wild and os.path.lexists(plain):
            return [plain]
    return [] if wild else [places[0][1]]


def _literal(name: str, paths: PathMap) -> tuple[str, str]:
    """An absolute name on this machine, as a pattern and as it is: what takes the place of a part of it is no pattern."""
    mapped = paths.here(name)
    if mapped == name:
        return name, name
    kept = next((place for place in range(len(name)) if mapped.endswith(name[place:])), len(name))
    ours = len(mapped) - (len(name) - kept)
    return glob.escape(mapped[:ours]) + mapped[ours:], mapped


def _below(folder: str, name: str, paths: PathMap) -> tuple[str, str]:
    plain = os.path.join(folder, name)  # noqa: PTH118
    return (os.path.join(glob.escape(folder), name) if paths.pairs else plain), plain  # noqa: PTH118


def folders(start: Path, fragment: bool, paths: PathMap) -> list[str]:
    """Where relative includes start: in the folder of the first file. When that is a part of a configuration, made for being
    included, nginx starts at the configuration it is a part of: the one a folder above, or the usual one."""
    beside = [str(start.parent)]
    if not fragment:
        return beside
    above = start.parent.parent
    around = [str(above)] if (above / "nginx.conf").is_file() else []
    return list(dict.fromkeys([*beside, *around, paths.here(_USUAL_PREFIX)]))
