"""Static files that nginx does not find, may not read, or calls something else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogue.kit import LOGGING, ROOT, Kit
from portico.actions.doctor.diagnose import judge
from portico.model.directive import Directive
from portico.model.evidence import Evidence, Exchange, MachineSeen, NginxSeen, PathSeen, Route, Visit
from portico.model.log import ErrorEntry
from support.stack import clean_environ

Names = Callable[..., dict[str, Any]]
SHEET = "/static/admin/css/base.css"
SERVE = ("--master", "--module", "mysite.wsgi", "--chmod-socket=666", "--socket")
as_root = pytest.mark.skipif(not ROOT, reason="nginx's workers have an account of their own only under root")


def ids(envelope: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in envelope["findings"]]


def mine(envelope: dict[str, Any]) -> list[str]:
    return [name for name in ids(envelope) if name.startswith(("nginx.E18", "nginx.I188", "nginx-django."))]


def errors(envelope: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in envelope["findings"] if finding["severity"] == "error"]


def fixed(kit: Kit, path: str) -> dict[str, Any]:
    """Mend what can be mended and give the last request's answer a look."""
    envelope = kit.doctor(path, "--fix", "--yes")
    assert {fix["outcome"] for fix in envelope["result"]["fixes"]} == {"fixed"}, envelope["result"]["fixes"]
    assert errors(envelope) == []
    return envelope


def is_style_sheet(kit: Kit, path: str = SHEET) -> bool:
    answer = kit.get(path)
    return answer.status == 200 and answer.headers["content-type"].startswith("text/css") and b"{" in answer.body


def manage(kit: Kit, *arguments: str, environ: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=kit.project, env={**clean_environ(), **environ}, check=True, timeout=60)


def files(kit: Kit) -> str:
    return f"{kit.project}/staticroot"


# The place nginx looks in


@pytest.mark.parametrize("path", [SHEET, ""], ids=["asked", "not-asked"])
def test_alias_without_its_slash(kit: Kit, names: Names, path: str) -> None:
    kit.nginx(f"location /static/ {{\nalias {files(kit)};\n}}")
    found = names(kit.doctor(path), "static-alias-missing-trailing-slash", "nginx.E180", certain=True)
    assert f"alias {files(kit)}/;" in found["fix"][0]
    assert any("staticrootadmin/css/" in row for row in found["evidence"])


def test_alias_without_its_slash_is_mended(kit: Kit) -> None:
    kit.nginx(f"location /static/ {{\nalias {files(kit)};\n}}")
    fixed(kit, SHEET)
    assert is_style_sheet(kit)


@pytest.mark.parametrize("path", [SHEET, ""], ids=["asked", "not-asked"])
def test_root_instead_of_alias(kit: Kit, names: Names, path: str) -> None:
    kit.nginx(f"location /static/ {{\nroot {files(kit)};\n}}")
    found = names(kit.doctor(path), "static-root-instead-of-alias", "nginx.E181", certain=True)
    assert f"alias {files(kit)}/;" in found["fix"][0]
    assert any("staticroot/static/admin" in row for row in found["evidence"])


def test_root_instead_of_alias_is_mended(kit: Kit) -> None:
    kit.nginx(f"location /static/ {{\nroot {files(kit)};\n}}")
    fixed(kit, SHEET)
    assert is_style_sheet(kit)


def test_root_of_the_server_instead_of_alias(kit: Kit, names: Names) -> None:
    kit.nginx(f"root {files(kit)};\nlocation /static/ {{ }}")
    names(kit.doctor(SHEET), "static-root-instead-of-alias", "nginx.E181", certain=True)


def test_alias_instead_of_root(kit: Kit, names: Names) -> None:
    Path(files(kit)).rename(kit.project / "static")
    kit.nginx(f"location /static/ {{\nalias {kit.project}/;\n}}")
    found = names(kit.doctor(SHEET), "static-root-instead-of-alias", "nginx.E181", certain=True)
    assert f"root {kit.project};" in found["fix"][0]
    fixed(kit, SHEET)
    assert is_style_sheet(kit)


