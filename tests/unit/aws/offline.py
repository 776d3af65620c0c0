"""Clients of botocore's that open no socket."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders


def offline(service: str, status: int, body: bytes) -> tuple[Any, list[Any]]:
    """A client that is answered so whatever it asks, and the requests that it would have sent."""
    session = boto3.Session(region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")  # noqa: S106 - nobody's
    make: Any = session.client
    made: Any = make(service)
    requests: list[Any] = []

    def answer(request: Any, **_: object) -> AWSResponse:  # noqa: ANN401 - an AWSPreparedRequest
        requests.append(request)
        raw: Any = SimpleNamespace(stream=lambda: iter([body]))
        return AWSResponse(request.url, status, HTTPHeaders(), raw)

    made.meta.events.register(f"before-send.{service}", answer)
    return made, requests
