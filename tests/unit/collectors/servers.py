"""Servers on this machine that answer as told, well and badly."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Answer = Callable[[socket.socket, threading.Event], None]
"""Answers one connection; the event is set when the test is over."""

SELF_SIGNED = Path(__file__).with_name("self_signed.pem")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
DOWN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
HINTED = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"


class Servers:
    """Starts servers, and counts the connections that each was asked for."""

    def __init__(self, over: threading.Event, stack: contextlib.ExitStack) -> None:
        self.asked: list[bytes] = []
        self._over, self._stack = over, stack

    def start(self, answer: Answer) -> int:
        """The port of a server that answers so."""
        listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=self._serve, args=(listener, answer), daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    def dead(self) -> int:
        """A port that refuses: a socket has it, and does not listen."""
        held = self._stack.enter_context(socket.socket())
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port

    def says(self, head: bytes) -> Answer:
        """Reads what is asked, and says this."""

        def answer(connection: socket.socket, over: threading.Event) -> None:
            del over
            self.asked.append(connection.recv(65536))
            connection.sendall(head)

        return answer

    def _serve(self, listener: socket.socket, answer: Answer) -> None:
        while not self._over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection, answer), daemon=True).start()

    def _answer(self, connection: socket.socket, answer: Answer) -> None:
        with connection, contextlib.suppress(OSError):
            answer(connection, self._over)


def silent(_connection: socket.socket, over: threading.Event) -> None:
    """Never says a word."""
    over.wait()


def hangs_in_the_head(connection: socket.socket, over: threading.Event) -> None:
    """Begins, and does not go on."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")
    over.wait()


def drips(connection: socket.socket, over: threading.Event) -> None:
    """A byte every now and then, each in time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not over.wait(0.02):
        connection.sendall(b"x")


def never_ends_its_head(connection: socket.socket, over: threading.Event) -> None:
    """Line after line."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not over.is_set():
        connection.sendall(b"X-Header: " + b"x" * 8000 + b"\r\n")


def never_ends_its_body(connection: socket.socket, over: threading.Event) -> None:
    """Byte after byte."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not over.is_set():
        connection.sendall(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")


def vouches_for_itself(connection: socket.socket, _over: threading.Event) -> None:
    """TLS, with a certificate that nobody else has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SELF_SIGNED)
    with context.wrap_socket(connection, server_side=True) as secure:
        secure.recv(65536)
        secure.sendall(OK)


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Servers that end with the test."""
    over = threading.Event()
    with contextlib.ExitStack() as stack:
        yield Servers(over, stack)
        over.set()
