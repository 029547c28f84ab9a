"""Workloads that are more than a load: what they measure of stacks that do well, badly, or nothing."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from bench.air import Failed, OnAir
from bench.effort import CLIENTS, Effort
from bench.stacks.base import Ground, Running, Stack
from bench.workloads import reloads, slow

from support.raw_server import raw_server, request
from support.stack import until


@contextmanager
def served(
    site: Path,
    answer: Callable[[bytes], bytes],
    reload: Callable[[], None] | None,
    came: Callable[[], None] = lambda: None,
) -> Iterator[OnAir]:
    """A stack of one thread for each connection, all of whose answers have the body that `answer` gives for the request's
    head. `came` is called for each connection."""

    def handler(connection: socket.socket, _: int) -> None:
        came()
        while head := request(connection):
            body = answer(head)
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


def keeps(head: bytes) -> bool:
    """Whether that is a request of the load: who asks for the version has a new connection each time."""
    return b"Connection: keep-alive" in head


def test_a_reload_is_over_when_all_answers_are_of_the_new_code(site: Path) -> None:
    loaded = [(site / "bench_version.py").read_bytes()]
    asked: list[bytes] = []

    def answer(head: bytes) -> bytes:
        asked.append(head)
        return loaded[-1]

    def reload() -> None:
        until(lambda: any(map(keeps, asked)), what="the load has begun")
        loaded.append((site / "bench_version.py").read_bytes())

    with served(site, answer, reload) as air:
        assert reloads.left_out(air, Effort()) == ""
        figures = reloads.measure(air, Effort())
    assert len(loaded) == 2
    assert figures["lost"] == 0
    assert figures["seconds"] > 0
    assert figures["answers"] > 0
    assert reloads.seen((figures,)) == {"reload": True}


def test_what_a_reload_answers_with_an_error_is_lost(site: Path) -> None:
    loaded, errors = [b"1"], []

    def answer(head: bytes) -> bytes:
        with suppress(IndexError):
            return errors.pop() if keeps(head) else loaded[-1]
        return loaded[-1]

    def reload() -> None:
        loaded.append((site / "bench_version.py").read_bytes())
        errors.extend([b""] * 6)
        until(lambda: not errors, what="all errors are given")

    with served(site, answer, reload) as air:
        figures = reloads.measure(air, Effort())
    assert figures["lost"] == 6
    assert reloads.seen((figures, {**figures, "lost": 0.0})) == {"reload": False}


def test_a_stack_that_keeps_the_old_code_fails(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloads, "_PATIENCE_S", 0.2)
    with served(site, lambda _: b"1", lambda: None) as air, pytest.raises(Failed, match="old code"):
        reloads.measure(air, Effort())


def test_a_stack_that_refuses_to_reload_fails_with_what_it_said(site: Path) -> None:
    def reload() -> None:
        raise RuntimeError("no such signal")

    with served(site, lambda _: b"1", reload) as air, pytest.raises(Failed, match="no such signal"):
        reloads.measure(air, Effort())


def test_a_stack_that_cannot_reload_is_left_out_and_known_for_it(site: Path) -> None:
    with served(site, lambda _: b"1", None) as air:
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
    connections: list[None] = []

    def settle(_: float) -> None:
        """Until all have connected, after the one that found the stack up and those of the load before."""
        until(lambda: len(connections) >= 1 + CLIENTS + slow.SLOW, what="the slow clients are there")

    monkeypatch.setattr(slow, "SLOW", 6)
    monkeypatch.setattr(slow, "time", SimpleNamespace(sleep=settle))
    monkeypatch.setattr(slow, "_BYTE_S", 0.02)
    monkeypatch.setattr(slow, "_SECONDS", 1.0)
    with served(site, lambda _: b"1", None, came=lambda: connections.append(None)) as air:
        figures = slow.measure(air, replace(Effort(), scale=1.0))
    assert (figures["lost"], figures["held"], figures["closed"]) == (0, 6, 0)
    assert figures["per_s"] > 0
    assert figures["ratio"] > 0
