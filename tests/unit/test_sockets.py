from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketBlockedError, SocketConnectBlockedError

pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use")


def test_no_socket() -> None:
    """A unit test cannot open a socket."""
    with pytest.raises(SocketBlockedError):
        socket.socket()


@pytest.mark.loopback
def test_loopback() -> None:
    """A test marked loopback reaches this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, address = server.accept()
        accepted.close()
        assert client.getsockname() == address


@pytest.mark.loopback
def test_loopback_only() -> None:
    """A test marked loopback reaches no other machine."""
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 9))
