"""A request's path as Django writes it into its log. Pure."""

from __future__ import annotations

import re

_BROKEN = re.compile("[\udc80-\udcff]")


def written(path: str) -> tuple[str, str]:
    """How the decoded path of a request may stand in the log, its bytes that are not UTF-8 being surrogates, as in
    `os.fsdecode`: those are encoded again (`repercent_broken_unicode` in django/utils/encoding.py), and since 4.2.22 and
    5.2.2 all of it is in ASCII (`log_response` in django/utils/log.py)."""
    whole = _BROKEN.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", path)
    return whole, whole.encode("unicode_escape", "surrogatepass").decode("ascii")
