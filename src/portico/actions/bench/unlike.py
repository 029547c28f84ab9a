"""What is told before any figure: where not the page itself was measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from portico.actions.bench.asked import Page
from portico.actions.bench.judge import floor_too_high
from portico.actions.bench.seen import Figures

_PAGES = {401: "a demand for credentials", 403: "a refusal", 404: "a page that does not exist", 405: "a refusal of GET"}


def warning(page: Page, seen: Figures, location: str) -> str:
    """A sentence where the answers were no pages, else empty. `location` is where a redirect leads."""
    if seen.is_good or not seen.answers:
        return ""
    status, number = seen.status, seen.statuses[seen.status]
    share = "every answer was" if number == seen.answers else f"{number:,} of {seen.answers:,} answers were"
    if 300 <= status < 400:
        where = f" to {location}" if location else ""
        return f"{share} {status}{where}: the redirect was measured, not the page.{_login(location)}"
    if status == 400:
        return f"{share} 400: an error page was measured. The Host header was {page.host!r}; --host NAME sends another"
    if status in _PAGES:
        return f"{share} {status}: {_PAGES[status]} was measured, not a page."
    if status >= 500:
        return f"{share} {status}: an error page was measured, not the page."
    return f"{share} {status}." if status >= 300 else f"{_mixed(seen.statuses)}: not only the page was measured."


def _login(location: str) -> str:
    if "login" in location.lower() or "next=" in location:
        return " -H with the cookie of somebody who is logged in measures the page itself"
    if location.startswith("https://"):
        return (
            " The site sends plain HTTP to https; --aside -H 'X-Forwarded-Proto: https' measures the page itself, if "
            "SECURE_PROXY_SSL_HEADER has that header"
        )
    return ""


def _mixed(statuses: Mapping[int, int]) -> str:
    return ", ".join(f"{status} x {number:,}" for status, number in statuses.items())


def floor_differs(seen: Figures) -> str:
    """A sentence where the application alone answered otherwise than through the stack: then the floor is no floor."""
    if not seen.floor_statuses or not seen.answers or seen.status in seen.floor_statuses:
        return ""
    told = ", ".join(map(str, seen.floor_statuses))
    return f"called without a server the application answered {told}, and through it {seen.status}: the floor is no floor"


def floor_is_noise(seen: Figures) -> str:
    """A sentence where the application alone came out as expensive as with everything around it, or more so."""
    if seen.floor_us is None or not floor_too_high(seen):
        return ""
    floor, whole = (f"{one.median:,.1f}" for one in (seen.floor_us, seen.total_us))
    return (
        f"the floor came out {'higher than' if seen.floor_us.median > seen.total_us.median else 'as high as'} the whole "
        f"({floor} us, and {whole} us through nginx and uWSGI): that is noise. Run longer: --seconds 5 --rounds 15"
    )
