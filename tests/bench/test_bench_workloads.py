"""Workloads that are more than a load: what they measure of stacks that do well, badly, or nothing."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from bench.air import Failed, OnAir
from bench.effort import Effort
from bench.stacks.base import Ground, Running, Stack
from bench.workloads import reloads, slow

from support.raw_server import raw_server, request


@contextmanager
def served(site: Path, answer: Callable[[], bytes], reload: Callable[[], None] | None) -> Iterator[OnAir]:
    """A stack of one thread for each connection, all of whose answers have the body that `answer` gives."""

    def handler(connection: socket.socket, _: int) -> None:
        while request(connection):
            body = answer()
            status = b"200 OK" if body else b"502 Bad Gateway"
            connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))

    with raw_server(handler) as port:
        stack = Stack("fake", "Fake", (), (), False, lambda _: Running(lambda: (), lambda: None, reload), lambda _: "1", "")
        air = OnAir(stack, Ground(site, site, site, site, {}, port, 0, 1, site))
        air.start()
        yield air


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a version to change; and nobody waits long."""
    (tmp_path / "bench_version.py").write_text('VERSION = "1"\n')
    monkeypatch.setattr(reloads, "_QUIET_S", 0.1)
    monkeypatch.setattr(reloads, "_AROUND_S", 0.05)
    monkeypatch.setattr(reloads, "KEPT", 2)
    monkeypatch.setattr(reloads, "SHORT", 1)
    return tmp_path


def test_a_reload_is_over_when_all_answers_are_of_the_new_code(site: Path) -> None:
    loaded = [(site / "bench_version.py").read_bytes()]

    def reload() -> None:
        loaded.append((site / "bench_version.py").read_bytes())

    with served(site, lambda: loaded[-1], reload) as air:
        assert reloads.left_out(air, Effort()) == ""
        figures = reloads.measure(air, Effort())
    assert len(loaded) == 2
    assert figures["lost"] == 0
    assert figures["seconds"] > 0
    assert figures["answers"] > 0
    assert reloads.seen((figures,)) == {"reload": True}


def test_what_a_reload_answers_with_an_error_is_lost(site: Path) -> None:
    bodies = [b"1"]

    def answer() -> bytes:
        return bodies.pop() if len(bodies) > 1 else bodies[0]

    def reload() -> None:
        bodies[:] = [(site / "bench_version.py").read_bytes(), *[b""] * 60]

    with served(site, answer, reload) as air:
        figures = reloads.measure(air, Effort())
    # The others went to who asks for the version.
    assert 0 < figures["lost"] <= 60
    assert reloads.seen((figures, {**figures, "lost": 0.0})) == {"reload": False}


def test_a_stack_that_keeps_the_old_code_fails(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloads, "_PATIENCE_S", 0.2)
    with served(site, lambda: b"1", lambda: None) as air, pytest.raises(Failed, match="old code"):
        reloads.measure(air, Effort())


def test_a_stack_that_refuses_to_reload_fails_with_what_it_said(site: Path) -> None:
    def reload() -> None:
        raise RuntimeError("no such signal")

    with served(site, lambda: b"1", reload) as air, pytest.raises(Failed, match="no such signal"):
        reloads.measure(air, Effort())


def test_a_stack_that_cannot_reload_is_left_out_and_known_for_it(site: Path) -> None:
    with served(site, lambda: b"1", None) as air:
        assert "interruption" in reloads.left_out(air, Effort())
    assert air.abilities == {"reload": False}


FIGURES = {"per_s": 900.0, "ratio": 0.95, "lost": 0.0}


@pytest.mark.parametrize(
    ("rounds", "survives"),
    [
        ((FIGURES,), True),
        (({**FIGURES, "ratio": 0.3}, FIGURES), True),
        (({**FIGURES, "ratio": 0.85}, {**FIGURES, "ratio": 0.8}), True),
        (({**FIGURES, "ratio": 0.3}, {**FIGURES, "ratio": 0.59}), False),
        ((FIGURES, {**FIGURES, "lost": 1.0}), False),
    ],
)
def test_who_survives_slow_clients(rounds: tuple[dict[str, float], ...], survives: bool) -> None:
    assert slow.seen(rounds) == {"slow_clients": survives}


def test_slow_clients_take_nothing_from_a_stack_that_has_a_thread_for_each(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow, "SLOW", 6)
    monkeypatch.setattr(slow, "_SETTLE_S", 0.3)
    monkeypatch.setattr(slow, "_BYTE_S", 0.02)
    monkeypatch.setattr(slow, "_SECONDS", 0.1)
    with served(site, lambda: b"1", None) as air:
        figures = slow.measure(air, replace(Effort(), scale=1.0))
    assert (figures["lost"], figures["held"], figures["closed"]) == (0, 6, 0)
    assert figures["per_s"] > 0
    assert figures["ratio"] > 0
