"""Whether a text can hold what is a secret by its form. Most lines of a log cannot, and need no closer look."""

from __future__ import annotations

import re

#: Each name that `secrets.is_secret` knows has one of these in it, and so has what `Masker` and `Discretion` look for.
_NAMES = (
    *("secret", "token", "passw", "passphrase", "pwd", "credential", "private", "dsn", "signature", "cookie", "apikey"),
    *("api_key", "_key", "csrf", "authorization", "basic", "bearer", "django-insecure-"),
)
#: Too common without the sign behind a name.
_BEFORE_A_SIGN = ("key", "auth", "pass", "sig", "code", "session", "sid", "jwt", "otp")
#: The end of a link that sets a password.
_DIGITS = re.compile(r"-[0-9a-f]{20}")


def form_in(text: str) -> bool:
    """False where nothing in the text is a secret by its form; True where it may be."""
    plain = text.lower()
    for word in _NAMES:
        if word in plain:
            return True
    if "=" in plain:
        for word in _BEFORE_A_SIGN:
            if word in plain:
                return True
    return ("@" in plain and "://" in plain) or "eyj" in plain or _DIGITS.search(plain) is not None
