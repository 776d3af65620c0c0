"""What every RecordStream must do: the adapter for Kinesis and the fake are held against the same lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.chunk import MAX_ENTRIES
from pipeline.model import Accepted, Entry, Position

if TYPE_CHECKING:
    from pipeline.ports import RecordStream


def check_record_stream(stream: RecordStream) -> None:
    """Put onto a stream that is well; raises AssertionError where it does not keep to the port."""
    answers = stream.put([_entry(number, f"key-{number}") for number in range(MAX_ENTRIES)])
    _expect(len(answers) == MAX_ENTRIES, "one answer for each of 500 entries")
    _expect(all(isinstance(answer, Accepted) for answer in answers), "a stream that is well accepts all")
    first, second = (_accepted(stream, number, "one key") for number in (1, 2))
    _expect(first.shard == second.shard, "one key, one shard")
    _expect(int(first.sequence_number) < int(second.sequence_number), "what is put later lies later")
    _accepted(stream, 3, "k" * 256)
    _accepted(stream, 4, "🐟" * 128)


def _accepted(stream: RecordStream, number: int, key: str) -> Accepted:
    (answer,) = stream.put([_entry(number, key)])
    _expect(isinstance(answer, Accepted), f"an entry with a key of {len(key)} characters is accepted")
    return answer  # type: ignore[return-value] # it has just been checked


def _entry(number: int, key: str) -> Entry:
    return Entry(Position("contract", "", str(number)), key, b"x")


def _expect(is_so: object, what: str) -> None:
    if not is_so:
        raise AssertionError(what)
