"""What nginx tells Django of a request (its name, its port, its scheme, its path), and what Django makes of that."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogue.kit import LOGGING, ROOT, UWSGI, Kit, uwsgi_params

Names = Callable[..., dict[str, Any]]
SERVE = ("--master", "--module", "mysite.wsgi", "--chmod-socket=666", "--socket")
HTTP = ("--master", "--module", "mysite.wsgi", "--http-socket")
DEBIAN = Path("/etc/nginx/uwsgi_params")
patched = pytest.mark.skipif(
    not DEBIAN.exists() or "HTTP_HOST" not in DEBIAN.read_text(), reason="not a uwsgi_params that sets HTTP_HOST"
)


def ids(envelope: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in envelope["findings"]]


def errors(envelope: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in envelope["findings"] if finding["severity"] == "error"]


def static(kit: Kit) -> str:
    """The location for files that every well site here has, so that nothing else is wrong."""
    return f"location /static/ {{ alias {kit.project}/staticroot/; }}"


def post_form(kit: Kit, base: str, origin: str = "") -> int:
    """Send the form as a browser does, with its cookie and its Origin; the status of the answer."""
    jar = kit.folder / "jar"
    page = kit.get("/form/", "-k", "-c", str(jar), url=base).body.decode()
    token = re.search(r'value="([^"]+)"', page)
    assert token, page
    data = f"csrfmiddlewaretoken={token[1]}".encode()
    return kit.get("/form/", "-k", "-b", str(jar), "-H", f"Origin: {origin or base}", url=base, data=data).status


# ALLOWED_HOSTS


@pytest.mark.parametrize("logging", [LOGGING, ""], ids=["logged", "silent"])
def test_name_is_not_allowed(kit: Kit, names: Names, logging: str) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"ALLOWED_HOSTS": "shop.example", "SETTINGS_EXTRA": logging})
    kit.nginx(f"location / {{ {kit.app} }}{static(kit)}")
    assert (kit.get("/").status, kit.get("/", "-H", "Host: shop.example").status) == (400, 200)
    found = names(kit.doctor("/"), "django-allowed-hosts-400", "nginx-django.E110", certain=True)
    assert "127.0.0.1" in found["fix"][0]
    assert any("ALLOWED_HOSTS = ['shop.example']" in row for row in found["evidence"])
    assert any("Host: shop.example" in row and " 200 " in row for row in found["evidence"])


def test_server_name_is_not_allowed(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"ALLOWED_HOSTS": "shop.example"})
    kit.nginx(f"server_name www.shop.example;\nlocation / {{ {kit.app} }}{static(kit)}")
    found = names(kit.doctor(""), "django-allowed-hosts-400", "nginx-django.E110", certain=True)
    assert "www.shop.example" in found["cause"]
    assert any("server_name www.shop.example" in row for row in found["evidence"])


@pytest.mark.parametrize("entry", ["http://127.0.0.1", "127.0.0.1:8000", "127.0.0.1/", " 127.0.0.1"])
def test_allowed_name_is_misspelt(kit: Kit, names: Names, entry: str) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"ALLOWED_HOSTS": entry})
    kit.nginx(kit.site)
    found = names(kit.doctor("/"), "django-allowed-hosts-400", "nginx-django.E110", certain=True)
    assert repr(entry) in found["cause"]
    assert "ALLOWED_HOSTS = ['127.0.0.1']" in found["fix"][0]


def test_one_of_several_names_is_not_allowed(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"ALLOWED_HOSTS": "shop.example"})
    kit.nginx(f"server_name shop.example www.shop.example;\nlocation / {{ {kit.app} }}{static(kit)}")
    envelope = kit.doctor("")
    assert errors(envelope) == []
    found = next(one for one in envelope["findings"] if one["id"] == "nginx-django.W113")
    assert "www.shop.example" in found["cause"]


def test_names_are_allowed_by_a_wildcard(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"ALLOWED_HOSTS": ".shop.example"})
    kit.nginx(f"server_name shop.example www.shop.example;\nlocation / {{ {kit.app} }}{static(kit)}")
    assert not {"nginx-django.W113", "nginx-django.E110"} & set(ids(kit.doctor("")))


def test_name_with_an_underscore(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"server_name my_site.example;\nlocation / {{ {kit.app} uwsgi_param HTTP_HOST $server_name; }}{static(kit)}")
    names(kit.doctor("/"), "django-allowed-hosts-400", "nginx-django.E112", certain=True)


def test_another_400_of_django_is_not_about_the_name(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": "DATA_UPLOAD_MAX_NUMBER_FIELDS=1\nALLOWED_HOSTS=['127.0.0.1']"})
    views = kit.project / "shop/views.py"
    views.write_text(f"{views.read_text()}\ndef home(request):\n    return HttpResponse(str(request.GET) and 'home')\n")
    kit.nginx(kit.site)
    envelope = kit.doctor("/?a=1&b=2&c=3")
    assert not {"nginx-django.E110", "nginx-django.E111", "nginx-django.E112"} & set(ids(envelope))


# The Host of proxy_pass


@pytest.mark.parametrize("logging", [LOGGING, ""], ids=["logged", "silent"])
def test_upstreams_name_is_sent_as_host(kit: Kit, names: Names, logging: str) -> None:
    kit.uwsgi(*HTTP, f"127.0.0.1:{kit.spare}", environ={"SETTINGS_EXTRA": logging})
    kit.nginx(
        f"location / {{\nproxy_pass http://django_backend;\n}}\n{static(kit)}",
        f"upstream django_backend {{ server 127.0.0.1:{kit.spare}; }}",
    )
    assert kit.get("/").status == 400
    found = names(kit.doctor("/"), "proxy-host-is-upstream-name", "nginx-django.E111", certain=True)
    assert "'django_backend'" in found["cause"]
    envelope = kit.doctor("/", "--fix", "--yes")
    assert [fix["outcome"] for fix in envelope["result"]["fixes"]] == ["fixed"]
    assert kit.get("/").status == 200


def test_address_is_sent_as_host_and_not_allowed(kit: Kit, names: Names) -> None:
    kit.uwsgi(*HTTP, f"127.0.0.1:{kit.spare}", environ={"ALLOWED_HOSTS": "shop.example"})
    kit.nginx(f"server_name shop.example; location / {{ proxy_pass http://127.0.0.1:{kit.spare}; }}{static(kit)}")
    names(kit.doctor(""), "proxy-host-is-upstream-name", "nginx-django.E111", certain=True)


def test_address_is_sent_as_host_and_allowed(kit: Kit, names: Names) -> None:
    kit.uwsgi(*HTTP, f"127.0.0.1:{kit.spare}", environ={"SETTINGS_EXTRA": LOGGING})
    kit.nginx(f"location / {{ proxy_pass http://127.0.0.1:{kit.spare}; }}{static(kit)}")
    assert post_form(kit, kit.url) == 403
    names(kit.doctor("/"), "proxy-host-is-upstream-name", "nginx-django.E111", certain=True)


def test_headers_of_a_location_keep_out_the_outer_ones(kit: Kit, names: Names) -> None:
    kit.uwsgi(*HTTP, f"127.0.0.1:{kit.spare}")
    kit.nginx(
        "proxy_set_header Host $http_host;\n"
        f"location / {{\nproxy_set_header X-Real-IP $remote_addr;\nproxy_pass http://django_backend;\n}}\n{static(kit)}",
        f"upstream django_backend {{ server 127.0.0.1:{kit.spare}; }}",
    )
    found = names(kit.doctor("/"), "proxy-host-is-upstream-name", "nginx-django.E111", certain=True)
    assert "X-Real-IP" in found["cause"]


def test_host_that_is_set_is_well(kit: Kit) -> None:
    kit.uwsgi(*HTTP, f"127.0.0.1:{kit.spare}")
    kit.nginx(f"location / {{ proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:{kit.spare}; }}{static(kit)}")
    assert post_form(kit, kit.url) == 200
    assert errors(kit.doctor("/form/")) == []


# The port


@patched
@pytest.mark.parametrize("logging", [LOGGING, ""], ids=["logged", "silent"])
@pytest.mark.parametrize("path", ["/form/", ""], ids=["asked", "not-asked"])
def test_port_is_lost_in_the_distributions_file(system_kit: Kit, names: Names, logging: str, path: str) -> None:
    kit = system_kit
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": logging})
    kit.nginx(f"location / {{\ninclude {DEBIAN};\nuwsgi_pass unix:{kit.socket};\n}}\n{static(kit)}")
    assert post_form(kit, kit.url) == 403
    found = names(kit.doctor(path), "host-port-dropped", "nginx-django.E121", certain=True)
    assert str(DEBIAN) in found["cause"]
    assert any(f"{DEBIAN}:" in row and "HTTP_HOST $host" in row for row in found["evidence"])


@patched
def test_port_that_is_lost_is_mended(system_kit: Kit) -> None:
    kit = system_kit
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": LOGGING})
    kit.nginx(f"location / {{\ninclude {DEBIAN};\nuwsgi_pass unix:{kit.socket};\n}}\n{static(kit)}")
    assert post_form(kit, kit.url) == 403
    envelope = kit.doctor("/form/", "--fix", "--yes")
    assert [fix["outcome"] for fix in envelope["result"]["fixes"]] == ["fixed"]
    assert errors(envelope) == []
    assert post_form(kit, kit.url) == 200


def test_port_is_lost_through_proxy_pass(kit: Kit, names: Names) -> None:
    kit.uwsgi(*HTTP, f"127.0.0.1:{kit.spare}")
    kit.nginx(f"location / {{ proxy_set_header Host $host; proxy_pass http://127.0.0.1:{kit.spare}; }}{static(kit)}")
    found = names(kit.doctor("/form/"), "host-port-dropped", "nginx-django.E121", certain=True)
    assert "proxy_set_header Host" in found["fix"][0]


def test_port_that_nobody_was_refused_for_is_a_risk(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} uwsgi_param HTTP_HOST $host; }}{static(kit)}")
    envelope = kit.doctor("")
    assert "nginx-django.W122" in ids(envelope)
    assert errors(envelope) == []


def test_port_that_is_handed_on_is_well(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(kit.site)
    assert post_form(kit, kit.url) == 200
    assert not {"nginx-django.E121", "nginx-django.W122"} & set(ids(kit.doctor("/form/")))


# https


def certificate(kit: Kit) -> str:
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2"
    )
    subprocess.run([*command.split(), "-subj", "/CN=localhost"], cwd=kit.folder, check=True, capture_output=True)
    return f"ssl_certificate {kit.folder}/cert.pem; ssl_certificate_key {kit.folder}/key.pem;"


def behind_tls(kit: Kit, outer: str = "", inner: str = "") -> str:
    """Two servers of one nginx: the outer one ends TLS on the spare port; its URL."""
    server = (
        f"server {{ listen 127.0.0.1:{kit.spare} ssl; {certificate(kit)}\nlocation / {{\nproxy_set_header Host $http_host;\n"
        f"{outer}\nproxy_pass http://127.0.0.1:{kit.port};\n}}\n}}"
    )
    kit.nginx(f"location / {{\n{kit.app}\n{inner}\n}}\n{static(kit)}", server)
    return f"https://127.0.0.1:{kit.spare}"


def ask(kit: Kit, url: str, *arguments: str) -> dict[str, Any]:
    conf = ("--nginx", str(kit.folder / "nginx.conf"), "--log", str(kit.log))
    return kit.portico("doctor", *([url] if url else []), *conf, *arguments)


@pytest.mark.parametrize("logging", [LOGGING, ""], ids=["logged", "silent"])
def test_forms_behind_tls(kit: Kit, names: Names, logging: str) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": logging})
    url = behind_tls(kit)
    assert post_form(kit, url) == 403
    found = names(ask(kit, f"{url}/form/"), "csrf-origin-behind-tls", "nginx-django.E120", certain=True)
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in found["fix"][0]


def test_forms_behind_tls_that_ends_elsewhere(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": LOGGING})
    url = behind_tls(kit)
    assert post_form(kit, url) == 403
    names(kit.doctor("/form/"), "csrf-origin-behind-tls", "nginx-django.E120", certain=True)


@pytest.mark.parametrize("inner", ["uwsgi_param HTTP_X_FORWARDED_PROTO $scheme;"])
def test_forms_behind_tls_with_the_scheme_set_anew(kit: Kit, names: Names, inner: str) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": LOGGING})
    url = behind_tls(kit, "proxy_set_header X-Forwarded-Proto $scheme;", inner)
    assert post_form(kit, url) == 403
    found = names(ask(kit, f"{url}/form/"), "csrf-origin-behind-tls", "nginx-django.E120", certain=True)
    assert "uwsgi_param HTTP_X_FORWARDED_PROTO $http_x_forwarded_proto;" in found["fix"][0]


def test_forms_behind_tls_with_the_scheme_are_well(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": LOGGING})
    url = behind_tls(kit, "proxy_set_header X-Forwarded-Proto $scheme;")
    assert post_form(kit, url) == 200
    assert "nginx-django.E120" not in ids(ask(kit, f"{url}/form/"))


def test_form_of_another_site(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": f"{LOGGING}\nCSRF_TRUSTED_ORIGINS=['shop.example']"})
    kit.nginx(kit.site)
    assert post_form(kit, kit.url, "https://shop.example") == 403
    found = names(kit.doctor("/form/"), "csrf-other-origin", "nginx-django.E123")
    assert "'shop.example'" in found["cause"]


def test_redirect_loop_behind_tls(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": "SECURE_SSL_REDIRECT=True"})
    url = behind_tls(kit)
    assert kit.get("/", "-k", url=url).headers["location"] == f"{url}/"
    found = names(ask(kit, f"{url}/"), "ssl-redirect-loop", "nginx-django.E130", certain=True)
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in found["fix"][0]


def test_redirect_loop_behind_tls_that_ends_elsewhere(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": "SECURE_SSL_REDIRECT=True"})
    kit.nginx(f"location / {{ {kit.app} uwsgi_param HTTP_X_FORWARDED_PROTO $scheme; }}{static(kit)}")
    found = names(kit.doctor("/"), "ssl-redirect-loop", "nginx-django.E130", certain=True)
    assert "$http_x_forwarded_proto" in found["fix"][0]


def test_redirect_to_https_that_is_told_apart_is_no_loop(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": "SECURE_SSL_REDIRECT=True"})
    kit.nginx(kit.site)
    envelope = kit.doctor("/")
    assert "nginx-django.W131" in ids(envelope)
    assert errors(envelope) == []


def test_redirect_to_https_behind_a_proxy_that_says_so_is_well(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": "SECURE_SSL_REDIRECT=True"})
    url = behind_tls(kit, "proxy_set_header X-Forwarded-Proto $scheme;")
    assert kit.get("/", "-k", url=url).status == 200
    assert not {"nginx-django.E130", "nginx-django.E120"} & set(ids(ask(kit, f"{url}/")))


def test_nginx_redirects_to_itself(kit: Kit, names: Names) -> None:
    kit.nginx(f"listen 127.0.0.1:{kit.spare} ssl; {certificate(kit)} return 301 https://$http_host$request_uri;")
    names(ask(kit, f"https://127.0.0.1:{kit.spare}/"), "ssl-redirect-loop", "nginx.E190", certain=True)


def test_nginx_redirects_to_https_that_ends_elsewhere(kit: Kit) -> None:
    kit.nginx(f"return 301 https://127.0.0.1:{kit.spare}$request_uri;")
    envelope = kit.doctor("/")
    assert "nginx.W191" in ids(envelope)
    assert errors(envelope) == []


@pytest.mark.parametrize("location", ["http://[oops/", "//", "https://127.0.0.1:99999/", "%%"])
def test_redirect_to_what_is_no_address_is_looked_at_all_the_same(kit: Kit, location: str) -> None:
    kit.nginx(f"add_header Location '{location}'; return 302;")
    envelope = kit.doctor("/")
    assert not [one for one in envelope["result"]["unknown"] if "failed" in one["reason"]]


def test_origin_of_a_form_that_is_none(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": LOGGING})
    kit.nginx(kit.site)
    for origin in ("https://[oops", "null", "x"):
        assert post_form(kit, kit.url, origin) == 403
        envelope = kit.doctor("/form/")
        assert errors(envelope) == (["nginx-django.E123"] if origin == "null" else []) or "nginx-django.E123" in ids(
            envelope
        )
        assert envelope["result"]["unknown"] == []


def test_header_of_the_scheme_is_misspelt(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": "SECURE_PROXY_SSL_HEADER=('X-Forwarded-Proto','https')"})
    kit.nginx(kit.site)
    envelope = kit.doctor("/")
    found = next(one for one in envelope["findings"] if one["id"] == "nginx-django.W124")
    assert '("HTTP_X_FORWARDED_PROTO", "https")' in found["fix"][0]


def test_anybody_says_https(kit: Kit, names: Names) -> None:
    kit.uwsgi(*SERVE, kit.socket, "--buffer-size=32768", "--processes=2")
    kit.nginx(kit.site)
    assert b"secure=True" in kit.get("/absolute/", "-H", "X-Forwarded-Proto: https").body
    envelope = kit.doctor("/absolute/")
    found = names(envelope, "uwsgi-trusts-x-forwarded-proto", "nginx-django.W150", certain=True)
    assert found["basis"] == "request"
    assert "HTTP_X_FORWARDED_PROTO $scheme" in found["fix"][0]
    assert (errors(envelope), envelope["code"]) == ([], 0)
    found = next(one for one in kit.doctor("/env/")["findings"] if one["id"] == "nginx-django.W150")
    assert found["certainty"] == "likely"


def test_anybody_says_https_is_mended_where_tls_ends_here(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(
        f"listen 127.0.0.1:{kit.spare} ssl; {certificate(kit)}\nlocation / {{\ninclude {uwsgi_params()};\n"
        f"uwsgi_pass unix:{kit.socket};\n}}\n{static(kit)}"
    )
    envelope = kit.doctor("/absolute/", "--fix", "--yes")
    assert "nginx-django.W150" not in ids(envelope)
    assert b"secure=False" in kit.get("/absolute/", "-H", "X-Forwarded-Proto: https", "-H", "X-Forwarded-SSL: on").body
    assert b"secure=True" in kit.get("/absolute/", "-k", url=f"https://127.0.0.1:{kit.spare}").body


def test_scheme_that_nginx_sets_is_not_forged(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location / {{ {kit.app} uwsgi_param HTTP_X_FORWARDED_PROTO $scheme; }}{static(kit)}")
    assert "nginx-django.W150" not in ids(kit.doctor("/absolute/"))


# Below a path


@pytest.mark.parametrize(
    "extra", ["uwsgi_param SCRIPT_NAME /shop; uwsgi_modifier1 30;", "uwsgi_param SCRIPT_NAME /shop;", ""]
)
def test_application_below_a_path(kit: Kit, names: Names, extra: str) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location /shop/ {{ {kit.app} {extra} }}{static(kit)}")
    assert kit.get("/shop/env/").status == 404
    found = names(kit.doctor("/shop/env/"), "subpath-404", "nginx-django.E140", certain=True)
    assert "mount = /shop=mysite.wsgi:application" in found["fix"][0]


def test_application_below_a_path_by_what_the_finding_says(kit: Kit) -> None:
    kit.uwsgi(
        "--master",
        "--mount=/shop=mysite.wsgi:application",
        "--manage-script-name",
        "--chmod-socket=666",
        "--socket",
        kit.socket,
    )
    rewrite = "uwsgi_param SCRIPT_NAME /shop; rewrite ^/shop(/.*)$ $1 break;"
    kit.uwsgi(*SERVE, f"{kit.socket}2", log="second.log")
    kit.nginx(
        f"location /shop/ {{ {kit.app} }}\nlocation /shop/absolute/ {{ include {uwsgi_params()}; {rewrite}"
        f"uwsgi_pass unix:{kit.socket}2; }}\n{static(kit)}"
    )
    assert b"/shop/absolute/ " in kit.get("/shop/absolute/").body
    assert kit.get("/shop/env/").status == 200
    assert "nginx-django.E140" not in ids(kit.doctor("/shop/env/"))


def test_application_below_a_path_through_proxy_pass(kit: Kit, names: Names) -> None:
    kit.uwsgi(*HTTP, f"127.0.0.1:{kit.spare}")
    kit.nginx(
        f"location /shop/ {{ proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:{kit.spare}; }}{static(kit)}"
    )
    found = names(kit.doctor("/shop/env/"), "subpath-404", "nginx-django.E140", certain=True)
    assert f"proxy_pass http://127.0.0.1:{kit.spare}/;" in found["fix"][0]


def test_links_lead_out_of_the_path(kit: Kit, names: Names) -> None:
    kit.uwsgi(*HTTP, f"127.0.0.1:{kit.spare}")
    kit.nginx(
        f"location /shop/ {{ proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:{kit.spare}/; }}{static(kit)}"
    )
    assert kit.get("/shop/admin/").headers["location"].startswith("/admin/login/")
    names(kit.doctor("/shop/admin/"), "subpath-404", "nginx-django.E141", certain=True)


def test_a_page_that_is_nowhere_is_not_about_the_path(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(f"location /shop/ {{ {kit.app} }}{static(kit)}")
    assert not {"nginx-django.E140", "nginx-django.E141"} & set(ids(kit.doctor("/shop/nowhere/")))


# Uploads


@pytest.fixture
def another() -> tuple[list[str], dict[str, str]]:
    """How uWSGI is started as an account that may read no more than others, and its environment."""
    if not ROOT:
        pytest.skip("only root can run uWSGI as another account")
    packages = {"PYTHONPATH": sysconfig.get_path("purelib")}
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info[1]}"):
        command, account = (
            [python, "-c", "import django, pyuwsgi"],
            {"user": "www-data", "group": "www-data", "extra_groups": ()},
        )
        with contextlib.suppress(OSError):
            if subprocess.run(command, env=packages, capture_output=True, check=False, **account).returncode == 0:
                return [python, UWSGI], packages
    pytest.skip("no Python here can be run by another account")


def test_media_folder_of_another_account(kit: Kit, names: Names, another: tuple[list[str], dict[str, str]]) -> None:
    binary, environ = another
    (kit.project / "media").mkdir(mode=0o755)
    environ |= {"SETTINGS_EXTRA": LOGGING}
    address = f"127.0.0.1:{kit.spare}"
    shutil.chown(kit.project, "www-data")
    shutil.chown(kit.project / "db.sqlite3", "www-data")
    kit.uwsgi(*SERVE, address, "--uid=www-data", "--gid=www-data", binary=binary, environ=environ)
    kit.nginx(f"location / {{ include {uwsgi_params()}; uwsgi_pass {address}; }}{static(kit)}")
    assert kit.get("/upload/", "-F", f"f=@{kit.project}/manage.py").status == 500
    found = names(kit.doctor("/"), "media-not-writable", "nginx-django.E160", certain=True)
    assert "www-data" in found["cause"]
    assert any("[Errno 13]" in row for row in found["evidence"])


def test_folder_of_another_account_without_django(kit: Kit, names: Names, another: tuple[list[str], dict[str, str]]) -> None:
    binary, environ = another
    media = kit.folder / "media"
    media.mkdir(mode=0o755)
    kit.write("project/up.py", f"def application(e, s):\n  open('{media}/x', 'wb'); s('200 OK', []); return [b'']\n")
    address = f"127.0.0.1:{kit.spare}"
    kit.uwsgi("--master", "--uid=www-data", "--module=up", f"--http-socket={address}", binary=binary, environ=environ)
    assert kit.get("/", url=f"http://{address}").status in (0, 500)
    envelope = kit.portico("doctor", f"http://{address}/", "--log", str(kit.log))
    found = names(envelope, "media-not-writable", "nginx-django.E161")
    assert str(media) in found["cause"]


def test_media_folder_that_is_writable_is_well(kit: Kit) -> None:
    kit.uwsgi(*SERVE, kit.socket)
    kit.nginx(kit.site)
    assert kit.get("/upload/", "-F", f"f=@{kit.project}/manage.py").status == 200
    assert not {"nginx-django.E160", "nginx-django.E161"} & set(ids(kit.doctor("/")))


def test_uploads_without_a_location(kit: Kit, names: Names) -> None:
    (kit.project / "media").mkdir()
    (kit.project / "media/x.txt").write_text("x")
    kit.uwsgi(*SERVE, kit.socket, environ={"SETTINGS_EXTRA": "MEDIA_URL='/media/'"})
    kit.nginx(f"{static(kit)}\nlocation / {{ {kit.app} }}\n")
    names(kit.doctor("/media/x.txt"), "media-not-served", "nginx-django.E108", certain=True)
    envelope = kit.doctor("/media/x.txt", "--fix", "--yes")
    assert [fix["outcome"] for fix in envelope["result"]["fixes"]] == ["fixed"]
    assert kit.get("/media/x.txt").body == b"x"
