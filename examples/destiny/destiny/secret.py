"""The secret key of an installation that was given none: made once, kept in a private file."""

import contextlib
import os
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key


def secret_key(path: Path) -> str:
    """The key in `path`, which is created with mode 0600 when it is missing.

    Several processes may start at once: the first to link its finished file into place wins, and all read that one.
    """
    try:
        if not path.exists():
            _create(path)
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"The secret key file cannot be used ({error}): set DESTINY_SECRET_KEY.") from error
    if not key:
        raise ImproperlyConfigured(f"{path} is empty: delete it and a new key is made, or set DESTINY_SECRET_KEY.")
    return key


def _create(path: Path) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # mkstemp creates with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(get_random_secret_key() + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
