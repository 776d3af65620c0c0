from __future__ import annotations

import http.client
import importlib
import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

runtime_api = importlib.import_module("process_executor.runtime_api")
answers = importlib.import_module("process_executor.answers")

pytestmark = pytest.mark.loopback

BASE = "/2018-06-01/runtime"


@pytest.fixture
def api() -> Iterator[Any]:
    """A Runtime API."""
    made = runtime_api.RuntimeApi()
    yield made
    made.close()


@pytest.fixture
def client(api: Any) -> Iterator[http.client.HTTPConnection]:  # noqa: ANN401 - from the plugin
    """A connection that stays open over several requests, as the runtime's does."""
    connection = http.client.HTTPConnection(api.address, timeout=5)
    yield connection
    connection.close()


def ask(client: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Status and body of one request."""
    client.request(method, BASE + path, body)
    answer = client.getresponse()
    return answer.status, answer.read()


def test_next(api: Any, client: http.client.HTTPConnection) -> None:  # noqa: ANN401 - from the plugin
    """An invocation is given with its id, its headers and its event, byte for byte."""
    api.give(runtime_api.Next("r-1", {"Lambda-Runtime-Deadline-Ms": "12"}, '{"a": "é"}'.encode()))
    client.request("GET", f"{BASE}/invocation/next")
    answer = client.getresponse()
    assert '{"a": "é"}' == answer.read().decode()
    assert (200, "r-1", "12") == (
        answer.status,
        answer.headers["Lambda-Runtime-Aws-Request-Id"],
        answer.headers["Lambda-Runtime-Deadline-Ms"],
    )
    assert runtime_api.Ready() == api.outcomes.get(timeout=5)


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/invocation/r-1/response", runtime_api.Answered("r-1", b'"x"', is_error=False)),
        ("/invocation/r-1/error", runtime_api.Answered("r-1", b'"x"', is_error=True)),
        ("/init/error", runtime_api.InitFailed(b'"x"')),
    ],
)
def test_posts(api: Any, client: http.client.HTTPConnection, path: str, outcome: object) -> None:  # noqa: ANN401 - from the plugin
    """What the runtime posts becomes an outcome, one request after the other on one connection."""
    for _ in range(2):
        assert (202, b'{"status": "OK"}') == ask(client, "POST", path, b'"x"')
        assert outcome == api.outcomes.get(timeout=5)


@pytest.mark.parametrize(("over", "status"), [(0, 202), (1, 413)])
def test_response_limit(api: Any, client: http.client.HTTPConnection, over: int, status: int) -> None:  # noqa: ANN401 - from the plugin
    """A response of the limit passes, one byte more is refused and answered with an error."""
    size = answers.MAX_RESPONSE_BYTES + over
    assert status == ask(client, "POST", "/invocation/r-1/response", b"x" * size)[0]
    outcome = api.outcomes.get(timeout=5)
    assert bool(over) == outcome.is_error == outcome.is_lost


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("POST", "/invocation/next"), ("PUT", "/init/error")]
)
def test_unknown_path(client: http.client.HTTPConnection, method: str, path: str) -> None:
    """What the API does not have is not found."""
    assert 404 == ask(client, method, path)[0]


def test_rubbish(api: Any) -> None:  # noqa: ANN401 - from the plugin
    """What is not HTTP ends the connection."""
    host, port = api.address.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as rubbish:
        rubbish.sendall(b"hello\r\n\r\n")
        assert b"" == rubbish.recv(1)


def test_close(api: Any, client: http.client.HTTPConnection) -> None:  # noqa: ANN401 - from the plugin
    """A runtime that waits for its next invocation loses its connection when the environment ends."""
    client.request("GET", f"{BASE}/invocation/next")
    api.outcomes.get(timeout=5)
    api.close()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        client.getresponse()
