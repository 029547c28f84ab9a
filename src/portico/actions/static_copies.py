"""The collected static files compressed beforehand, so that nginx sends them without doing it for every request.

See docs/decisions/0017-precompressed-static-files.md.
"""

from __future__ import annotations

from pathlib import Path

from portico.hops.nginx.compressible import LEAST_BYTES, endings
from portico.hops.nginx.static_maps import has_encoded
from portico.model.plan import Plan
from portico.system import accounts
from portico.system.accounts import acting_as
from portico.system.copies import Copied, Effort, make_copies

#: Beside the folders of the releases; no release has such a number.
KEPT = "kept-copies"
#: A tenth of a second of each release goes into the best quality, until all files have it; a release waits no longer
#: than 5 s.
_FINE_S = 0.1
_MOST_S = 5.0


def make(plan: Plan, folder: Path, cores: int) -> str:
    """Compress what was collected in that folder, if nginx will ask for it, and return what to say of it behind the number
    of files, or nothing. What fails here makes no release fail."""
    if not any(has_encoded(entry, plan) for entry in plan.site.maps):
        return ""
    effort = Effort(max(1, cores), _FINE_S, _MOST_S)
    try:
        with acting_as(accounts.owner(folder.parent)):
            return _said(make_copies(folder, folder.parent / KEPT, endings(), LEAST_BYTES, effort))
    except OSError as error:
        return f"; not compressed beforehand ({error.strerror}), so nginx does it while it sends them"


def _said(copied: Copied) -> str:
    later = f", {copied.left} more at the next release" if copied.left else ""
    if not copied.files:
        return later and f"; to be compressed{later}"
    return f"; {copied.files} compressed from {_kb(copied.plain_bytes)} to {_kb(copied.sent_bytes)} KB{later}"


def _kb(size: int) -> int:
    return -(-size // 1000)
