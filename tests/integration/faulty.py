"""A loopback proxy before LocalStack that does to PutRecords what a network and a busy stream do, as it is told."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from pipeline.testing.kinesis import Fail, Refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.testing.kinesis import Fault

_JSON = "application/x-amz-json-1.1"
_NEVER_LINGER = struct.pack("ii", 1, 0)


@dataclass
class Faulty:
    """Where the proxy listens, and what goes wrong in its next calls; after them all goes well.

    A call that fails is reset or answered with 500, in turn; where it is carried out, before or after that.
    """

    endpoint_url: str
    faults: Iterator[Fault | None] = field(default_factory=lambda: iter(()))
    failed: int = 0


class Proxy(ThreadingHTTPServer):
    """Passes on to the target what nothing is told about."""

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = target
        self.told = Faulty(f"http://127.0.0.1:{self.server_port}")


class Handler(BaseHTTPRequestHandler):
    """One connection of a client's."""

    server: Proxy
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_put = self.headers["X-Amz-Target"] == "Kinesis_20131202.PutRecords"
        fault = next(self.server.told.faults, None) if is_put else None
        if isinstance(fault, Fail):
            if fault.is_carried_out:
                self._forward(body)
            self._fail()
        elif isinstance(fault, Refuse):
            self._answer(200, self._refuse(body, fault))
        else:
            self._answer(*self._forward(body))

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        upstream = http.client.HTTPConnection(self.server.target, timeout=20)
        names = ("Authorization", "Content-Type", "X-Amz-Date", "X-Amz-Target")
        upstream.request("POST", "/", body, {name: self.headers[name] for name in names})
        response = upstream.getresponse()
        answer = response.status, response.read()
        upstream.close()
        return answer

    def _refuse(self, body: bytes, fault: Refuse) -> bytes:
        """Some of the entries are never put, and the others are answered for as they were."""
        call = orjson.loads(body)
        entries = call["Records"]
        call["Records"] = [entry for place, entry in enumerate(entries) if place not in fault.places]
        accepted = iter(orjson.loads(self._forward(orjson.dumps(call))[1])["Records"] if call["Records"] else ())
        refused = {"ErrorCode": fault.error_code, "ErrorMessage": "as it was told"}
        answers = [refused if place in fault.places else next(accepted) for place in range(len(entries))]
        return orjson.dumps({"FailedRecordCount": answers.count(refused), "Records": answers})

    def _fail(self) -> None:
        self.server.told.failed += 1
        if self.server.told.failed % 2:
            self._answer(500, b'{"__type":"InternalFailure"}')
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NEVER_LINGER)  # close, and so reset
        self.close_connection = True

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", _JSON)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def faulty(endpoint_url: str) -> Iterator[Faulty]:
    """A proxy before that endpoint."""
    with Proxy(urlsplit(endpoint_url).netloc) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.told
        finally:
            server.shutdown()