def test_a_relative_folder_is_where_nginx_takes_it_for(kit: Kit, names: Names) -> None:
    kit.nginx("location /static/ { root project/staticroot; }")
    found = names(kit.doctor(SHEET), "static-root-instead-of-alias", "nginx.E181", certain=True)
    assert any(f"meant: -rw-r--r-- root root {files(kit)}/admin" in row for row in found["evidence"]) or not ROOT


@pytest.mark.parametrize("path", [SHEET, ""], ids=["asked", "not-asked"])
def test_alias_in_a_regular_expression(kit: Kit, names: Names, path: str) -> None:
    kit.nginx(f"location ~ ^/static/ {{\nalias {files(kit)}/;\n}}")
    found = names(kit.doctor(path), "static-regex-alias-no-capture", "nginx.E182")
    assert "/static/" in found["fix"][0]


def test_alias_in_a_regular_expression_is_mended(kit: Kit) -> None:
    kit.nginx(f"location ~ ^/static/ {{\nalias {files(kit)}/;\n}}")
    assert kit.get(SHEET).status == 301
    fixed(kit, SHEET)
    assert is_style_sheet(kit)


def test_alias_with_what_a_regular_expression_captured_is_well(kit: Kit) -> None:
    kit.nginx(f"location ~ ^/static/(.*)$ {{ alias {files(kit)}/$1; }}")
    assert is_style_sheet(kit)
    assert mine(kit.doctor(SHEET)) == []


@pytest.mark.parametrize("path", [SHEET, ""], ids=["asked", "not-asked"])
def test_regular_expression_takes_files_by_their_extension(kit: Kit, names: Names, path: str) -> None:
    kit.nginx(f"location /static/ {{\nalias {files(kit)}/;\n}}\nlocation ~* \\.(css|js|png)$ {{ expires 30d; }}")
    assert (kit.get("/static/admin/img/README.txt").status, kit.get(SHEET).status) == (200, 404)
    found = names(kit.doctor(path), "static-regex-wins", "nginx.E183", certain=True)
    assert "location ^~ /static/" in found["fix"][0]
    fixed(kit, SHEET)
    assert is_style_sheet(kit)


