"""What a record of the results table's stream tells of."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from pipeline.aws.dynamodbstreams.reader import created_at
from pipeline.aws.results import shown

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef

    from pipeline.model import Json


def processed(record: RecordTypeDef) -> dict[str, Json] | None:
    """The processed event that a record of the results table's stream tells of, with the second it was written at.

    None for anything but a new event: the state of an entity, an item written again, one that expired.
    """
    image = record["dynamodb"].get("NewImage", {})
    if record["eventName"] != "INSERT" or image.get("sk") != {"S": "event"}:
        return None
    written_at = created_at(record).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {**shown(image), "processed_at": written_at}
