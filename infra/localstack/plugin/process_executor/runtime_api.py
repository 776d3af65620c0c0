"""The Lambda Runtime API on loopback, for one process of one execution environment.

The process asks GET .../invocation/next and waits there; what it posts (a response, an error, an init error) and
that it is waiting become outcomes in a queue, in the order in which they happen. Paths and headers: Lambda
developer guide, "Using the Lambda runtime API". HTTP is read by hand: http.server refuses a header line over 64
KiB, and the runtime sends up to 1 MiB (Lambda-Runtime-Function-XRay-Error-Cause).

A connection ends when the peer closes it, asks for something unknown, or `close` is called.
"""

from __future__ import annotations

import socketserver
import threading
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from process_executor import answers

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "/2018-06-01/runtime"
MAX_LINE_BYTES: Final = 2 * 1024 * 1024
_REASONS: Final = {200: "OK", 202: "Accepted", 400: "Bad Request", 404: "Not Found", 413: "Payload Too Large"}


@dataclass(frozen=True, slots=True)
class Next:
    """One invocation, as the runtime gets it."""

    request_id: str
    headers: Mapping[str, str]
    event: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """The runtime waits for its next invocation."""


@dataclass(frozen=True, slots=True)
class InitFailed:
    """The runtime could not load the handler; `body` is the error as JSON."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """The runtime answered an invocation, with a response or an error.

    `is_lost`: its response was refused as too large, and the runtime ends because of that.
    """

    request_id: str
    body: bytes
    is_error: bool
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Exited:
    """The runtime's process ended; `code` as subprocess gives it."""

    code: int


type Outcome = Ready | InitFailed | Answered | Exited


class RuntimeApi:
    """A server on a free loopback port. `outcomes` is what happened, `give` hands over an invocation."""

    def __init__(self) -> None:
        self.outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._invocations: SimpleQueue[Next | None] = SimpleQueue()
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.api = self
        threading.Thread(target=self._server.serve_forever, name="lambda-runtime-api", daemon=True).start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API: host:port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def give(self, invocation: Next) -> None:
        """Hand over an invocation; the runtime gets it when it asks."""
        self._invocations.put(invocation)

    def close(self) -> None:
        """Stop serving; a runtime that waits loses its connection."""
        self._invocations.put(None)
        threading.Thread(target=self._shut, daemon=True).start()  # it takes up to half a second

    def _shut(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reply(self, method: str, path: str, body: bytes) -> tuple[int, Mapping[str, str], bytes] | None:
        """Status, headers and body of one request; None closes the connection."""
        match (method, path.removeprefix(PREFIX).strip("/").split("/")):
            case ("GET", ["invocation", "next"]):
                return self._next()
            case ("POST", ["invocation", request_id, "response"]):
                return self._answered(request_id, body)
            case ("POST", ["invocation", request_id, "error"]):
                self.outcomes.put(Answered(request_id, body, is_error=True))
            case ("POST", ["init", "error"]):
                self.outcomes.put(InitFailed(body))
            case _:
                return 404, {}, b'{"errorType": "NotFound", "errorMessage": "no such path in the Lambda Runtime API"}'
        return 202, {}, b'{"status": "OK"}'

    def _next(self) -> tuple[int, Mapping[str, str], bytes] | None:
        self.outcomes.put(Ready())
        invocation = self._invocations.get()
        if invocation is None:
            return None
        headers = {"Lambda-Runtime-Aws-Request-Id": invocation.request_id, **invocation.headers}
        return 200, headers, invocation.event

    def _answered(self, request_id: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        if len(body) > answers.MAX_RESPONSE_BYTES:
            self.outcomes.put(Answered(request_id, answers.too_large(), is_error=True, is_lost=True))
            return 413, {}, answers.too_large()
        self.outcomes.put(Answered(request_id, body, is_error=False))
        return 202, {}, b'{"status": "OK"}'


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    api: RuntimeApi

    def handle_error(self, request: object, client_address: object) -> None:
        """A runtime that was killed in the middle of a request is no event."""


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle(self) -> None:
        while request := self._read():
            answer = self.server.api.reply(*request)  # type: ignore[attr-defined] # our own server
            if answer is None:
                return
            self._write(*answer)

    def _read(self) -> tuple[str, str, bytes] | None:
        words = self.rfile.readline(MAX_LINE_BYTES).decode("latin-1").split()
        if len(words) != 3:  # noqa: PLR2004 - METHOD PATH VERSION, or the end
            return None
        length = 0
        while (line := self.rfile.readline(MAX_LINE_BYTES)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
        return words[0], words[1], self.rfile.read(length)

    def _write(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        lines = [
            f"HTTP/1.1 {status} {_REASONS[status]}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        self.wfile.flush()
