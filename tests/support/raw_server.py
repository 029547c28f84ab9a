"""A server of raw bytes: each connection is handed to a function that reads and says what it likes."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

Handler = Callable[[socket.socket, int], None]


@contextlib.contextmanager
def raw_server(handler: Handler) -> Iterator[int]:
    """Its port. `handler` gets each connection, with its number from 0, in a thread of its own; then it is closed."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        threads: list[threading.Thread] = []
        accepting = threading.Thread(target=_accept, args=(listener, handler, threads))
        accepting.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(5)
            for thread in threads:
                thread.join(5)


def _accept(listener: socket.socket, handler: Handler, threads: list[threading.Thread]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threads.append(threading.Thread(target=_handle, args=(connection, len(threads), handler), daemon=True))
        threads[-1].start()


def _handle(connection: socket.socket, number: int, handler: Handler) -> None:
    with connection, contextlib.suppress(ConnectionError):
        handler(connection, number)


def request(connection: socket.socket) -> bytes:
    """The next request's head, and of its body what came with it; empty at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    return data


def answering(answer: bytes) -> Handler:
    """Gives that answer to each request of a connection, as long as there are any."""

    def handler(connection: socket.socket, _: int) -> None:
        while request(connection):
            connection.sendall(answer)

    return handler


def reset(connection: socket.socket) -> None:
    """Close it in the way that the other side sees as a reset (socket(7), SO_LINGER)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
