"""Which URL prefixes are answered from folders, from what Django says of its static and media files
(https://docs.djangoproject.com/en/stable/howto/static-files/deployment/)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from portico.hops.django import kinds
from portico.hops.django.facts import DjangoFacts
from portico.model.finding import Finding
from portico.model.site import StaticMap

_SQLITE = "django.db.backends.sqlite3"


def static_maps(
    facts: DjangoFacts, project: str, collected: str, collects: bool = True
) -> tuple[tuple[StaticMap, ...], tuple[Finding, ...]]:
    """The maps, longest URL first, and what keeps a prefix from being one.

    `project` is the absolute folder with manage.py, symbolic links resolved; `collected` leads to the collected files of
    the live release. Only where Portico does not collect (`collects` is false, no staticfiles, a storage elsewhere) a
    STATIC_ROOT is served as it is. A URL with a host (a CDN) is served elsewhere and gives no map.
    """
    maps: list[StaticMap] = []
    findings: list[Finding] = []
    for found in (_static(facts, collected), _media(facts)):
        if found is None:
            continue
        root, real = found
        problem = _problem(root, real, facts, project, maps)
        if problem:
            findings.append(problem)
        else:
            maps.append(root)
    if any(found.root == collected for found in maps):
        findings.append(_uncollected(collected))
    elif facts.static_url_set and not facts.staticfiles_installed and not facts.static_root:
        findings.append(_not_installed(facts))
    if collects and facts.staticfiles_installed and facts.static_storage_local:
        maps = [_per_release(found, collected) for found in maps]
    return tuple(sorted(maps, key=lambda found: (-len(found.url), found.url))), tuple(findings)


def kept_elsewhere(facts: DjangoFacts) -> str:
    """Whose work collectstatic is where the storage is no folder of this machine: Portico does not upload. Else empty."""
    known = facts.staticfiles_installed and facts.static_storage and not facts.static_storage_error
    if not known or facts.static_storage_local:
        return ""
    return f"static files: {facts.static_storage} keeps them elsewhere; `manage.py collectstatic` is yours to run"


def _per_release(found: StaticMap, collected: str) -> StaticMap:
    if found.kind != "static" or found.root == collected:
        return found
    return replace(found, root=collected, source=found.root)


def _static(facts: DjangoFacts, collected: str) -> tuple[StaticMap, str] | None:
    """The map and the real path of its root; None where Django has no static files of its own to be served here."""
    if not facts.static_url_set or not _local(facts.static_url):
        return None
    if facts.static_root:
        root, real = facts.static_root, facts.static_root_real or facts.static_root
    elif facts.staticfiles_installed:
        root = real = collected
    else:
        return None
    if facts.staticfiles_installed and facts.static_storage and not facts.static_storage_local:
        return None
    return StaticMap(facts.static_url, root, "static", hashed=facts.static_storage_manifest), real


def _media(facts: DjangoFacts) -> tuple[StaticMap, str] | None:
    if not facts.media_url_set or not facts.media_root or not _local(facts.media_url):
        return None
    return StaticMap(facts.media_url, facts.media_root, "media"), facts.media_root_real or facts.media_root


def _local(url: str) -> bool:
    return url.startswith("/") and not url.startswith("//")


def _problem(found: StaticMap, real: str, facts: DjangoFacts, project: str, maps: list[StaticMap]) -> Finding | None:
    name = "STATIC" if found.kind == "static" else "MEDIA"
    if found.url == "/" or any(found.url == other.url for other in maps):
        return _url_taken(found, name)
    exposed = _exposed({found.root, real}, facts, project)
    where = facts.settings_file or "the settings"
    if exposed:
        return kinds.EXPOSES_PROJECT.found(
            cause=f"{name}_ROOT contains {exposed}, which {found.url} would hand to anybody who asks",
            evidence=[f"{name}_ROOT = {found.root}", f"{name}_URL = {found.url}", f"inside it: {exposed}"],
            fix=[f'{name}_ROOT = BASE_DIR / "{name.lower()}files"   # in {where}: a folder of its own'],
            title=f"{name}_ROOT contains the project itself",
        )
    return None


def _exposed(roots: set[str], facts: DjangoFacts, project: str) -> str:
    """What of the project lies in a folder that would be served: the first of its own folder, the settings, a database."""
    private = [project, facts.settings_file_real or facts.settings_file]
    private += [name for engine, name in facts.databases.values() if engine == _SQLITE and name.startswith("/")]
    inside = (path for path in private for root in roots if path and PurePosixPath(path).is_relative_to(root))
    return next(inside, "")


def _url_taken(found: StaticMap, name: str) -> Finding:
    why = "is the root of the site" if found.url == "/" else "is STATIC_URL as well"
    return kinds.URL_TAKEN.found(
        cause=f"{name}_URL {found.url!r} {why}, so nginx cannot tell its files from the application's pages",
        evidence=[f"{name}_URL = {found.url}", f"{name}_ROOT = {found.root}"],
        fix=[f'{name}_URL = "{name.lower()}/"   # in the settings', f"or in portico.toml: [{found.kind}]"],
        title=f"{name}_URL cannot be served from a folder",
    )


def _uncollected(collected: str) -> Finding:
    return kinds.STATIC_ROOT_UNSET.found(
        cause=f"STATIC_ROOT is not set, so Portico collects static files into {collected}",
        evidence=["STATIC_ROOT is unset"],
        fix=['STATIC_ROOT = BASE_DIR / "staticfiles"   # in the settings, if you want them elsewhere'],
    )


def _not_installed(facts: DjangoFacts) -> Finding:
    return kinds.STATICFILES_MISSING.found(
        cause=f"STATIC_URL is {facts.static_url}, django.contrib.staticfiles is not installed and STATIC_ROOT is not set",
        evidence=[f"STATIC_URL = {facts.static_url}", "'django.contrib.staticfiles' is not in INSTALLED_APPS"],
        fix=["INSTALLED_APPS += ['django.contrib.staticfiles']   # in the settings", "or in portico.toml: [static]"],
    )
