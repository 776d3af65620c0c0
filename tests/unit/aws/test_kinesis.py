"""The Kinesis adapter: what is sent, and what the answers mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws import kinesis
from pipeline.aws.kinesis import KinesisStream, open_stream, write_out
from pipeline.errors import Misconfiguration, NotDeployed, PipelineError, Retryable
from pipeline.model import Accepted, Entry, Position, Refused
from pipeline.testing.aws_errors import aws_error
from tests.unit.aws.offline import offline

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


@dataclass
class FakeKinesisClient:
    """Answers as it is told to, and keeps what it was asked."""

    records: list[dict[str, str]] = field(default_factory=list)
    error: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    distribution: str | None = None
    meta: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(region_name="us-east-1", endpoint_url="http://127.0.0.1:4566")
    )

    def put_records(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - the client's own shape
        return self._answer(request) | {"FailedRecordCount": 0, "Records": self.records}

    def describe_stream_summary(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - the client's own shape
        summary = {} if self.distribution is None else {"RecordDistributionStrategy": self.distribution}
        return self._answer(request) | {"StreamDescriptionSummary": summary}

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        return {}


def entry(number: int) -> Entry:
    return Entry(Position("file", "", str(number)), f"key-{number}", b"data")


def stream(client: FakeKinesisClient) -> KinesisStream:
    return KinesisStream(cast("KinesisClient", client), "events")


def test_one_call_with_one_answer_for_each_entry() -> None:
    """Each entry's own error code decides, not the count of failures; the answers keep the entries' order."""
    client = FakeKinesisClient(
        records=[
            {"ShardId": "shardId-000000000001", "SequenceNumber": "496"},
            {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard …"},
            {"ErrorCode": "InternalFailure"},
            {},
        ]
    )
    answers = stream(client).put([entry(number) for number in range(4)])

    assert [
        Accepted("shardId-000000000001", "496"),
        Refused("ProvisionedThroughputExceededException"),
        Refused("InternalFailure"),
        Refused("no sequence number"),
    ] == answers
    assert [
        {
            "StreamName": "events",
            "Records": [{"Data": b"data", "PartitionKey": f"key-{number}"} for number in range(4)],
        }
    ] == client.asked


def test_an_answer_for_too_few_entries_is_no_answer() -> None:
    """Nothing is guessed: the call is made again."""
    client = FakeKinesisClient(records=[{"ShardId": "s", "SequenceNumber": "1"}])

    with pytest.raises(Retryable, match="answered for 1 of 2 entries"):
        stream(client).put([entry(1), entry(2)])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aws_error("ProvisionedThroughputExceededException"), Retryable),
        (aws_error("KMSThrottlingException"), Retryable),
        (aws_error("InternalFailure", 500), Retryable),
        (EndpointConnectionError(endpoint_url="http://x"), Retryable),
        (ReadTimeoutError(endpoint_url="http://x"), Retryable),
        (aws_error("ResourceNotFoundException"), Misconfiguration),
        (aws_error("AccessDeniedException"), Misconfiguration),
        (aws_error("KMSAccessDeniedException"), Misconfiguration),
        (aws_error("InvalidArgumentException"), Misconfiguration),
    ],
)
def test_a_call_that_fails(error: Exception, expected: type[PipelineError]) -> None:
    """What may pass is retryable; what needs somebody to act is not, and is no single record's fault."""
    with pytest.raises(expected):
        stream(FakeKinesisClient(error=error)).put([entry(1)])


def test_check_tells_of_a_stream_that_is_not_there() -> None:
    """By name and place."""
    client = FakeKinesisClient(error=aws_error("ResourceNotFoundException"))

    with pytest.raises(NotDeployed, match="no Kinesis stream 'events' in us-east-1 at"):
        stream(client).check()


def test_check_refuses_a_stream_that_ignores_keys() -> None:
    """With the strategy AUTO no order could be kept, so nothing is put."""
    with pytest.raises(Misconfiguration, match="USER_PARTITION_KEY"):
        stream(FakeKinesisClient(distribution="AUTO")).check()


@pytest.mark.parametrize(
    ("error", "distribution"),
    [(None, None), (None, "USER_PARTITION_KEY"), (aws_error("AccessDeniedException"), None)],
    ids=["provisioned", "on demand", "may not ask"],
)
def test_check_passes(error: Exception | None, distribution: str | None) -> None:
    """A producer that may put but not describe is let through."""
    client = FakeKinesisClient(error=error, distribution=distribution)
    stream(client).check()

    assert [{"StreamName": "events"}] == client.asked


def test_check_raises_what_it_cannot_judge() -> None:
    """An error of another kind is the caller's to tell."""
    error = aws_error("ServiceUnavailable", 503)
    with pytest.raises(type(error), match="ServiceUnavailable"):
        stream(FakeKinesisClient(error=error)).check()


