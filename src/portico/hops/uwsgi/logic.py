"""The configuration of a uWSGI as it comes about: files in files, loops and conditions, placeholders, and last the values.

It follows add_exported_option and uwsgi_setup in the sources of uWSGI 2.0.30 (core/config.c, core/uwsgi.c): options that
load, set or test something act at once, so their own values are taken as they are written; `inherit` acts when everything
else is done, and nothing is replaced in what it brings. Pure: what the machine has to tell comes from `Surroundings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from portico.hops.uwsgi import conditions, expand, formats, magic
from portico.hops.uwsgi.entries import MOST_LINES, MOST_OPTIONS, TOO_MANY, Parsed, short
from portico.hops.uwsgi.normal import normal
from portico.hops.uwsgi.option_names import KNOWN
from portico.hops.uwsgi.settings import Line, Load, Reading, Setting
from portico.hops.uwsgi.surroundings import Loaded, Surroundings
from portico.model.directive import Option

_SETTERS = ("set", "set-placeholder", "set-ph")
_ELSEWHERE = {"inject-before": "the file is not put in front", "inject-after": "the file is not put behind"}
_ELSEWHERE |= {"resolve": "no name is looked up", "declare-option": "what options of that name stand for is not followed"}
_SCHEMES = ("emperor", "http", "data", "sym", "section", "fd", "exec", "call", "callint")
#: No configuration that somebody wrote has more.
MOST_FILES = 200


@dataclass
class Machine:
    """Takes files, command line options and further files, one after another; `reading()` ends it."""

    around: Surroundings
    most_files: int = MOST_FILES
    settings: list[Setting] = field(default_factory=list)
    untaken: list[Setting] = field(default_factory=list)
    files: dict[str, None] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    unread: dict[str, None] = field(default_factory=dict)
    problems: dict[str, None] = field(default_factory=dict)
    top: list[Line | Load] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._values: dict[str, Setting] = {}
        self._table: dict[str, str] = {}
        self._first: dict[str, str] = {}
        self._last_ini = ""
        self._logic: Setting | None = None
        self._is_running = False
        self._open: list[tuple[str, str]] = []
        self._loads = 0
        self._is_full = False
        self._effort = expand.Effort()
        self._copied = expand.Effort(1 << 26)

    # Files

    def file(self, name: str, kind: formats.Format | None, by: Setting, beside: str = "") -> None:
        """A file by the name that an option gives, perhaps with `:section`. `kind` None: by its name or its text."""
        where = by.where
        scheme = name.partition("://")[0]
        if scheme in _SCHEMES and name.startswith(scheme + "://"):
            self.problems[f"{where}: `{scheme}://` is not followed: what it would give is not known"] = None
        elif name == "-":
            self.problems[f"{where}: standard input is not read: what it would give is not known"] = None
        elif name.startswith(":") and kind == "ini" and self._last_ini:
            self.load(self._last_ini, name[1:], kind, by, beside, written="")
        else:
            path, colon, section = name.rpartition(":") if ":" in name else (name, "", None)
            if path:
                self.load(path, section if colon else None, kind, by, beside)
            else:
                self._refused(where, f"`{short(name)}` names no file")

    def load(
        self,
        path: str,
        section: str | None = None,
        kind: formats.Format | None = None,
        by: Setting | None = None,
        beside: str = "",
        written: str | None = None,
    ) -> None:
        """A file, and of it the section that was asked for. `written` is what `%o` stands for, if it is not `path`."""
        where = by.where if by else ""
        if self._loads >= self.most_files:
            self.unread[f"{where or path}: more than {self.most_files} files are included"] = None
            return
        self._loads += 1
        loaded = self.around.load(path, beside)
        if where and self.around.is_guess and not path.startswith("/"):
            self.problems[f"{where}: `{path}` is looked for beside the file; uWSGI looks where it is started"] = None
        if loaded.text is None:
            if loaded.wrong:
                self.missing[loaded.here] = loaded.wrong
            return
        if loaded.wrong:
            self.unread[f"{loaded.here}: {loaded.wrong}"] = None
        kind = kind or formats.by_name(path) or formats.by_text(loaded.text)
        if kind == "ini":
            self._last_ini = path
        self._enter(loaded, section or "uwsgi", section, kind, path if written is None else written, by)

    def text(self, loaded: Loaded, section: str, kind: formats.Format) -> None:
        """A file whose text is known already."""
        self._last_ini = loaded.here
        self._enter(loaded, section, section, kind, loaded.here, None)

    def _enter(
        self, loaded: Loaded, section: str, asked: str | None, kind: formats.Format, written: str, by: Setting | None
    ) -> None:
        if (loaded.here, section) in self._open:
            self._refused(by.where if by else loaded.here, f"{loaded.here} includes itself, over and over")
            return
        self._table = magic.of_file(loaded.there, written, asked)
        self._first = self._first or magic.first(self._table)
        self.files[loaded.here] = None
        text = loaded.text or ""
        if text.count("\n") > MOST_LINES:
            self.unread[f"{loaded.here}: more than {MOST_LINES} lines: nobody wrote that by hand"] = None
            return
        try:
            read, numbers = magic.substituted(text, self._table | self._first)
        except ValueError as error:
            self.unread[f"{loaded.here}: {error}"] = None
            return
        parsed = formats.parse(kind, read, section)
        self._tell(parsed, loaded.here, numbers)
        raw, is_raw = formats.raw_values(parsed, text, read, kind, section, numbers)
        load = Load(loaded, asked, is_raw)
        (by.line.loads if by and by.line else self.top).append(load)
        self._open.append((loaded.here, section))
        for entry, was in zip(parsed.entries, raw, strict=True):
            where = f"{loaded.here}:{magic.line_of(entry.line, numbers)}"
            line = Line(entry.name, was, entry.value, where)
            load.lines.append(line)
            for letter in magic.facts_in(was):
                self.problems[f"{where}: `%{letter}` stays: what it stands for is not known here"] = None
            self.add(Setting(entry.name, entry.value, was, where, line=line), loaded.here)
        self._open.pop()

    def _tell(self, parsed: Parsed, file: str, numbers: Sequence[int]) -> None:
        for line, text in parsed.problems:
            self.problems[f"{file}:{magic.line_of(line, numbers)}: {text}" if line else f"{file}: {text}"] = None
        if parsed.error:
            line, column, text = parsed.error
            self.unread[f"{file}:{magic.line_of(line, numbers)}:{column}: {text}"] = None

    # Options

    def add(self, setting: Setting, beside: str = "") -> None:
        """An option as a file or a command line gives it, under the loop or condition that is open."""
        if len(self.settings) + len(self.untaken) >= MOST_OPTIONS:
            self._too_many(setting.where)
            return
        if self._is_running:
            self._put(setting, beside)
            return
        if setting.name in conditions.ENDS:
            self._logic = None
        if self._logic:
            self._is_running = True
            self._under(self._logic, setting, beside)
            self._is_running = False
        else:
            self._put(setting, beside)

    def _under(self, logic: Setting, setting: Setting, beside: str) -> None:
        verdict = conditions.judge(logic.name, logic.value, self.around, self.value)
        if not verdict.known:
            if logic.line:
                logic.line.is_known = False
            self.problems[f"{logic.where}: what stands under `{logic.name}` was taken as if it held"] = None
        if setting.line and logic.name in conditions.LOOPS:
            setting.line.is_looped = True
        if not verdict.values:
            self.untaken.append(setting)
        for value in verdict.values:
            text = (setting.value if value is None else setting.value.replace("%(_)", value))[: expand.LONGEST]
            if len(self.settings) >= MOST_OPTIONS or not self._copied.spend(len(text)):
                self._too_many(setting.where)
                return
            self._put(replace(setting, value=text), beside)

    def argument(self, name: str, value: str, where: str) -> None:
        """An option of a command line that acts like one of a file."""
        line = Line(name, value, value, where)
        self.top.append(line)
        self.add(Setting(name, value, value, where, line=line))

    def given(self, options: Sequence[Option]) -> None:
        """Options of a command line, whose files and settings were taken from it already."""
        for option in options:
            self._keep(Setting(option.name, option.value, option.raw or option.value, option.where, done=True))

    def value(self, name: str) -> str | None:
        """The first value of an option so far, as `%(name)` has it."""
        found = self._values.get(name)
        return found.value if found else None

    def _keep(self, setting: Setting) -> None:
        self.settings.append(setting)
        self._values.setdefault(setting.name, setting)

    def _put(self, setting: Setting, beside: str) -> None:
        """Into the list; options that act at once do."""
        self._keep(setting)
        name = setting.name
        if name in conditions.LOGIC:
            if self._logic:
                self._refused(setting.where, f"`{name}` stands under `{self._logic.name}`")
            self._logic = setting
        elif name in formats.LOADERS:
            self.file(setting.value, formats.LOADERS[name], setting, beside)
        elif name in ("include", "config"):
            self._include(setting, beside)
        elif name in _SETTERS:
            self._set(setting, beside)
        elif name in _ELSEWHERE:
            self.problems[f"{setting.where}: `{name}`: {_ELSEWHERE[name]}"] = None
        elif name not in conditions.AT_ONCE:
            return
        setting.done = True

    def _include(self, setting: Setting, beside: str) -> None:
        name = setting.value
        kind = formats.by_name(name)
        if kind is None and "://" not in name:
            self._refused(setting.where, f"`{setting.name}` takes no {short(name) or 'empty name'}: its end names no format")
            kind = formats.by_name(name.rpartition(":")[0])
        self.file(name, kind, setting, beside)

    def _set(self, setting: Setting, beside: str) -> None:
        name, sign, value = setting.value.partition("=")
        if not sign:
            self._refused(setting.where, f"`{setting.name} = {short(setting.value)}` has no second `=`")
            return
        made = Setting(name, value, value, setting.where, line=setting.line)
        if setting.name == "set":
            self._put(made, beside)
            return
        if name in KNOWN:
            self._refused(setting.where, f"`{short(name)}` is an option and cannot be a placeholder")
        made.done = True
        self._keep(made)

    def _too_many(self, where: str) -> None:
        if not self._is_full:
            self._is_full = True
            self.unread[f"{where}: {TOO_MANY}, or too large ones, and no more are read"] = None

    def _refused(self, where: str, what: str) -> None:
        self.problems[f"{where}: {what}: uWSGI does not start"] = None

    # The end

    def reading(self) -> Reading:
        """Replace what values refer to, then take what is inherited."""
        environ = self.around.environ
        self._pass("$", lambda key: None if environ is None else environ.get(key))
        self._pass("@", self._of_file)
        self._pass("%", lambda key: expand.placeholder(key, self.value))
        at = 0
        while at < len(self.settings):
            setting = self.settings[at]
            at += 1
            if setting.name == "inherit" and not setting.done:
                setting.done = True
                self._include(setting, setting.where.rpartition(":")[0])
        return Reading(
            tuple(normal(Option(one.name, one.value, one.where, one.raw)) for one in self.settings),
            tuple(normal(Option(one.name, one.value, one.where, one.raw)) for one in self.untaken),
            tuple(self.files),
            tuple(self.missing.items()),
            tuple(self.unread),
            tuple(self.problems),
        )

    def _pass(self, symbol: str, lookup: expand.Lookup) -> None:
        for setting in self.settings:
            if not setting.done and symbol + "(" in setting.value:
                setting.value, ended = expand.expanded(setting.value, symbol, lookup, self._effort)
                if not ended:
                    self._refused(
                        setting.where, f"the value of `{setting.name}` refers to itself without end, or is far too long"
                    )
                elif symbol == "$" and self.around.environ is None:
                    self.problems[f"{setting.where}: `{setting.name}` takes what the environment has for `$(...)`"] = None

    def _of_file(self, path: str) -> str | None:
        """What `@(path)` stands for: the text of a file without its last line end. Nothing is run and nothing fetched."""
        if path.partition("://")[0] in _SCHEMES and "://" in path:
            return None
        text = self.around.text(path)
        return text[:-1] if text and text[-1] in "\r\n" else text
