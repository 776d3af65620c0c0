from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING

import pytest

from pipeline.emulator import health
from pipeline.emulator.health import Health

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    type Serve = Callable[[int, bytes], str]

pytestmark = pytest.mark.loopback


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that answers everything the same; gives its URL."""
    servers: list[http.server.HTTPServer] = []

    def start(status: int, body: bytes) -> str:
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing to say."""

        server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_healthy(serve: Serve) -> None:
    """LocalStack tells its version and the state of its services."""
    url = serve(
        200, b'{"services": {"s3": "running", "sqs": "available"}, "edition": "community", "version": "4.14.0"}'
    )
    assert Health("4.14.0", {"s3": "running", "sqs": "available"}) == health.ask(url)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"version": "1"}'),
        (200, b'{"version": "1", "services": 3}'),
        (404, b"{}"),
    ],
)
def test_somebody_else(serve: Serve, status: int, body: bytes) -> None:
    """A server that is not LocalStack is not healthy."""
    assert health.ask(serve(status, body)) is None


def test_nobody() -> None:
    """Where nobody listens, nobody is healthy."""
    assert health.ask("http://127.0.0.1:9") is None