# requests that are written here ---------------------------------------------------------------------------------------

KEYS = st.text(min_size=1, max_size=20).filter(lambda key: not any("\ud800" <= each <= "\udfff" for each in key))


@cache
def client(
    *, is_written: bool, answering: tuple[int, bytes] = (200, b'{"FailedRecordCount":0,"Records":[]}')
) -> tuple[Any, list[Any]]:
    """A client that opens no socket, and the requests that it would have sent."""
    made, requests = offline("kinesis", *answering)
    if is_written:
        write_out(made)
        write_out(made)
    return made, requests


def sent(records: list[dict[str, Any]], *, is_written: bool, **stream: str) -> tuple[object, bool]:
    """The request that goes out, parsed, and whether it is as long as its header says."""
    made, requests = client(is_written=is_written)
    made.put_records(Records=records, **stream)
    request = requests.pop()
    return orjson.loads(request.body), request.headers["Content-Length"] == str(len(request.body))


@given(st.lists(st.tuples(KEYS, st.binary(max_size=50)), min_size=1, max_size=5))
def test_the_request_is_what_botocore_would_have_written(pairs: list[tuple[str, bytes]]) -> None:
    """The same JSON, of the length that its header says, for any keys and data."""
    records = [{"PartitionKey": key, "Data": data} for key, data in pairs]

    assert sent(records, is_written=False, StreamName="events") == sent(records, is_written=True, StreamName="events")
    assert sent(records, is_written=True, StreamName="events")[1]


ANSWERS = {
    "as usual": (200, b'{"FailedRecordCount":0,"Records":[{"ShardId":"s","SequenceNumber":"1"}]}'),
    "partly refused": (200, b'{"Records":[{"ShardId":"s","SequenceNumber":"1"},{"ErrorCode":"E","ErrorMessage":"m"}]}'),
    "empty": (200, b"{}"),
    "no JSON": (200, b"<html>"),
    "no object": (200, b"[]"),
    "refused": (400, b'{"__type":"ResourceNotFoundException","message":"m"}'),
}


@pytest.mark.parametrize(("status", "body"), ANSWERS.values(), ids=ANSWERS.keys())
def test_the_answer_is_what_botocore_would_have_read(status: int, body: bytes) -> None:
    """Whatever comes back."""

    def asked(*, is_written: bool) -> object:
        made, _ = client(is_written=is_written, answering=(status, body))
        try:
            return made.put_records(StreamName="events", Records=[{"PartitionKey": "k", "Data": b"x"}])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the same
            return repr(error)

    assert asked(is_written=False) == asked(is_written=True)


def test_a_request_of_another_form_is_left_to_botocore() -> None:
    """An explicit hash key, or a stream by its ARN, is nothing that is written here."""
    arn = "arn:aws:kinesis:eu-west-1:000000000000:stream/events"
    records = [{"PartitionKey": "k", "Data": b"x"}] * 2

    assert ({"StreamARN": arn, "Records": [{"PartitionKey": "k", "Data": "eA=="}] * 2}, True) == sent(
        records, is_written=True, StreamARN=arn
    )


# a stream by its name -------------------------------------------------------------------------------------------------


def test_a_stream_without_a_region_is_a_clear_error() -> None:
    """It says what to do."""
    with pytest.raises(Misconfiguration, match="stream 'events' cannot be used: no AWS region; give"):
        open_stream("events")


def test_a_stream_is_opened_where_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked whether it is there, and its requests are written here."""
    asked: list[str] = []
    monkeypatch.setattr(KinesisStream, "check", lambda stream: asked.append(stream.stream_name))
    monkeypatch.setattr(kinesis, "write_out", lambda client: asked.append(client.meta.endpoint_url))
    stream = open_stream("events", region="eu-west-1", endpoint_url="http://127.0.0.1:1")

    assert ["events", "http://127.0.0.1:1"] == asked
    assert "eu-west-1" == stream.client.meta.region_name


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="https://kinesis"), aws_error("InternalFailure", 500)]
)
def test_a_stream_may_be_away(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """An outage is an error, unless it may be away; a stream that is not allowed is one in any case."""

    def check(_stream: KinesisStream) -> None:
        raise error

    monkeypatch.setattr(KinesisStream, "check", check)
    with pytest.raises(Misconfiguration, match="stream 'events' cannot be used"):
        open_stream("events", region="eu-west-1")

    assert "events" == open_stream("events", region="eu-west-1", may_be_away=True).stream_name


def test_a_stream_that_may_be_away_is_still_one_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that are not known are no outage."""

    def check(_stream: KinesisStream) -> None:
        raise aws_error("UnrecognizedClientException")

    monkeypatch.setattr(KinesisStream, "check", check)
    with pytest.raises(Misconfiguration, match="stream 'events' cannot be used"):
        open_stream("events", region="eu-west-1", may_be_away=True)
