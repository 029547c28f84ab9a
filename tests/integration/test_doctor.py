"""`portico doctor` on Portico's own stacks: healthy ones are not blamed, broken ones are named and mended."""

from __future__ import annotations

from support.crew import complete, crew, kill
from support.stack import ROOT, Project, Ran, until


def doctor(site: Project, *arguments: str) -> Ran:
    return site.portico("doctor", "--json", *arguments)


def errors(ran: Ran) -> list[str]:
    return [finding["id"] for finding in ran.json["findings"] if finding["severity"] == "error"]


def test_a_fresh_project_is_not_blamed(site: Project, nginx: str) -> None:
    assert site.up("--nginx", nginx).code == 0
    ran = doctor(site)
    assert (ran.code, errors(ran)) == (0, []), ran.json["findings"]
    assert [hop["hop"] for hop in ran.result["hops"]] == ["nginx", "uwsgi", "wsgi", "django"]
    assert ran.result["managed"]


def test_a_static_file_that_is_nowhere_is_not_blamed_on_the_copies(site: Project) -> None:
    settings = site.folder / "mysite" / "settings.py"
    settings.write_text(settings.read_text() + "\nSTATIC_ROOT = BASE_DIR / 'collected'\n")
    assert site.up().code == 0
    findings = {one["id"]: one for one in doctor(site, "/static/none.css").json["findings"]}
    assert "nginx-django.E105" not in findings
    found = findings["nginx-django.E102"]
    assert "none.css does not exist" in found["cause"] and found["fix"][0].startswith("portico reload")


def test_plain_wsgi_without_nginx_is_not_blamed(hello: Project) -> None:
    assert hello.up("hello.py", "--front", "none").code == 0
    ran = doctor(hello)
    assert (ran.code, errors(ran)) == (0, []), ran.json["findings"]


def test_text_says_hop_by_hop_what_was_seen(hello: Project) -> None:
    assert hello.up("hello.py").code == 0
    ran = hello.portico("doctor")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines() if line.startswith("  ")] == ["nginx", "uwsgi", "wsgi"]
    assert "Nothing is wrong" in ran.out


def test_nothing_runs_and_fix_starts_it(site: Project) -> None:
    if ROOT:
        site.write("portico.toml", "allow_root_app = true\nlisten = 'auto'\n")
    else:
        site.write("portico.toml", "listen = 'auto'\n")
    ran = doctor(site)
    assert (ran.code, ran.ids[0]) == (1, "system.E120")
    fixed = doctor(site, "--fix", "--yes")
    assert [one["outcome"] for one in fixed.result["fixes"]] == ["fixed"]
    assert fixed.code == 0
    assert site.status().result["running"]


def test_a_project_that_does_not_load_says_why(site: Project) -> None:
    site.write("portico.toml", "allow_root_app = true\n")
    settings = site.folder / "mysite" / "settings.py"
    settings.write_text("import nowhere_to_be_found\n" + settings.read_text())
    ran = doctor(site)
    assert ran.code == 1
    assert "nowhere_to_be_found" in ran.json["findings"][0]["cause"]


def test_everything_killed_is_named_and_mended(site: Project) -> None:
    assert site.up().code == 0
    until(lambda: complete(site), what="all workers are there")
    kill(*crew(site).everybody)
    assert not site.status().result["running"]
    ran = doctor(site)
    assert ran.code == 1
    assert ran.json["findings"][0]["remedy"]
    fixed = doctor(site, "--fix", "--yes")
    assert fixed.code == 0, fixed.json["findings"]
    assert site.get("/admin/login/").status == 200


def test_a_page_that_raises_is_named_by_its_line(hello: Project) -> None:
    assert hello.up("hello.py").code == 0
    ran = doctor(hello, "/boom")
    assert ran.code == 1
    first = ran.json["findings"][0]
    assert "RuntimeError: boom" in first["cause"] + " ".join(first["evidence"])
    assert "hello.py:" in first["cause"] + " ".join(first["evidence"])


def test_a_path_that_is_no_url_is_refused(hello: Project) -> None:
    ran = doctor(hello, "localhost:8000/admin")
    assert (ran.code, ran.ids) == (2, ["config.E021"])


def test_fix_in_json_needs_yes(hello: Project) -> None:
    ran = doctor(hello, "--fix")
    assert ran.code == 2


def test_a_new_release_is_not_blamed(site: Project) -> None:
    assert site.up().code == 0
    assert site.portico("reload", "--json").code == 0
    ran = doctor(site)
    assert errors(ran) == []
    assert "nginx.W127" not in ran.ids


def test_a_page_that_raises_is_not_blamed_on_a_database_that_is_not_there(site: Project) -> None:
    site.write(
        "mysite/urls.py",
        "from django.urls import path\n\n\ndef boom(request):\n    return 1 / 0\n\n\nurlpatterns = [path('boom/', boom)]\n",
    )
    assert site.up().code == 0
    ran = doctor(site, "/boom/")
    first = ran.json["findings"][0]
    assert (ran.code, first["id"], first["follows"]) == (1, "django.E110", [])
    assert "ZeroDivisionError" in first["cause"]
    assert "urls.py:5" in first["cause"]
