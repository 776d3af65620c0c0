"""The stream in memory is as strict as the service."""

import pytest

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.model import Entry, Position
from pipeline.testing.kinesis import FakeStream
from pipeline.testing.record_stream import check_record_stream


def entry(number: int = 1, key: str = "k", data: bytes = b"x") -> Entry:
    return Entry(Position("file", "", str(number)), key, data)


def test_it_keeps_the_contract() -> None:
    """The same lines that the Kinesis adapter is held against on LocalStack."""
    check_record_stream(FakeStream())


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [entry(number) for number in range(501)],
        [entry(number, data=b"x" * 1_000_000) for number in range(6)],
        [entry(data=b"x" * MAX_RECORD_BYTES)],
        [entry(key="")],
        [entry(key="k" * 257)],
        [entry(key="🐟" * 129)],
    ],
    ids=["none", "501", "over 5 MiB", "over 1 MiB", "no key", "long key", "long key in UTF-16"],
)
def test_it_refuses_what_kinesis_refuses(entries: list[Entry]) -> None:
    """A producer that makes such a call has a bug."""
    with pytest.raises(ValueError, match=r"call|large"):
        FakeStream().put(entries)
