"""A line of an input → the records that it stands for, if it holds records that were on a stream already.

    {"eventSource": "aws:kinesis", …}         a record as Lambda delivers it; "aws:dynamodb" of DynamoDB Streams
    {"Records": […]}                          a batch of them
    {"payload": {"Records": […]}, …}          a batch that Lambda gave up, as the on-failure destination has it
    {"reason": …, "record": {…}, …}           a dead letter: its record, and of one that came packed that part alone

Any other line is what `pipeline put` makes of it, as a record of a stream that is not there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from pipeline.cli.trial.outcome import Was
from pipeline.core.chunk import MAX_RECORD_BYTES, partition_key
from pipeline.core.encode import cloudevent
from pipeline.core.records import read
from pipeline.errors import InputError, Misconfiguration
from pipeline.model import Event, Position, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.log_line import Shipment
    from pipeline.model import LambdaRecord

KINESIS: Final = "aws:kinesis"
CHANGES: Final = "aws:dynamodb"
STREAM: Final = "dry-run"
# What every record has in common that was never on a stream; its data stand beside it.
_ORIGINAL: Final[LambdaRecord] = {
    "eventSource": KINESIS,
    "eventSourceARN": f"arn:aws:kinesis:us-east-1:000000000000:stream/{STREAM}",
    "kinesis": {},
}
# Looked for before a line is read as JSON: all that may be such a record have it.
_MARK: Final = b"eventSource"


class Given(NamedTuple):
    """A record to run.

    Args:
        file: the input that it is in.
        line: its number there.
        record: as Lambda delivers it, or with data of its own.
        only: which user record is meant; None for all there are.
        was: why it became a dead letter before.
    """

    file: str
    line: int
    record: Record
    only: int | None = None
    was: Was | None = None

    @property
    def is_change(self) -> bool:
        """Whether it is for `relay_changes` rather than for `process`."""
        return bool(self.record.original["eventSource"] == CHANGES)


def records_in(file: str, line: int, content: bytes) -> Sequence[Given] | None:
    """The records of streams that a line holds, or None. Raises InputError for those that cannot be run."""
    if _MARK not in content:
        return None
    try:
        value = json.loads(content)  # as dead letters are written: orjson refuses half surrogates and long integers
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or "specversion" in value:
        return None
    if isinstance(value.get("record"), dict) and {"reason", "stage", "detail", "position"} <= value.keys():
        return [_dead_letter(file, line, value)]
    originals = _originals(value)
    if not originals or not all(map(_is_of_stream, originals)):
        return None
    return [Given(file, line, each) for each in _read(originals)]


def on_stream(file: str, line: int, shipment: Shipment, number: int, arrived_at: float) -> Given:
    """What would be on the stream for a line, as the record of that number. Raises InputError when it is too large."""
    record, key, _ = shipment
    data = orjson.dumps(cloudevent(record)) if isinstance(record, Event) else record
    size = len(data) + len(partition_key(key).encode())
    if size > MAX_RECORD_BYTES:
        raise InputError(f"{size:,} bytes in all; a record on the stream is at most {MAX_RECORD_BYTES:,}")
    position = Position(STREAM, "shardId-000000000000", str(number))
    return Given(file, line, Record(position, _ORIGINAL, arrived_at, data))


def _dead_letter(file: str, line: int, letter: dict[str, Any]) -> Given:
    original, position = letter["record"], letter["position"]
    if not _is_of_stream(original):
        raise InputError(
            f"a dead letter of {letter.get('function')}, whose record is none of a stream; "
            "those of process and relay_changes can be run"
        )
    (record,) = _read([original])
    was = Was(str(letter["reason"]), str(letter["stage"]), str(letter["detail"]))
    number = position.get("sub_sequence_number") if isinstance(position, dict) else None
    return Given(file, line, record, number if isinstance(number, int) else None, was)


def _originals(value: dict[str, Any]) -> list[Any]:
    payload = value.get("payload")
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except (ValueError, RecursionError):
            return []
    batch = payload if isinstance(payload, dict) else value
    records = batch.get("Records")
    return records if isinstance(records, list) else [value]


def _is_of_stream(original: object) -> bool:
    match original:
        case {"eventSource": "aws:kinesis" | "aws:dynamodb", "eventSourceARN": str()}:
            return True
    return False


def _read(originals: list[Any]) -> list[Record]:
    try:
        return read({"Records": originals})
    except Misconfiguration as error:
        cause = error.__cause__
        raise InputError(f"not a record as Lambda delivers it ({type(cause).__name__}: {cause})") from None