def test_regular_expression_passes_files_to_the_application(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(
        f"location /static/ {{ alias {files(kit)}/; }}\nlocation ~* \\.css$ {{ {kit.app} }}\nlocation / {{ {kit.app} }}"
    )
    names(kit.doctor(SHEET), "static-regex-wins", "nginx.E183", certain=True)


def test_regular_expression_with_the_same_folder_is_well(kit: Kit) -> None:
    (kit.project / "staticroot").rename(kit.project / "static")
    kit.nginx(f"root {kit.project};\nlocation /static/ {{ }}\nlocation ~* \\.(css|js|png)$ {{ expires 30d; }}")
    assert is_style_sheet(kit)
    assert mine(kit.doctor(SHEET)) == []


@pytest.mark.parametrize("path", [SHEET, ""], ids=["asked", "not-asked"])
def test_location_without_a_slash_lets_visitors_out(kit: Kit, names: Names, path: str) -> None:
    kit.nginx(f"location /static {{ alias {files(kit)}/; }}")
    assert kit.get("/static../manage.py", "--path-as-is").status == 200
    found = names(kit.doctor(path), "static-alias-traversal", "nginx.E184", certain=True)
    assert any("/static../staticroot/admin" in row and " 200 " in row for row in found["evidence"])


def test_location_without_a_slash_is_mended(kit: Kit) -> None:
    kit.nginx(f"location /static {{ alias {files(kit)}/; }}")
    fixed(kit, SHEET)
    assert is_style_sheet(kit)
    assert kit.get("/static../manage.py", "--path-as-is").status == 404


def test_location_and_alias_both_without_a_slash_are_well(kit: Kit) -> None:
    kit.nginx(f"location /static {{ alias {files(kit)}; }}")
    assert is_style_sheet(kit)
    assert mine(kit.doctor(SHEET)) == []


# What the file is called


@pytest.mark.parametrize("path", [SHEET, ""], ids=["asked", "not-asked"])
@pytest.mark.parametrize("default", ["application/octet-stream", "text/plain"])
def test_mime_types_missing(kit: Kit, names: Names, path: str, default: str) -> None:
    extra = f"default_type {default};" if default == "text/plain" else ""
    kit.nginx(f"{extra} location /static/ {{ alias {files(kit)}/; }}", mime="")
    found = names(kit.doctor(path), "static-mime-types-missing", "nginx.E185", certain=True)
    assert "mime.types" in found["fix"][0]


def test_types_block_that_replaces_the_list(kit: Kit, names: Names) -> None:
    kit.nginx(f"location /static/ {{\ntypes {{ font/woff2 woff2; }}\nalias {files(kit)}/;\n}}")
    found = names(kit.doctor(SHEET), "static-mime-types-missing", "nginx.E185", certain=True)
    assert "replaces the whole list" in found["cause"]


@pytest.mark.skipif(not Path("/etc/nginx/mime.types").exists(), reason="this system has no list of types")
@pytest.mark.parametrize("block", ["", "types { font/woff2 woff2; }\n"], ids=["none", "replaced"])
def test_mime_types_are_mended(kit: Kit, block: str) -> None:
    kit.nginx(f"location /static/ {{\n{block}alias {files(kit)}/;\n}}", mime="" if not block else "types { }")
    fixed(kit, SHEET)
    assert is_style_sheet(kit)


# Whether nginx may read it


@as_root
@pytest.mark.parametrize("path", [SHEET, ""], ids=["asked", "not-asked"])
def test_folder_above_is_closed(kit: Kit, names: Names, path: str) -> None:
    home = kit.folder / "home"
    shutil.copytree(files(kit), home / "staticroot")
    home.chmod(0o700)
    kit.nginx(f"location /static/ {{ alias {home}/staticroot/; }}")
    assert kit.get(SHEET).status == 403
    found = names(kit.doctor(path), "static-parent-dir-700", "nginx.E186", certain=True)
    assert str(home) in found["cause"]
    assert any("drwx------" in row for row in found["evidence"])
    assert found["remedy"] is None


@as_root
def test_folder_above_is_closed_on_the_systems_nginx(system_kit: Kit, names: Names) -> None:
    test_folder_above_is_closed(system_kit, names, SHEET)


@as_root
def test_folder_above_is_closed_and_files_are_tried(kit: Kit, names: Names) -> None:
    kit.project.chmod(0o700)
    kit.nginx(f"location /static/ {{ root {kit.project}; try_files $uri =404; }}")
    names(kit.doctor(SHEET), "static-parent-dir-700", "nginx.E186", certain=True)


@as_root
@pytest.mark.parametrize("path", [SHEET, ""], ids=["asked", "not-asked"])
def test_file_is_closed(kit: Kit, names: Names, path: str) -> None:
    for sheet in Path(files(kit)).rglob("*.css"):
        sheet.chmod(0o600)
    kit.nginx(f"location /static/ {{ alias {files(kit)}/; }}")
    assert (kit.get(SHEET).status, kit.get("/static/admin/img/README.txt").status) == (403, 200)
    found = names(kit.doctor(path), "static-file-mode-600", "nginx.E187", certain=True)
    assert "-rw-------" in found["cause"]
    fixed(kit, SHEET)
    assert is_style_sheet(kit)


@as_root
def test_collected_files_are_all_opened_where_the_project_is_known(kit: Kit) -> None:
    for sheet in Path(files(kit)).rglob("*.css"):
        sheet.chmod(0o600)
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(kit.site)
    fixed(kit, "/")
    assert is_style_sheet(kit)
    assert is_style_sheet(kit, "/static/admin/css/login.css")


@pytest.mark.parametrize(("module", "certain"), [("enforcing", True), ("", False)])
def test_policy_of_the_system_refuses_what_the_mode_permits(module: str, certain: bool) -> None:
    """No machine of the tests has such a policy: what would be seen on one is judged."""
    sheet = "/srv/site/static/site.css"
    seen = PathSeen(sheet, "www-data", "r", "file", mode="-rw-r--r--", owner="ana", group="ana")
    line = f'2026/11/27 02:57:02 [error] 7616#7616: *3 open() "{sheet}" failed (13: Permission denied)'
    logged = ErrorEntry(
        100, "error", 1, 3, f'open() "{sheet}" failed (13)', 13, "GET /static/site.css HTTP/1.1", "", "", line
    )
    alias = Directive("alias", ("/srv/site/static/",), "/etc/nginx/site.conf", 3)
    location = Directive("location", ("/static/",), "/etc/nginx/site.conf", 2, (alias,))
    server = Directive("server", (), "/etc/nginx/site.conf", 1, (location,))
    http = Directive("http", (), "/etc/nginx/nginx.conf", 1, (server,))
    route = Route(server, location, (http, server, location), True, "file", sheet, alias)
    made = Exchange("http", "127.0.0.1:80", "GET", "/static/site.css", "localhost", status=403, began_s=100)
    evidence = Evidence(
        url="http://localhost/static/site.css",
        managed=False,
        now_s=100,
        since_s=0,
        machine=MachineSeen("root", True, selinux=module),
        nginx=NginxSeen(tree=Directive("", (), "", 0, (http,)), errors=(logged,)),
        visits=(Visit("asked", made, route, (seen,)),),
    )
    first = judge(evidence)[0][0]
    assert (first.id, first.certainty == "certain") == ("nginx.E189", certain)


@pytest.mark.parametrize("url", ["/static/", "/static/admin/"])
def test_folder_itself_is_no_fault(kit: Kit, names: Names, url: str) -> None:
    kit.nginx(f"location /static/ {{ alias {files(kit)}/; }}")
    assert kit.get(url).status == 403
    envelope = kit.doctor(url)
    names(envelope, "static-directory-403", "nginx.I188")
    assert (errors(envelope), envelope["code"]) == ([], 0)


def test_folder_with_a_list_of_who_may_not_come_in(kit: Kit) -> None:
    kit.nginx(f"location /static/ {{ deny all; alias {files(kit)}/; }}")
    assert not {"nginx.I188", "nginx.E186", "nginx.E187", "nginx.E189"} & set(ids(kit.doctor(SHEET)))


# What Django collects


@pytest.mark.parametrize("path", [SHEET, ""], ids=["asked", "not-asked"])
def test_folder_was_never_made(kit: Kit, names: Names, path: str) -> None:
    kit.nginx(f"location /static/ {{ alias {kit.folder}/staticroot/; }}")
    found = names(kit.doctor(path), "static-collectstatic-not-run", "nginx-django.E102", certain=False)
    assert "collectstatic" in found["fix"][0]


@pytest.mark.parametrize("path", [SHEET, "/"], ids=["asked", "front-page"])
def test_collectstatic_was_not_run(kit: Kit, names: Names, path: str) -> None:
    shutil.rmtree(files(kit))
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(kit.site)
    found = names(kit.doctor(path), "static-collectstatic-not-run", "nginx-django.E102", certain=True)
    assert any("STATIC_ROOT" in row and "does not exist" in row for row in found["evidence"])
    fixed(kit, path)
    assert is_style_sheet(kit)


def test_collectstatic_was_not_run_and_the_application_is_asked_next(kit: Kit, names: Names) -> None:
    shutil.rmtree(files(kit))
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(
        f"location /static/ {{ alias {files(kit)}/; try_files $uri @app; }} location / {{ {kit.app} }}"
        f"location @app {{ {kit.app} }}"
    )
    assert b"<title>Not Found</title>" in kit.get(SHEET).body
    names(kit.doctor(SHEET), "static-collectstatic-not-run", "nginx-django.E102", certain=True)


def test_collectstatic_was_not_run_and_the_root_is_tried_for_every_page(kit: Kit, names: Names) -> None:
    shutil.rmtree(files(kit))
    kit.uwsgi(*SERVE, kit.socket, environ={"STATIC_ROOT": str(kit.project / "public/static")})
    kit.nginx(f"root {kit.project}/public; location / {{ try_files $uri @app; }} location @app {{ {kit.app} }}")
    names(kit.doctor(SHEET), "static-collectstatic-not-run", "nginx-django.E102", certain=True)
    assert errors(kit.doctor("/")) == ["nginx-django.E102"]
    assert errors(kit.doctor("/env/")) == []


def test_another_folder_than_the_collected_one(kit: Kit, names: Names) -> None:
    (kit.folder / "elsewhere").mkdir()
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location /static/ {{ alias {kit.folder}/elsewhere/; }} location / {{ {kit.app} }}")
    found = names(kit.doctor(SHEET), "static-collectstatic-not-run", "nginx-django.E105", certain=True)
    assert f"alias {files(kit)}/;" in found["fix"][0]


@pytest.mark.parametrize(("path", "debug"), [(SHEET, "0"), (SHEET, "1"), ("", "0")], ids=["asked", "debug", "not-asked"])
def test_no_location_for_static_files(kit: Kit, names: Names, path: str, debug: str) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"DEBUG": debug})
    kit.nginx(f"location / {{ {kit.app} }}")
    found = names(kit.doctor(path), "static-no-location-debug-off", "nginx-django.E100", certain=True)
    assert f"location /static/ {{ alias {files(kit)}/; }}" in found["fix"][0]


