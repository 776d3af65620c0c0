"""LocalStack's Kinesis, throttled as it is told."""

from __future__ import annotations

import http.client
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def throttled(endpoint_url: str, share: float) -> Iterator[None]:
    """LocalStack refuses that share of the calls, each with all of its entries."""
    _configure(endpoint_url, share)
    try:
        yield
    finally:
        _configure(endpoint_url, 0.0)


def _configure(endpoint_url: str, share: float) -> None:
    connection = http.client.HTTPConnection(urlsplit(endpoint_url).netloc, timeout=10)
    body = orjson.dumps({"variable": "KINESIS_ERROR_PROBABILITY", "value": share})
    connection.request("POST", "/_localstack/config", body, {"Content-Type": "application/json"})
    assert share == orjson.loads(connection.getresponse().read())["value"]
    connection.close()
