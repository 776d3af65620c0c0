"""Requests that write items, put into JSON by orjson: the same JSON, signed, sent and tried again by botocore as ever.

botocore walks a request attribute by attribute, and only then writes it with `json.dumps`: most of what a call of 25
items costs. `write_out` has the request written here, and leaves botocore a call without items. In it an item may be
what it is in JSON already, as an `orjson.Fragment`: it goes out as it is.

Both events are public (boto3's "Extensibility guide"): `provide-client-params` may replace the arguments of a call, and
`before-call`, before the request is signed, its body. What lies between them is found in the call's own context.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WRITTEN: Final = "pipeline_written"


def write_out(client: DynamoDBClient) -> None:
    """Have this client write the requests of PutItem and BatchWriteItem here. Doing so twice is fine."""
    events: Any = client.meta.events
    for operation in ("PutItem", "BatchWriteItem"):
        events.register(f"provide-client-params.dynamodb.{operation}", _write, unique_id=f"pipeline-{operation}-write")
        events.register(f"before-call.dynamodb.{operation}", _replace, unique_id=f"pipeline-{operation}-replace")


def _write(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
    """The arguments without their items; the tables' names stay, by which botocore finds the endpoint."""
    context[_WRITTEN] = orjson.dumps(params, default=_blob)
    left: dict[str, Any] = {"Item": {}, "RequestItems": {table: [{}] for table in params.get("RequestItems", ())}}
    return {name: left.get(name, value) for name, value in params.items()}


def _replace(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    """Before the request is signed."""
    params["body"] = context.pop(_WRITTEN)


def _blob(value: object) -> str:
    """A binary as the protocol has it (`json` 1.0: in base64)."""
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode("ascii")
    raise TypeError  # orjson says of what
