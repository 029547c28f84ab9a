"""The sample's page as a browser fetches it: the page, then the files that it names, on the same connection."""

from __future__ import annotations

from html.parser import HTMLParser

from bench.air import Failed, OnAir
from bench.effort import Effort, loaded
from bench.results import Figures, Workload
from portico.model.load import Request

WORKLOAD = Workload(
    key="sample",
    title="The sample's page with its files",
    about="The sample's page, then the files of its own that it names, on one connection and compressed where the stack "
    "compresses; what is counted is a page with its files.",
    figure="cpu_us",
    lower=True,
    columns=("cpu_us", "per_s", "p50_ms", "p99_ms", "lost"),
)
#: What a browser says over plain HTTP.
HEADERS = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"}


class _Files(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        fetched = values.get("href") if tag == "link" else values.get("src") if tag in ("script", "img") else None
        if fetched and fetched.startswith("/") and not fetched.startswith("//") and fetched not in self.paths:
            self.paths.append(fetched)


def files_of(page: str) -> tuple[str, ...]:
    """The paths on the same site that a browser fetches for the page: style sheets and icons, scripts, images."""
    parser = _Files()
    parser.feed(page)
    return tuple(parser.paths)


def requests(air: OnAir) -> tuple[Request, ...]:
    answer = air.ask(Request("/", headers=HEADERS))
    if answer.status != 200:
        raise Failed(f"/ was answered {answer.status}")
    paths = ("/", *files_of(answer.plain().decode("utf-8")))
    return tuple(Request(path, headers=HEADERS) for path in paths)


def measure(air: OnAir, effort: Effort) -> Figures:
    wanted = requests(air)
    return {**loaded(air, wanted, seconds=effort.seconds, each=len(wanted)), "files": float(len(wanted) - 1)}
