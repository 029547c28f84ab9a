"""`portico bench` on a plain WSGI application: aside, and while it is up."""

from __future__ import annotations

import threading

from support.stack import ROOT, Project, processes_of

FLAGS = ["--json", "--rounds", "1", "--seconds", "0.3", "--clients", "2", *(["--allow-root-app"] if ROOT else [])]
COOKIE = ["-H", "Cookie: sessionid=topsecretvalue"]


def test_a_site_is_measured_aside_and_while_it_is_up(hello: Project) -> None:
    hello.write("portico.toml", '[uwsgi]\nmodule = "hello.py"\nprocesses = 1\nthreads = 2\n')
    ran = hello.portico("bench", *FLAGS, *COOKIE, "/?x=1", "/boom")
    assert ran.ids == ["system.E041"], ran.out + ran.err
    assert ran.code == 1
    assert "RuntimeError: boom" in str(ran.json["findings"][0]["evidence"])
    good, bad = ran.result["pages"]
    assert not ran.result["live"]
    assert good["statuses"].keys() == {"200"}
    assert good["by_app"] > 0.9
    assert set(good["cpu_us"]) == {"nginx", "uwsgi workers", "uwsgi master"}
    assert 0 < good["floor_us"]["median"] < good["total_us"]["median"]
    assert good["slots"] == 2
    assert bad["bound"] == "errors"
    assert "an error page was measured" in bad["warning"]
    assert "topsecretvalue" not in ran.out + ran.err
    assert not processes_of(hello.folder)
    assert not (hello.folder / ".portico").exists()

    assert hello.up().code == 0
    with _Visitor(hello):
        ran = hello.portico("bench", *FLAGS, "/")
    assert (ran.code, ran.result["live"]) == (0, True), ran.out + ran.err
    (page,) = ran.result["pages"]
    assert page["others"] > 0
    assert any("visitors came meanwhile" in note for note in ran.result["notes"])
    assert page["floor_us"]
    assert ran.result["memory_bytes"].keys() == {"nginx", "uwsgi", "supervisor"}
    assert hello.get("/").status == 200
    assert hello.status().result["running"]


class _Visitor:
    """Somebody who asks for pages as long as the block runs."""

    def __init__(self, site: Project) -> None:
        self._site = site
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._visit)

    def _visit(self) -> None:
        while not self._over.is_set():
            self._site.get("/")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
