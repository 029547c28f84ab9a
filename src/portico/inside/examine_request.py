"""What a framework says by itself while a page is made: exceptions it caught, and what it logged.

Standard library only, Python 3.8 and later, Django 4.2 and later; loaded by `examine_call`.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

_MOST = 30
_TRIED = 20
_DJANGO = ("django", "django.request", "django.security", "django.security.DisallowedHost", "django.security.csrf")


class _Listener(logging.Handler):
    """Takes records, each once: loggers that pass theirs on would bring it several times."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.records) < _MOST and not any(known is record for known in self.records):
            self.records.append(record)


class Observer:
    """Listens while it is entered. Loggers that the project has made deaf hear for that time."""

    def __init__(self, job: Any) -> None:
        self._job = job
        self._exceptions: list[BaseException] = []
        self._said = _Listener(logging.WARNING)
        self._errors = _Listener(logging.ERROR)
        self._before: list[tuple[logging.Logger, int, bool]] = []

    def __enter__(self) -> Observer:
        for name in _DJANGO if self._job.django else ():
            logger = logging.getLogger(name)
            self._before.append((logger, logger.level, logger.disabled))
            logger.disabled = False
            if logger.getEffectiveLevel() > logging.WARNING:
                logger.setLevel(logging.WARNING)
            logger.addHandler(self._said)
        logging.getLogger().addHandler(self._errors)
        if self._job.django:
            signals: Any = importlib.import_module("django.core.signals")
            signals.got_request_exception.connect(self._caught, weak=False, dispatch_uid="portico-examination")
        return self

    def __exit__(self, *_: Any) -> None:
        logging.getLogger().removeHandler(self._errors)
        for logger, level, disabled in self._before:
            logger.removeHandler(self._said)
            logger.setLevel(level)
            logger.disabled = disabled

    def _caught(self, **_: Any) -> None:
        self._add(sys.exc_info()[1])

    def _add(self, error: BaseException | None) -> None:
        if error is not None and not any(known is error for known in self._exceptions):
            self._exceptions.append(error)

    def found(self) -> dict[str, Any]:
        """Its part of `call`."""
        for record in self._errors.records:
            # Flask and others log what they turn into an error page.
            if not record.name.startswith("django.security") and record.exc_info:
                self._add(record.exc_info[1])
        missing = [name for error in self._exceptions for name in self._templates(error)]
        said = [_record(record) for record in self._said.records]
        return {
            "exceptions": [self._job.describe(error) for error in self._exceptions[:5]],
            "said": said,
            "suspicious": any(one["logger"].startswith("django.security.") and one["level"] == "ERROR" for one in said),
            "templates_missing": list(dict.fromkeys(missing)),
        }

    def _templates(self, error: BaseException) -> list[str]:
        chain = self._job.failures.links(error)
        return [str(link) for link in chain if type(link).__name__ in ("TemplateDoesNotExist", "TemplateNotFound")]


def _record(record: logging.LogRecord) -> dict[str, str]:
    try:
        message = record.getMessage()
    except Exception:
        message = str(record.msg)
    return {"logger": record.name, "level": record.levelname, "message": message[:2000]}


def match(job: Any, path: str) -> dict[str, Any]:
    """Which pattern of the URLconf the path fits, asked of Django itself."""
    if not job.ready or job.parts.get("django", {}).get("urlconf", {}).get("ok") is False:
        return {"found": None}
    from urllib.parse import unquote, urlsplit

    urls: Any = importlib.import_module("django.urls")
    plain = unquote(urlsplit(path).path)
    try:
        found = urls.resolve(plain)
        return {"found": True, "view": found._func_path, "pattern": found.route}
    except urls.Resolver404 as error:
        tried = error.args[0].get("tried", []) if error.args and isinstance(error.args[0], dict) else []
        patterns = ["".join(str(pattern.pattern) for pattern in way) for way in tried[:_TRIED]]
        return {"found": False, "tried": patterns, "with_slash": not plain.endswith("/") and _fits(urls, f"{plain}/")}
    except Exception:
        return {"found": None}


def _fits(urls: Any, path: str) -> bool:
    try:
        urls.resolve(path)
    except Exception:
        return False
    return True