def test_no_location_for_static_files_is_mended(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    fixed(kit, "")
    assert is_style_sheet(kit)


def test_no_location_for_the_static_files_of_the_page_that_was_named(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} }}")
    envelope = kit.doctor("/")
    assert "nginx-django.W107" in ids(envelope)
    assert errors(envelope) == []
    assert "nginx-django.W107" not in ids(kit.doctor("/env/"))
    fixed(kit, "/")
    assert is_style_sheet(kit)


@pytest.mark.parametrize("path", [SHEET, "/"], ids=["asked", "front-page"])
def test_location_of_another_name_than_static_url(kit: Kit, names: Names, path: str) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location /assets/ {{ alias {files(kit)}/; }}\nlocation / {{ {kit.app} }}")
    assert (kit.get(SHEET).status, kit.get("/assets/admin/css/base.css").status) == (404, 200)
    found = names(kit.doctor(path), "static-url-mismatch", "nginx-django.E101", certain=True)
    assert "/static/" in found["cause"] and "/assets/" in found["cause"]
    fixed(kit, path)
    assert is_style_sheet(kit)
    assert is_style_sheet(kit, "/assets/admin/css/base.css")


def test_location_lacks_the_path_the_site_is_mounted_at(kit: Kit, names: Names) -> None:
    kit.uwsgi("--master", "--mount=/shop=mysite.wsgi:application", "--manage-script-name", *SERVE[3:], kit.socket)
    kit.nginx(f"location /static/ {{ alias {files(kit)}/; }} location /shop/ {{ {kit.app} }}")
    assert (kit.get(f"/shop{SHEET}").status, kit.get(SHEET).status) == (404, 200)
    found = names(kit.doctor(f"/shop{SHEET}"), "static-url-mismatch", "nginx-django.E101", certain=True)
    assert "location /shop/static/ { alias" in found["fix"][0]


