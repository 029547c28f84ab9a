"""Django is loaded, or cannot be; its pages fail, or it refuses requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalogue.kit import LOGGING, Kit

Names = Callable[..., dict[str, Any]]


def start(kit: Kit, *arguments: str, server: str = "", **environ: str) -> None:
    module = () if any(one.startswith("--module") for one in arguments) else ("--module=mysite.wsgi",)
    where = ("--socket", kit.socket, "--chmod-socket=666")
    kit.uwsgi("--master", "--processes=2", *module, *arguments, *where, environ=environ)
    kit.nginx(server + kit.site)


def ids(envelope: dict[str, Any], severity: str = "") -> list[str]:
    return [one["id"] for one in envelope["findings"] if not severity or one["severity"] == severity]


@pytest.mark.parametrize(
    ("environ", "wanted", "word", "need"),
    [
        ({"DJANGO_SETTINGS_MODULE": "mysite.prod"}, "django.E100", "mysite.prod", ()),
        ({"DJANGO_SETTINGS_MODULE": "mysite.prod"}, "django.E100", "mysite.prod", ("--need-app",)),
        ({"SETTINGS_EXTRA": "os.environ['DJANGO_SECRET']"}, "django.E101", "DJANGO_SECRET", ()),
        ({"SETTINGS_EXTRA": "os.environ['DJANGO_SECRET']"}, "django.E101", "DJANGO_SECRET", ("--need-app",)),
        ({"SETTINGS_EXTRA": "SECRET_KEY = ''"}, "django.E102", "SECRET_KEY", ()),
        ({"SETTINGS_EXTRA": "1 / 0"}, "django.E102", "ZeroDivisionError", ()),
        ({"SETTINGS_EXTRA": "1 / 0"}, "django.E102", "ZeroDivisionError", ("--need-app",)),
        ({"SETTINGS_EXTRA": "INSTALLED_APPS += ['shop']"}, "django.E103", "shop", ()),
    ],
)
def test_settings_import_error(
    kit: Kit, names: Names, environ: dict[str, str], wanted: str, word: str, need: tuple[str, ...]
) -> None:
    start(kit, *need, **environ)
    found = names(kit.doctor(), "django-settings-import-error", wanted)
    assert word in found["cause"]


def test_no_settings_are_named(kit: Kit, names: Names) -> None:
    kit.write(
        "project/plain.py", "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
    )
    start(kit, "--module=plain")
    names(kit.doctor(), "django-settings-import-error", "django.E100")


def test_broken_urlconf(kit: Kit, names: Names) -> None:
    kit.write("project/mysite/urls.py", "from shop.views import nothing\nurlpatterns = []\n")
    start(kit, "--need-app")
    found = names(kit.doctor(), "broken-urlconf", "django.E105", certain=True)
    assert f"{kit.project}/mysite/urls.py:1" in found["cause"]


def test_500_without_a_traceback(kit: Kit, names: Names) -> None:
    start(kit)
    envelope = kit.doctor("/boom/")
    found = names(envelope, "django-500-no-traceback", "django.E110")
    assert f"{kit.project}/shop/views.py:" in found["cause"]
    second = next(one for one in envelope["findings"] if one["id"] == "django.E112")
    assert second["follows"] == ["django.E110"]
    assert ids(envelope, "error") == ["django.E110", "django.E112"]


def test_500_with_a_traceback(kit: Kit, names: Names) -> None:
    start(kit, SETTINGS_EXTRA=LOGGING)
    envelope = kit.doctor("/boom/")
    found = names(envelope, "view-raises", "django.E110", certain=True)
    assert "ValueError: boom" in found["cause"]
    assert ids(envelope, "error") == ["django.E110"]


def raise_in_uwsgi_only(kit: Kit, view: str) -> None:
    kit.write(
        "project/shop/views.py",
        (kit.project / "shop" / "views.py").read_text() + "\nimport sys\n_here = 'uwsgi' in sys.modules\n"
        f"def {view}(request):\n    if _here:\n        raise ValueError('only here')\n    return HttpResponse('well')\n",
    )


@pytest.mark.parametrize("path", ["/caf%C3%A9/x", "/a%20b/x?q=1", "//boom//x"])
def test_500_at_a_page_that_is_asked_for_otherwise_than_django_writes_it(kit: Kit, names: Names, path: str) -> None:
    """Only the running process raises, so that its log alone tells."""
    raise_in_uwsgi_only(kit, "odd")
    urls = (kit.project / "mysite" / "urls.py").read_text()
    more = "\nfrom django.urls import re_path\nurlpatterns += [re_path('^.*/x$', views.odd)]\n"
    kit.write("project/mysite/urls.py", urls + more)
    start(kit, SETTINGS_EXTRA=LOGGING)
    found = names(kit.doctor(path), "view-raises", "django.E110", certain=True)
    assert "ValueError: only here" in found["cause"]


def test_500_that_only_the_running_process_makes(kit: Kit, names: Names) -> None:
    """Calling the page anew does not show it: then that nothing is logged is all that can be said."""
    raise_in_uwsgi_only(kit, "boom")
    start(kit)
    names(kit.doctor("/boom/"), "django-500-no-traceback", "django.E112")


def test_500_whose_traceback_goes_to_a_file(kit: Kit, names: Names) -> None:
    raise_in_uwsgi_only(kit, "boom")
    handler = f"'class':'logging.FileHandler','filename':'{kit.folder}/django.log'"
    start(kit, SETTINGS_EXTRA=LOGGING.replace("'class':'logging.StreamHandler'", handler))
    found = names(kit.doctor("/boom/"), "django-500-logged-elsewhere", "django.E118", certain=False)
    assert str(kit.log) in found["cause"]


def test_another_page_raised_lately(kit: Kit) -> None:
    start(kit, SETTINGS_EXTRA=LOGGING)
    assert kit.get("/boom/").status == 500
    envelope = kit.doctor("/")
    assert ids(envelope, "error") == []
    assert "django.W111" in ids(envelope)


def test_what_is_healed_is_not_told(kit: Kit) -> None:
    flag = kit.folder / "broken"
    flag.write_text("")
    views = (kit.project / "shop" / "views.py").read_text()
    code = f"\ndef boom(request):\n    if os.path.exists({str(flag)!r}):\n        raise ValueError('x')\n"
    code += "    return HttpResponse('well')\n"
    kit.write("project/shop/views.py", views + code)
    start(kit, SETTINGS_EXTRA=LOGGING)
    assert kit.get("/boom/").status == 500
    flag.unlink()
    assert not [one for one in ids(kit.doctor("/boom/")) if one.startswith(("wsgi.", "django."))]


def test_template_missing(kit: Kit, names: Names) -> None:
    (kit.project / "templates" / "form.html").unlink()
    start(kit)
    found = names(kit.doctor("/form/"), "template-missing", "django.E113")
    assert "form.html" in found["cause"]


@pytest.mark.parametrize("extra", [LOGGING, ""], ids=["logged", "silent"])
@pytest.mark.parametrize("allowed", ["shop.example", "http://127.0.0.1"], ids=["other", "scheme"])
def test_allowed_hosts(kit: Kit, names: Names, extra: str, allowed: str) -> None:
    start(kit, ALLOWED_HOSTS=allowed, SETTINGS_EXTRA=extra)
    assert kit.get().status == 400
    names(kit.doctor(), "django-allowed-hosts-400", "nginx-django.E110")


def test_allowed_hosts_without_nginx(kit: Kit, names: Names) -> None:
    address = f"127.0.0.1:{kit.spare}"
    arguments = ("--master", "--module=mysite.wsgi", "--http-socket", address)
    kit.uwsgi(*arguments, environ={"ALLOWED_HOSTS": "https://shop.example"})
    envelope = kit.portico("doctor", f"http://{address}/", "--log", str(kit.log))
    found = names(envelope, "django-allowed-hosts-400", "nginx-django.E110")
    assert "https://shop.example" in " ".join([found["cause"], *found["evidence"]])


@pytest.mark.parametrize("extra", [LOGGING, ""], ids=["logged", "silent"])
def test_body_limit(kit: Kit, names: Names, extra: str) -> None:
    # A small one, which nginx has sent as a whole before it is refused: else its answer is lost now and then.
    start(kit, SETTINGS_EXTRA=f"{extra}\nDATA_UPLOAD_MAX_MEMORY_SIZE = 1000")
    assert kit.get("/read/", data=bytes(3000)).status == 400
    names(kit.doctor("/read/"), "django-body-limit-400", "django.E115")


def test_a_refused_host_is_no_refused_body(kit: Kit) -> None:
    start(kit, ALLOWED_HOSTS="shop.example")
    assert kit.get("/read/", data=b"x").status == 400
    assert "django.E115" not in ids(kit.doctor("/"))


def test_debug_left_on(kit: Kit, names: Names) -> None:
    start(kit, DEBUG="1")
    names(kit.doctor("/nope/"), "django-debug-left-on", "django.E116")


def test_debug_left_on_is_told_before_anybody_sees_it(kit: Kit, names: Names) -> None:
    start(kit, DEBUG="1")
    envelope = kit.doctor("/")
    assert ids(envelope, "error") == []
    assert "django.W117" in ids(envelope, "warning")


def test_a_site_that_is_well(kit: Kit) -> None:
    start(kit)
    assert not [one for one in ids(kit.doctor()) if one.startswith(("wsgi.", "django.", "system.E", "system.W"))]
    not_found = kit.doctor("/nope/")
    assert not [one for one in ids(not_found) if one.startswith(("wsgi.", "django."))]
