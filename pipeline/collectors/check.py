"""One check of one target: connect, and over HTTP ask and read the head of the answer. Bounded in time and in bytes.

    TCP      up when the connection is made
    HTTP     up when the status is below 400; a redirect is an answer, and not followed; the body is not read

The bound is of the whole check: every step has what is left of it, so an answer that drips in byte by byte ends with it
as well. Only resolving the name cannot be bounded here; whoever calls does not wait for it.

`error_type` is one of OpenTelemetry's kind: few and stable. The status of an HTTP error is one too ("Semantic
conventions for HTTP", error.type).
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.collectors.target import Target

# A head has some hundred bytes; servers refuse those of requests above 8 to 64 KB.
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_DETAIL_CHARACTERS: Final = 200
_ERROR_STATUS: Final = 400


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Args:
        seconds: until the connection, the head of the answer, or the failure was there.
        status: of HTTP.
        error_type: None when the target is up.
        detail: what was wrong, for a person.
    """

    seconds: float
    status: int | None = None
    error_type: str | None = None
    detail: str = ""


def check(target: Target, seconds: float, clock: Callable[[], float] = time.monotonic) -> Checked:
    """Check a target within that many seconds, but for resolving its name. Raises nothing of the network."""
    begun = clock()

    def left() -> float:
        if (rest := begun + seconds - clock()) <= 0:
            raise TimeoutError(f"no answer within {seconds:.3g} s")
        return rest

    try:
        with _connect(target, left) as connection:
            status = None if target.scheme == "tcp" else _status(target, connection, left)
    except (OSError, HTTPException, UnicodeError) as error:
        kind = next(name for kinds, name in ERRORS if isinstance(error, kinds))
        return Checked(clock() - begun, None, kind, _detail(error))
    if status is not None and status >= _ERROR_STATUS:
        return Checked(clock() - begun, status, str(status), f"answered {status}")
    return Checked(clock() - begun, status)


def _connect(target: Target, left: Callable[[], float]) -> socket.socket:
    """A connection to the first address that takes one; the time left is shared among those to come."""
    addresses = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    failed: OSError = TimeoutError("no address")
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(left() / (len(addresses) - place))
            connection.connect(address)
            if target.scheme == "https":
                connection.settimeout(left())
                connection = _tls().wrap_socket(connection, server_hostname=target.host)
        except OSError as error:
            connection.close()
            failed = error
        else:
            return connection
    raise failed


@cache
def _tls() -> ssl.SSLContext:
    """Trusts whom this machine trusts; reading that list costs more than a check."""
    return ssl.create_default_context()


def _status(target: Target, connection: socket.socket, left: Callable[[], float]) -> int:
    """The status of the answer, its head read to the end."""
    authority = target.text.partition("://")[2].partition("/")[0].partition("?")[0]
    connection.settimeout(left())
    connection.sendall(
        f"GET {target.path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: kinesis-pipeline-ping\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n".encode("ascii")
    )
    # It asks for no more than `makefile`.
    response = HTTPResponse(cast("socket.socket", _Bounded(connection, left)))
    try:
        response.begin()
    finally:
        response.close()
    return response.status


@dataclass(eq=False)
class _Bounded(io.RawIOBase):
    """What is read from a connection, with an end to its time and its bytes."""

    connection: socket.socket
    left: Callable[[], float]
    bytes_left: int = MAX_HEAD_BYTES

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        self.connection.settimeout(self.left())
        read = self.connection.recv_into(cast("bytearray", buffer))
        self.bytes_left -= read
        if self.bytes_left < 0:
            raise HTTPException(f"the head of the answer is larger than {MAX_HEAD_BYTES} bytes")
        return read


def _detail(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split())[:MAX_DETAIL_CHARACTERS]


# The first that fits: most are kinds of OSError.
ERRORS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (ssl.SSLCertVerificationError, "server_certificate_invalid"),
    (TimeoutError, "timeout"),
    (socket.gaierror, "name_resolution_error"),
    (UnicodeError, "name_resolution_error"),
    (HTTPException, "invalid_response"),
    (ssl.SSLError, "secure_connection_error"),
    (ConnectionRefusedError, "connection_refused"),
    (OSError, "connection_error"),
)