def test_folder_by_another_name_is_the_same_folder(kit: Kit, names: Names) -> None:
    (kit.folder / "current").symlink_to("project")
    (Path(files(kit)) / "admin/css/base.css").unlink()
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location /static/ {{ alias {kit.folder}/current/staticroot/; }} location / {{ {kit.app} }}")
    names(kit.doctor(SHEET), "static-collectstatic-not-run", "nginx-django.E102", certain=True)


def test_style_sheet_of_the_page_that_was_named_is_not_there(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location /static/ {{\nalias {files(kit)};\n}}\nlocation / {{ {kit.app} }}")
    names(kit.doctor("/"), "static-alias-missing-trailing-slash", "nginx.E180", certain=True)


@pytest.mark.parametrize("path", ["", SHEET], ids=["not-asked", "asked"])
def test_static_root_is_not_set(kit: Kit, names: Names, path: str) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"STATIC_ROOT": ""})
    kit.nginx(f"location / {{ {kit.app} }}")
    found = names(kit.doctor(path), "static-root-unset", "nginx-django.E103", certain=True)
    assert "STATIC_ROOT" in found["fix"][0]


def test_static_root_is_not_set_and_nginx_has_the_files_from_elsewhere(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"STATIC_ROOT": ""})
    kit.nginx(kit.site)
    assert errors(kit.doctor("/")) == []


