"""What the fate of one option depends on besides itself: the other options, what Portico writes, where paths lie."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from portico.hops.uwsgi.escape import PLACEHOLDERS
from portico.hops.uwsgi.option_names import FLAGS, SCALARS
from portico.model.adoption import Carried, PathMap
from portico.model.directive import Option

#: What is still a reference after reading: facts of the machine, the environment, content of files.
_REFERENCE = re.compile(r"\$\([^)]{0,200}\)|@\([^)]{0,200}\)|%[hivVkuUgGtTjbr]")
#: What a loop goes over or a condition looks at, where that is not known here: then uWSGI may never take the line.
UNRESOLVED = "%(_)"


@dataclass(frozen=True, eq=False)
class Context:
    """`options` in uWSGI's order; `rendered` is what Portico would write without raw lines, None in a first pass; `folder`
    is the folder of the file, empty when unknown. Compared as an object, so that what follows from it can be kept."""

    options: tuple[Option, ...]
    rendered: tuple[Option, ...] | None
    paths: PathMap
    folder: str = ""

    def last(self, name: str) -> Option | None:
        """The setting of that option that counts."""
        found = self.named.get(name)
        return found[-1] if found else None

    @cached_property
    def named(self) -> Mapping[str, Sequence[Option]]:
        """The settings of each option that uWSGI is known to take, in order."""
        return _by_name([option for option in self.options if UNRESOLVED not in option.value])

    @cached_property
    def _written(self) -> Mapping[str, Sequence[Option]]:
        return _by_name(self.rendered or ())

    @cached_property
    def variables(self) -> Mapping[str, Option]:
        """The setting of each environment variable that counts."""
        return {option.value.partition("=")[0].strip(): option for option in self.named.get("env", ())}

    @cached_property
    def names(self) -> frozenset[str]:
        """What `%(name)` would stand for in the file that Portico writes."""
        return frozenset((*self.named, *self._written))

    def value(self, name: str) -> str:
        """Its value; empty without one."""
        option = self.last(name)
        return option.value if option else ""

    def on(self, name: str) -> bool:
        """Whether a flag is set."""
        return self.value(name) == "true"

    def superseded(self, option: Option) -> Option | None:
        """The later setting of the same option that counts instead of this one."""
        if option.name not in SCALARS and option.name not in FLAGS:
            return None
        last = self.last(option.name)
        return None if last is option else last

    def writes(self, option: Option) -> bool:
        """Whether Portico writes this option with this value, here or where the path lies on this machine."""
        values = self.written(option.name)
        return option.value in values or self.paths.here(option.value) in values

    def written(self, name: str) -> tuple[str, ...]:
        """The values that Portico gives to that option."""
        return tuple(option.value for option in self._written.get(name, ()))

    @cached_property
    def ours(self) -> bool:
        """Whether Portico made the file: it begins with placeholders that no one else has."""
        given = {option.raw or option.value for option in self.named.get("set-placeholder", ())}
        return given.issuperset(PLACEHOLDERS)

    def beside(self, path: str) -> bool:
        """Whether the path is one that Portico chose itself, in the folder of a file it made."""
        return self.ours and bool(self.folder) and path.startswith((self.folder + "/", self.paths.here(self.folder) + "/"))

    @cached_property
    def directory(self) -> str:
        """Where relative paths of the application start: `chdir`, else the folder of the file; empty when unknown."""
        chdir = self.value("chdir")
        return posixpath.normpath(posixpath.join(self.folder, chdir)) if chdir or self.folder else ""

    def path(self, text: str) -> str:
        """A path of the application, absolute on this machine; empty when it is relative to a folder nobody knows."""
        whole = posixpath.join(self.directory, text)
        return self.paths.here(posixpath.normpath(whole)) if whole.startswith("/") else ""

    def started_path(self, text: str) -> str:
        """The same for what uWSGI opens before `chdir`: logs and pidfiles. It is started in the folder of the file, as far
        as the file can tell."""
        whole = posixpath.join(self.folder, text)
        return self.paths.here(posixpath.normpath(whole)) if whole.startswith("/") else ""

    def guessed(self, text: str) -> str:
        """A sentence where a relative path was taken from the folder of the file, for want of an absolute `chdir`."""
        if text.startswith("/") or self.value("chdir").startswith("/"):
            return ""
        return f"the path is relative to where uWSGI is started; {self.folder} is taken for that"


def _by_name(options: Sequence[Option]) -> dict[str, list[Option]]:
    found: dict[str, list[Option]] = {}
    for option in options:
        found.setdefault(option.name, []).append(option)
    return found


#: What becomes of one option; no entry where the rule has nothing to say of it.
Rule = Callable[[Option, Context], Sequence[Carried]]


def reference(option: Option) -> str:
    """A reference in the value that reading could not resolve (`$(HOME)`, `%k`), empty when there is none.

    What the text itself does not have is no reference: it is a character that a placeholder stood for."""
    written = (option.raw or option.value).replace("%%", "")
    return next((text for text in dict.fromkeys(_REFERENCE.findall(option.value)) if text in written), "")


def line_of(option: Option, near: Option) -> str:
    """`line 7`, with its file where that is another than that of `near`."""
    file, _, line = option.where.rpartition(":")
    return f"line {line}" if file and near.where.rpartition(":")[0] == file else option.where
