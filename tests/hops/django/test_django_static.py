from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from portico.hops.django import kinds
from portico.hops.django.facts import DjangoFacts, parse
from portico.hops.django.static import kept_elsewhere, static_maps
from portico.model.site import StaticMap
from support.inside_projects import django_project, inspect

SQLITE = "django.db.backends.sqlite3"
PROJECT, COLLECTED = "/srv/site", "/srv/site/.portico/static-live"


def facts(**more: Any) -> DjangoFacts:
    base: dict[str, Any] = {
        "settings_file": "/srv/site/mysite/settings.py",
        "static_url": "/static/",
        "static_url_set": True,
        "staticfiles_installed": True,
        "static_storage": "django.contrib.staticfiles.storage.StaticFilesStorage",
        "static_storage_local": True,
        "media_url": "/",
    }
    return DjangoFacts(**{**base, **more})


def maps(found: DjangoFacts, collects: bool = True) -> tuple[tuple[StaticMap, ...], list[str]]:
    given, findings = static_maps(found, PROJECT, COLLECTED, collects)
    return given, [finding.id for finding in findings]


def test_who_collects_into_a_storage_elsewhere() -> None:
    assert "collectstatic" in kept_elsewhere(facts(static_storage="storages.S3Storage", static_storage_local=False))
    broken = facts(static_storage_local=False, static_storage_error="ImportError: x")
    assert [kept_elsewhere(found) for found in (facts(), broken, facts(staticfiles_installed=False))] == ["", "", ""]


def test_a_fresh_project() -> None:
    assert maps(facts()) == ((StaticMap("/static/", COLLECTED, "static"),), [kinds.STATIC_ROOT_UNSET.id])


def test_static_and_media() -> None:
    given, findings = maps(
        facts(
            static_root="/srv/site/collected",
            static_storage_manifest=True,
            media_url="/static/media/",
            media_url_set=True,
            media_root="/var/media",
        )
    )
    assert given == (
        StaticMap("/static/media/", "/var/media", "media"),
        StaticMap("/static/", COLLECTED, "static", hashed=True, source="/srv/site/collected"),
    )
    assert findings == []


@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ({"static_url": "https://cdn.example/static/"}, []),
        ({"static_url": "//cdn.example/static/"}, []),
        ({"static_url": "", "static_url_set": False}, []),
        ({"static_storage_local": False}, []),
        ({"static_url": "/"}, [kinds.URL_TAKEN.id]),
        ({"staticfiles_installed": False}, [kinds.STATICFILES_MISSING.id]),
        ({"static_root": "/srv/site"}, [kinds.EXPOSES_PROJECT.id]),
        ({"static_root": "/srv"}, [kinds.EXPOSES_PROJECT.id]),
        ({"static_root": "/"}, [kinds.EXPOSES_PROJECT.id]),
        ({"static_root": "/srv/site/mysite"}, [kinds.EXPOSES_PROJECT.id]),
        ({"static_root": "/link", "static_root_real": "/srv/site"}, [kinds.EXPOSES_PROJECT.id]),
        ({"static_root": "/d", "databases": {"default": (SQLITE, "/d/db")}}, [kinds.EXPOSES_PROJECT.id]),
    ],
)  # fmt: skip
def test_no_map(more: dict[str, Any], ids: list[str]) -> None:
    assert maps(facts(**more)) == ((), ids)


@pytest.mark.parametrize("root", ["/srv/site2", "/srv/site/static", "/srv/site/mysite/static"])
def test_a_folder_in_or_beside_the_project_is_fine(root: str) -> None:
    assert maps(facts(static_root=root))[0] == (StaticMap("/static/", COLLECTED, "static", source=root),)
    assert maps(facts(static_root=root), collects=False)[0] == (StaticMap("/static/", root, "static"),)


@pytest.mark.parametrize(
    ("media", "ids"),
    [
        ({"media_url": "/media/", "media_root": ""}, []),
        ({"media_url": "/", "media_url_set": False, "media_root": "/m"}, []),
        ({"media_url": "/", "media_root": "/m"}, [kinds.URL_TAKEN.id]),
        ({"media_url": "/static/", "media_root": "/m"}, [kinds.URL_TAKEN.id]),
        ({"media_url": "/media/", "media_root": "/srv/site"}, [kinds.EXPOSES_PROJECT.id]),
        ({"media_url": "https://s3.example/", "media_root": "/m"}, []),
    ],
)
def test_no_media_map(media: dict[str, Any], ids: list[str]) -> None:
    given, found = maps(facts(static_root="/s", **{"media_url_set": True, **media}))
    assert ([one.kind for one in given], found) == (["static"], ids)


def test_static_files_by_hand_without_the_application() -> None:
    assert maps(facts(static_root="/s", staticfiles_installed=False, static_storage_local=False)) == (
        (StaticMap("/static/", "/s", "static"),),
        [],
    )


def test_a_real_project_behind_a_symbolic_link(tmp_path: Path) -> None:
    django_project(tmp_path / "real", "MEDIA_ROOT = '.'\nMEDIA_URL = 'media/'\n")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    answer = inspect(sys.executable, link)
    given, findings = static_maps(parse(answer["django"]), str(tmp_path / "real"), COLLECTED)
    assert [one.kind for one in given] == ["static"]
    assert kinds.EXPOSES_PROJECT.id in [finding.id for finding in findings]
