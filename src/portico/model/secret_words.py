"""Which words of a configuration file are not to be shown: judged by the name before them, and by their form."""

from __future__ import annotations

import re

_NAME = re.compile(
    r"secret|token|passw|passphrase|pwd|credential|private|dsn|signature|authorization|key|(^|[_-])(auth|pass)$"
    r"|database_?url|(^|_)(db|redis|amqp|broker|cache)_?url$",
    re.IGNORECASE,
)
#: The password in a URL's authority (RFC 3986, 3.2.1), as its second group; the first is what stands before it.
PASSWORD_IN_URL = re.compile(r"(://[^/?#\s:@]*:)([^/?#\s@]+)(?=@)")


def names_secret(name: str) -> bool:
    """Whether the value of a header, variable or option of that name is kept to ourselves. In doubt it is."""
    return _NAME.search(name) is not None
