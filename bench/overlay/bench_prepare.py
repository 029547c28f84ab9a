"""Migrates every database of the site and collects its static files, in one process."""

import os
import sys

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench_settings"
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    for name in settings.DATABASES.keys() - {"default"}:
        call_command("migrate", "books", database=name, verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)


if __name__ == "__main__":
    sys.exit(main())
