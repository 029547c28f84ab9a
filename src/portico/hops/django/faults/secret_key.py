"""A SECRET_KEY that is made anew at each start."""

from __future__ import annotations

from collections.abc import Iterator

from portico.model.evidence import Evidence
from portico.model.finding import Finding, Kind

_SOURCE = "https://docs.djangoproject.com/en/stable/ref/settings/#secret-key"
PER_WORKER = Kind(
    "django.E150",
    "django",
    "Every worker has a SECRET_KEY of its own",
    "A session or a form that one worker signed is refused by the next one.",
    source=_SOURCE,
    shows="People are logged out now and then, forms fail with 403, and it goes away with a single worker.",
    example="SECRET_KEY = get_random_secret_key()   # settings.py\nlazy-apps = true                       ; uwsgi.ini",
    cure="Make one key, keep it in the environment: `SECRET_KEY = os.environ['SECRET_KEY']`.",
)
PER_START = Kind(
    "django.W151",
    "django",
    "The settings make a new SECRET_KEY at each start",
    "Every restart logs everybody out and spoils every form that is open; two machines never agree.",
    source=_SOURCE,
    shows="After each deployment all sessions are gone.",
    example="SECRET_KEY = get_random_secret_key()   # settings.py",
    cure="Make one key, keep it in the environment: `SECRET_KEY = os.environ['SECRET_KEY']`.",
)


def generated(evidence: Evidence) -> Iterator[Finding]:
    """`project.answer` says so; uWSGI's options say whether each worker loads the settings itself."""
    django = (evidence.project.answer or {}).get("django") if evidence.project else None
    key = django.get("secret_key") if isinstance(django, dict) else None
    if not isinstance(key, dict) or not key.get("generated"):
        return
    seen = evidence.instance
    lazy = seen.option("lazy-apps", "lazy") if seen else None
    many = seen is not None and len(seen.workers) > 1
    kind = PER_WORKER if lazy and seen and seen.is_on("lazy-apps", "lazy") and many else PER_START
    yield kind.found(
        cause="SECRET_KEY is not the same from one start of the settings to the next",
        evidence=[
            f"{lazy.where}: {lazy.name} = {lazy.value}, {len(seen.workers)} workers" if lazy and seen else "one start"
        ],
        fix=[
            "python -c 'from django.core.management.utils import get_random_secret_key as k; print(k())'",
            'SECRET_KEY = os.environ["SECRET_KEY"]   # in the settings, and the key in the environment of uWSGI',
        ],
    )


RULES = (generated,)
