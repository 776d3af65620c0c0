"""A DynamoDB Streams record → a `change.v1` event: the change, Debezium-shaped, and nothing of it lost.

The subject is the entity, `<table>/<key>`; it is also the partition key on the stream, so the changes of one item stay
in order. The version is the change's sequence number: numbers of one item only grow (developer guide, "DynamoDB
Streams"). A delete by TTL is told from a user's by the record's userIdentity; without one it is a user's.

Both images are needed: half a change could be neither applied nor undone, nor told from a write of our own. So a stream
with any other view is a misconfiguration of the table, and so is the results table's, which would feed on itself.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pipeline.core.attribute_value import tagged_image
from pipeline.core.times import rfc3339
from pipeline.errors import Misconfiguration, Rejection
from pipeline.model import Event, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.model import AttributeValue, Image, Json, Record

TYPE: Final = "change.v1"
# 255 bytes of table name and this much key stay below the 1,024 bytes of a subject.
MAX_KEY_TEXT_BYTES: Final = 700
_OPERATIONS: Final = {"INSERT": "c", "MODIFY": "u", "REMOVE": "d"}
_IMAGES: Final = {"INSERT": ("NewImage",), "MODIFY": ("OldImage", "NewImage"), "REMOVE": ("OldImage",)}
_VIEW: Final = "NEW_AND_OLD_IMAGES"
_TTL: Final = {"type": "service", "principalid": "dynamodb.amazonaws.com"}


def decode(record: Record) -> Event:
    """The change in a DynamoDB Streams record. Raises Rejection: not_an_event when it is not a change."""
    try:
        return _event(record)
    except KeyError as error:
        raise Rejection(Reason.NOT_AN_EVENT, f"the stream record has no {error}") from None


def check_source(results_table: str) -> Callable[[Sequence[Record]], None]:
    """A check of batches, which raises Misconfiguration where no stream of a source table is read.

    What it refuses is never a dead letter: Lambda tries it again, and in the end keeps the whole batch.
    """

    def check(records: Sequence[Record]) -> None:
        for record in records:
            table = record.position.stream
            if table == results_table:
                raise Misconfiguration(
                    f"{table} is the results table, and relaying its changes would never end; "
                    "delete the event source mapping that reads its stream"
                )
            view = record.original.get("dynamodb", {}).get("StreamViewType", _VIEW)
            if view != _VIEW:
                raise Misconfiguration(
                    f"the stream of table {table} carries {view}, and a change needs {_VIEW}; "
                    "make its stream anew with that view, and deploy"
                )

    return check


def _event(record: Record) -> Event:
    original = record.original
    for name in _IMAGES[original["eventName"]]:
        if name not in original["dynamodb"]:
            raise KeyError(name)
    return event(
        original,
        event_id=original["eventID"],
        source=original["eventSourceARN"].partition("/stream/")[0],
        table=record.position.stream,
        version=record.position.sequence_number,
        time=rfc3339(record.arrived_at),
    )


def event(original: Mapping[str, Any], *, event_id: str, source: str, table: str, version: str, time: str) -> Event:
    """The event of a change: names and images as DynamoDB writes them. Raises KeyError for what is missing."""
    change = original["dynamodb"]
    keys = change["Keys"]
    where: dict[str, Json] = {"table": table, "event_id": original["eventID"], "sequence_number": version}
    if original["eventName"] == "REMOVE":
        where["deleted_by"] = _deleted_by(original.get("userIdentity"))
    return Event(
        id=event_id,
        source=source,
        type=TYPE,
        time=time,
        subject=f"{table}/{key_text(keys)}",
        data={
            "op": _OPERATIONS[original["eventName"]],
            "key": tagged_image(keys),
            "before": _image(change.get("OldImage")),
            "after": _image(change.get("NewImage")),
            "source": where,
        },
    )


def key_text(keys: Image) -> str:
    """An item's key as one text: its values in the order of their names, joined by `/`, percent-encoded, bounded.

    Different keys of one table have different texts. A hash begins with `/`, no key does: its values are never empty.

    >>> key_text({"order_id": {"S": "42"}, "line": {"N": "7"}})
    '7/42'
    """
    text = "/".join(_key_part(keys[name]) for name in sorted(keys))
    if len(text) <= MAX_KEY_TEXT_BYTES:
        return text
    return f"/sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _key_part(value: AttributeValue) -> str:
    ((_, content),) = value.items()
    return quote(content, safe=" !#$&'()*+,:;=?@[]")


def _image(image: Image | None) -> Json:
    return None if image is None else tagged_image(image)


def _deleted_by(identity: Any) -> str:  # noqa: ANN401 - whatever the record holds there
    if not isinstance(identity, dict):
        return "user"
    given = {str(name).lower(): str(value).lower() for name, value in identity.items()}
    return "ttl" if given.items() >= _TTL.items() else "user"
