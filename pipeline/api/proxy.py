"""The proxy event of a REST API → Request; Response → what API Gateway wants back.

Format: API Gateway developer guide, "Input format of a Lambda function for proxy integration", and "Output format …".

A REST API leaves percent-encoding in `path` as it came, so the parameters are taken from there, by the place that they
have in the resource; counted from the end, because the path begins with the base path of a custom domain, if there is
one. Query parameters arrive decoded. All media types are binary to the API, so every body arrives as base64.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Json

JSON: Final = "application/json"
# Nothing here may be kept by a cache, or be taken for anything but what it says it is.
_ALWAYS: Final = {"Content-Type": JSON, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class NotText(ValueError):
    """A path, a query or a header holds what is no UTF-8, or a body is no base64."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Args:
        method: GET, POST, …
        resource: as the API declares it: `/state/{table}/{key}`.
        path: the parameters in it, decoded.
        query: each parameter with all its values, decoded.
        headers: names in lower case; of several the last.
        content: the body in base64, or in text.
        request_id: what API Gateway calls the request.
    """

    method: str
    resource: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: str = ""
    is_base64: bool = False
    request_id: str = ""

    @property
    def body_bytes(self) -> int:
        """The least that the body can measure, known without decoding it."""
        return len(self.content) // 4 * 3 - 2 if self.is_base64 else len(self.content)

    def body(self) -> bytes:
        """The body as it was sent. Raises NotText."""
        try:
            return base64.b64decode(self.content, validate=True) if self.is_base64 else self.content.encode()
        except ValueError:
            raise NotText("the body cannot be decoded") from None


class Response(NamedTuple):
    """An answer.

    Args:
        status: HTTP's.
        body: None has no content.
        headers: besides those of every answer.
        events: how many events had which status, for the metrics, and
        reasons: how often what was wrong: the stable codes of events, and what AWS said.
    """

    status: int
    body: Json
    headers: Mapping[str, str] = {}
    events: Mapping[int, int] = {}
    reasons: Mapping[str, int] = {}


def read(event: Mapping[str, Any]) -> Request:
    """The request in a proxy event. Raises NotText; KeyError or TypeError when it is no proxy event."""
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    return Request(
        method=event["httpMethod"],
        resource=event["resource"],
        path=_path(event["resource"], event["path"]),
        query=_query(event),
        headers={name: _text(value) for name, value in headers.items()},
        content=event.get("body") or "",
        is_base64=bool(event.get("isBase64Encoded")),
        request_id=str(event.get("requestContext", {}).get("requestId", "")),
    )


def write(response: Response) -> dict[str, Any]:
    """What API Gateway wants back."""
    return {
        "statusCode": int(response.status),
        "headers": {**_ALWAYS, **response.headers},
        "body": "" if response.body is None else orjson.dumps(response.body).decode(),
        "isBase64Encoded": False,
    }


def _path(resource: str, path: str) -> dict[str, str]:
    names, parts = resource.split("/"), path.split("/")
    pairs = zip(reversed(names), reversed(parts), strict=False)
    return {name.strip("{}+"): _decoded(part) for name, part in pairs if name.startswith("{")}


def _decoded(part: str) -> str:
    try:
        return _text(unquote(part, errors="strict"))
    except UnicodeDecodeError:
        raise NotText("the path is not UTF-8") from None


def _query(event: Mapping[str, Any]) -> dict[str, list[str]]:
    several = event.get("multiValueQueryStringParameters")
    if several is None:
        several = {name: [value] for name, value in (event.get("queryStringParameters") or {}).items()}
    return {_text(name): [_text(value) for value in given] for name, given in several.items()}


def _text(text: str) -> str:
    """The text, if it can be written in UTF-8: JSON can hold half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotText("the request holds text that is not Unicode") from None
    return text
