"""Variables of one request, as far as they follow from the request and the configuration alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from portico.hops.nginx.patterns import pattern
from portico.model.directive import Directive

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([1-9])|([A-Za-z_]\w*))")
_DEEPEST_MAP = 8


class Scope:
    """What is known while a request goes through the configuration. `uri` (normalised) and `args` change with rewrites.

    `headers` are those of the request by small names with dashes; None: not known, and neither are the variables made of
    them.
    """

    def __init__(
        self, http: Directive | None, known: Mapping[str, str], uri: str, args: str, headers: Mapping[str, str] | None
    ) -> None:
        self.uri = uri
        self.args = args
        self._http = http
        self._headers = headers
        self._values: dict[str, str | None] = dict(known)
        self._captures: tuple[str, ...] = ()
        self._depth = 0

    def copy(self) -> Scope:
        """The same, to look ahead with."""
        twin = Scope(self._http, {}, self.uri, self.args, self._headers)
        twin._values = dict(self._values)
        twin._captures = self._captures
        return twin

    def assign(self, name: str, value: str | None) -> None:
        """What `set` does. None: from now on unknown."""
        self._values[name] = value

    def search(self, regex: str, text: str, caseless: bool = False) -> bool | None:
        """Match, and keep the groups as nginx does. None when the expression is beyond us."""
        compiled = pattern(regex, caseless)
        found = compiled.search(text) if compiled else None
        if found:
            self._captures = (found[0], *(group or "" for group in found.groups()))
            self._values.update({name: value or "" for name, value in found.groupdict().items()})
        return None if compiled is None else found is not None

    def expand(self, text: str) -> str | None:
        """The text with its variables replaced; None when one is unknown."""
        parts: list[str] = []
        end = 0
        for match in VARIABLE.finditer(text):
            value = self._capture(int(match[2])) if match[2] else self.value(match[1] or match[3])
            if value is None:
                return None
            parts += [text[end : match.start()], value]
            end = match.end()
        return "".join(parts) + text[end:]

    def _capture(self, number: int) -> str:
        return self._captures[number] if number < len(self._captures) else ""

    def value(self, name: str) -> str | None:
        """The value of `$name`; None when it cannot be known."""
        if name.isdigit():
            return self._capture(int(name))
        if name in self._values:
            return self._values[name]
        if name in ("uri", "document_uri"):
            return self.uri
        if name in ("args", "query_string"):
            return self.args
        if name == "is_args":
            return "?" if self.args else ""
        if name.startswith("arg_"):
            return self._argument(name.removeprefix("arg_"))
        if name.startswith(("http_", "cookie_")):
            return self._header(name)
        return self._mapped(name)

    def _argument(self, name: str) -> str:
        pairs = (pair.partition("=") for pair in self.args.split("&"))
        return next((value for key, _, value in pairs if key.lower() == name.lower()), "")

    def _header(self, name: str) -> str | None:
        if self._headers is None:
            return None
        if name.startswith("cookie_"):
            return "" if not self._headers.get("cookie") else None
        return self._headers.get(name.removeprefix("http_").replace("_", "-"), "")

    def _mapped(self, name: str) -> str | None:
        """Through the `map` that makes this variable (https://nginx.org/en/docs/http/ngx_http_map_module.html)."""
        blocks = [block for block in (self._http.all("map") if self._http else ()) if block.args[-1:] == (f"${name}",)]
        if not blocks or self._depth >= _DEEPEST_MAP:
            return None
        self._depth += 1
        try:
            chosen = self._choose(blocks[0])
            return None if chosen is None else self.expand(chosen)
        finally:
            self._depth -= 1

    def _choose(self, block: Directive) -> str | None:
        entries = [(entry.name, entry.args[0]) for entry in block.block or () if entry.args]
        default = next((value for key, value in entries if key == "default"), "")
        source = self.expand(block.args[0])
        if source is None:
            values = {default, *(value for _, value in entries)}
            return default if len(values) == 1 else None
        plain = {key.removeprefix("\\").lower(): value for key, value in entries if key != "default" and key[:1] != "~"}
        if source.lower() in plain:
            return plain[source.lower()]
        if block.first("hostnames"):
            return None
        for key, value in entries:
            if key.startswith("~"):
                matched = self.search(key[1:].removeprefix("*"), source, key.startswith("~*"))
                if matched is not False:
                    return value if matched else None
        return default
