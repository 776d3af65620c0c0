"""Builders of events as a REST API of API Gateway hands them to a function."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


def api_event(
    method: str,
    resource: str,
    path: Mapping[str, str] | None = None,
    *,
    query: Mapping[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> dict[str, Any]:
    """A request (developer guide, "Input format of a Lambda function for proxy integration").

    Args:
        method: GET, POST, …
        resource: `/events/{name}`.
        path: the parameters in it; they are percent-encoded here, as a REST API leaves them.
        query: each parameter with its values.
        headers: as they were sent.
        body: sent in base64, as all media types are binary to the API.
    """
    given, sent = dict(path or {}), {"Host": "abcdef1234.execute-api.us-east-1.amazonaws.com", **(headers or {})}
    where = resource
    for name, value in given.items():
        where = where.replace(f"{{{name}}}", quote(value, safe="", errors="surrogatepass"))
    return {
        "resource": resource,
        "path": where,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": given or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/v1{where}",
            "stage": "v1",
            "protocol": "HTTP/1.1",
            "requestId": REQUEST_ID,
            "requestTimeEpoch": 1_764_000_000_250,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "curl/8.5.0"},
            "apiId": "abcdef1234",
        },
        "body": None if body is None else base64.b64encode(body).decode(),
        "isBase64Encoded": body is not None,
    }
