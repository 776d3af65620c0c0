"""Lines as Lambda writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.transforms import lambda_log
from tests.unit.transforms.outcome import after

if TYPE_CHECKING:
    from pipeline.model import Json

ID = "8fc6f963-411b-58b5-8483-a32130c0f45d"
RESOURCE: dict[str, Json] = {"aws.log.group.names": ["/aws/lambda/orders"]}
REPORT = (
    f"REPORT RequestId: {ID}\tDuration: 201.67 ms\tBilled Duration: 682 ms\tMemory Size: 2048 MB\t"
    "Max Memory Used: 81 MB\tInit Duration: 480.25 ms\t\n"
    "XRAY TraceId: 1-61c86fa4-59b3c6d959653c527fd10966\tSegmentId: 107ea78a5750a811\tSampled: true\t"
)


def said(body: Json) -> dict[str, Any]:
    """What is read of a line, without what is the same for all."""
    (data,) = after(lambda_log.read, {"body": body, "resource": RESOURCE})
    return {name: value for name, value in data.items() if name != "resource" and (name, value) != ("body", body)}