def test_static_root_is_a_source_too(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": "STATICFILES_DIRS=[STATIC_ROOT]"})
    kit.nginx(kit.site)
    assert "nginx-django.W106" in ids(kit.doctor("/"))


# The manifest

MANIFEST = (
    "\nSTORAGES={'default':{'BACKEND':'django.core.files.storage.FileSystemStorage'},'staticfiles':{'BACKEND':"
    "'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'}}"
)


@pytest.mark.parametrize("logging", [LOGGING, ""], ids=["logged", "silent"])
@pytest.mark.parametrize("path", ["/admin/login/", "/"])
def test_manifest_missing(kit: Kit, names: Names, logging: str, path: str) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": logging + MANIFEST})
    kit.nginx(f"location / {{ {kit.app} }}")
    assert (kit.get("/admin/login/").status, kit.get("/").status) == (500, 200)
    found = names(kit.doctor(path), "static-manifest-missing", "nginx-django.E104", certain=True)
    assert "collectstatic" in found["fix"][0]


def test_manifest_missing_is_mended(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": LOGGING + MANIFEST})
    kit.nginx(kit.site)
    assert kit.get("/admin/login/").status == 500
    fixed(kit, "/admin/login/")
    assert kit.get("/admin/login/").status == 200


def test_manifest_is_read_once(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": LOGGING + MANIFEST})
    kit.nginx(kit.site)
    assert kit.get("/admin/login/").status == 500
    manage(kit, "collectstatic", "--noinput", "-v0", environ={"SETTINGS_EXTRA": MANIFEST})
    names(kit.doctor("/admin/login/"), "static-manifest-missing", "nginx-django.E109", certain=True)
    fixed(kit, "/admin/login/")
    assert kit.get("/admin/login/").status == 200


def test_manifest_is_not_needed_with_debug_on(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": MANIFEST, "DEBUG": "1"})
    kit.nginx(kit.site)
    assert kit.get("/admin/login/").status == 200
    assert "nginx-django.E104" not in ids(kit.doctor("/admin/login/"))


# Sites that are well


def test_a_site_with_static_files_is_well(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(kit.site)
    assert errors(kit.doctor("/")) == []
    assert errors(kit.doctor(SHEET)) == []


def test_a_file_that_never_was_is_no_fault_of_the_site(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(kit.site)
    assert kit.get("/no-such-page/").status == 404
    assert errors(kit.doctor("/no-such-page/")) == []
