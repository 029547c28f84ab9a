"""What Portico itself writes, by context: to hold a hand-written directive against."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from portico.hops.nginx.listens import PASSES
from portico.model.directive import Directive

#: From the outside in.
LEVELS = ("main", "http", "server", "location")
#: May stand more than once in one block; of all others nginx takes one.
REPEATABLE = frozenset(
    {
        *(
            "add_header",
            "add_trailer",
            "allow",
            "deny",
            "env",
            "error_page",
            "geo",
            "if",
            "include",
            "limit_conn",
            "limit_req",
        ),
        *(
            "limit_req_zone",
            "limit_conn_zone",
            "listen",
            "load_module",
            "location",
            "log_format",
            "map",
            "rewrite",
            "server",
        ),
        *("server_name", "set", "set_real_ip_from", "split_clients", "sub_filter", "types", "upstream", "uwsgi_param"),
        *("uwsgi_hide_header", "uwsgi_pass_header", "proxy_set_header", "proxy_hide_header", "access_log", "error_log"),
        *("proxy_cache_path", "uwsgi_cache_path", "return", "break", "valid_referers", "more_set_headers"),
    }
)
_NUMBER = re.compile(r"\d+[a-zA-Z]*")


@dataclass(frozen=True)
class Stands:
    """The tree of what Portico writes. `tree` None: nothing is known of it yet."""

    tree: Directive | None

    @cached_property
    def blocks(self) -> dict[str, Directive | None]:
        """The block of each context; of locations that of the application."""
        http = self.tree.first("http") if self.tree else None
        server = http.first("server") if http else None
        locations = tuple(server.all("location")) if server else ()
        passing = next((entry for entry in locations if entry.first(*PASSES)), None)
        upstream = next((entry for entry in http.all("upstream") if entry.args == ("portico_app",)), None) if http else None
        events = self.tree.first("events") if self.tree else None
        levels = {"main": self.tree, "http": http, "server": server, "location": passing}
        return {**levels, "upstream": upstream, "events": events}

    @property
    def front(self) -> Directive | None:
        """The location that looks for files before the application is asked."""
        server = self.blocks["server"]
        return next((entry for entry in server.all("location") if entry.first("try_files")), None) if server else None

    def at(self, level: str, name: str) -> tuple[Directive, ...]:
        """The directives of that name in the block of a context."""
        block = self.blocks.get(level)
        return tuple(block.all(name)) if block else ()

    def in_force(self, level: str, name: str) -> tuple[Directive, ...]:
        """Those that hold in a context: its own, else those of the next block around it."""
        inside_http = LEVELS.index(level) > 0 if level in LEVELS else False
        around = LEVELS[1 : LEVELS.index(level) + 1] if inside_http else (level,)
        return next((found for one in reversed(around) if (found := self.at(one, name))), ())

    def below(self, level: str, name: str) -> tuple[Directive, ...]:
        """Those of contexts further in, which replace what stands here."""
        inner = LEVELS[LEVELS.index(level) + 1 :] if level in ("http", "server") else ()
        return next((found for one in reversed(inner) if (found := self.at(one, name))), ())

    def has(self, level: str, directive: Directive) -> bool:
        """Whether Portico writes just that, for this context."""
        found = self.at(level, directive.name) or self.in_force(level, directive.name)
        return self.among(directive, (*found, *self.below(level, directive.name)))

    @staticmethod
    def among(directive: Directive, others: tuple[Directive, ...]) -> bool:
        """Whether one of them says the same."""
        wanted = _shape(directive, _folder(directive))
        return any(_shape(entry, _folder(entry)) == wanted for entry in others)


def _folder(directive: Directive) -> str:
    return directive.file.rpartition("/")[0] + "/"


def _shape(directive: Directive, folder: str) -> Any:
    """What it says, with its own folder as `./`, so that files that were written elsewhere are the same."""
    args = tuple(_plain(arg.replace(folder, "./") if folder != "/" else arg) for arg in directive.args)
    return (
        directive.name,
        args,
        None if directive.block is None else tuple(_shape(entry, folder) for entry in directive.block),
    )


def _plain(arg: str) -> str:
    """Numbers with their units as nginx reads them."""
    return arg.lower().removesuffix("s") if _NUMBER.fullmatch(arg) and not arg.endswith("M") else arg
