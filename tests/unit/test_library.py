"""What a program imports."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import pipeline
from pipeline import AsyncProducer, Producer, library
from pipeline.aws.clients import Clients
from pipeline.core.kpl import is_aggregate
from pipeline.model import Claim, Event
from pipeline.testing.kinesis import FakeStream

if TYPE_CHECKING:
    from pathlib import Path

LOG = Event("e-1", "//host/file", "log.v1", "2026-11-23T10:00:00Z", {"body": "x"}, "k")
CHANGE = Event("c-1", "//db", "change.v1", "2026-11-23T10:00:00Z", {}, "k")


def test_importing_the_package_imports_no_boto3() -> None:
    """Only asking for a producer does."""
    code = "import sys, pipeline; print('boto3' in sys.modules); pipeline.Producer; print('boto3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert "False\nTrue\n" == done.stdout


def test_the_package_has_nothing_else() -> None:
    """A wrong name is the error that it is anywhere."""
    with pytest.raises(AttributeError, match="module 'pipeline' has no attribute 'Consumer'"):
        pipeline.Consumer  # noqa: B018 - it is the point


def test_logs_are_aggregated_and_changes_are_not() -> None:
    """By default; any RecordStream will do."""
    stream = FakeStream()
    with Producer(stream) as producer:
        producer.put(LOG)
        producer.put(CHANGE)

    assert [False, True] == sorted(is_aggregate(entry.data) for entry in stream.records)


def test_the_default_can_be_changed() -> None:
    """Here it is the other way round, with asyncio."""
    stream = FakeStream()

    async def main() -> None:
        async with AsyncProducer(stream, aggregate={"change.v1"}) as producer:
            await producer.put(LOG)
            await producer.put(CHANGE)

    asyncio.run(main())
    (plain,) = (entry for entry in stream.records if not is_aggregate(entry.data))
    assert b"e-1" in plain.data


def test_a_name_is_looked_for_at_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """With region, profile and endpoint, as boto3 understands them."""
    stream, asked = FakeStream(), list[object]()

    def opened(name: str, **where: object) -> FakeStream:
        asked.append((name, where))
        return stream

    monkeypatch.setattr(library, "open_stream", opened)
    with Producer("events", region="eu-west-1", profile="p", endpoint_url="http://127.0.0.1:1") as producer:
        producer.put(LOG)

    place = {"region": "eu-west-1", "profile": "p", "endpoint_url": "http://127.0.0.1:1", "may_be_away": False}
    assert [("events", place)] == asked
    assert 1 == len(stream.records)


def test_a_producer_with_a_spill_can_begin_in_an_outage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stream that does not answer now is no reason not to begin where records can be kept."""
    asked: list[object] = []

    def opened(_name: str, *, may_be_away: bool, **_: object) -> FakeStream:
        asked.append(may_be_away)
        return FakeStream()

    monkeypatch.setattr(library, "open_stream", opened)
    Producer("events", spill=tmp_path).close()
    Producer("events").close()

    assert [True, False] == asked


def test_a_claims_bucket_is_where_too_large_data_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found where the stream is; giving it is enough."""
    stream, asked, left = FakeStream(), list[object](), list[Claim]()

    class Store:
        bucket = "claims"

        def leave(self, claim: Claim, body: bytes) -> None:
            assert claim.size_bytes == len(body)
            left.append(claim)

    def opened(bucket: str, clients: Clients) -> Store:
        asked.append((bucket, clients))
        return Store()

    monkeypatch.setattr(library, "open_claims", opened)
    large = Event("e-1", "//host/file", "log.v1", "2026-11-23T10:00:00Z", {"body": "x" * 2**20})

    async def main() -> None:
        async with AsyncProducer(stream, claims_bucket="claims", region="eu-west-1") as producer:
            assert (await (await producer.put(large))).is_accepted

    with Producer(stream, claims_bucket="claims", region="eu-west-1") as producer:
        producer.put(large)
    asyncio.run(main())

    assert [("claims", Clients(region="eu-west-1"))] * 2 == asked
    assert 2 == len(stream.records) == len(left)
    assert all(left[0].key.encode() in each.data for each in stream.records)


@pytest.fixture(autouse=True)
def _loops_have_sockets(socket_enabled: None) -> None:
    """An event loop wakes itself by a pair of connected sockets."""
