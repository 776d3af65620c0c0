from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.failures import classify
from pipeline.errors import Misconfiguration, Retryable
from pipeline.testing.dynamodb import FakeDynamoDB
from pipeline.testing.mapping import Clock, Context, Killed, KinesisSource, Throttled, TimedOut
from pipeline.testing.mapping.clients import StreamClient
from pipeline.testing.mapping.faults import CallFault, FaultyClient, FaultyFunction, InvocationFault

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEMS = [{"pk": {"S": f"event#{number}"}, "sk": {"S": "event"}} for number in range(3)]
PUTS = {"results": [{"PutRequest": {"Item": item}} for item in ITEMS]}
ENTRIES = [{"PartitionKey": f"key-{number}", "Data": b"x"} for number in range(3)]
SERVICES = ("dynamodb", "kinesis", "s3")


@dataclass
class Echo:
    """A client of one operation, which counts."""

    calls: list[Any] = field(default_factory=list)

    def put_object(self, **arguments: Any) -> str:  # noqa: ANN401 - whatever it is given
        self.calls.append(arguments)
        return "done"


def faulty(client: object, *plan: CallFault | None, service: str = "s3") -> FaultyClient:
    clock = Clock()
    clock.deadline_at = clock.now() + 60
    return FaultyClient(client, service, clock, {"plan": deque(plan)}, Counter(), lambda _: "plan")


@pytest.mark.parametrize(
    ("fault", "error", "done"),
    [
        (CallFault.NO_CONNECTION, BotoCoreError, 0),
        (CallFault.ANSWER_LOST, BotoCoreError, 1),
        (CallFault.HANGS_BEFORE, TimedOut, 0),
        (CallFault.HANGS_AFTER, TimedOut, 1),
        (CallFault.KILLED_BEFORE, Killed, 0),
        (CallFault.KILLED_AFTER, Killed, 1),
        (CallFault.THROTTLED, ClientError, 0),
        (CallFault.SERVER_ERROR, ClientError, 0),
    ],
)
def test_calls(fault: CallFault, error: type[BaseException], done: int) -> None:
    """A fault decides whether the call is carried out, and what its caller hears; after it all goes well."""
    echo = Echo()
    client = faulty(echo, fault)
    with pytest.raises(error):
        client.put_object(Key="x")
    assert (done, {f"plan: {fault}": 1, fault: 1}) == (len(echo.calls), client.met)
    client.clock.deadline_at = None
    assert "done" == client.put_object(Key="x")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (CallFault.THROTTLED, Retryable),
        (CallFault.SERVER_ERROR, Retryable),
        (CallFault.TOKEN_EXPIRED, Retryable),
        (CallFault.ACCESS_DENIED, Misconfiguration),
        (CallFault.KEY_DENIED, Misconfiguration),
        (CallFault.NOT_FOUND, Misconfiguration),
    ],
)
def test_errors_are_the_service_s(service: str, fault: CallFault, meaning: type[Exception]) -> None:
    """Each service's errors are its own, and none is of the kind that would make a good record a dead letter."""
    with pytest.raises(ClientError) as raised:
        faulty(Echo(), fault, service=service).put_object(Key="x")
    assert isinstance(classify(raised.value), meaning)


def test_slow() -> None:
    """A slow call takes its time, and every other a moment."""
    client = faulty(Echo(), None, CallFault.SLOW)
    began_at = client.clock.now()
    client.put_object(Key="x")
    assert 0.02 == pytest.approx(client.clock.now() - began_at)
    client.put_object(Key="x")
    assert 20.04 == pytest.approx(client.clock.now() - began_at)


def test_unprocessed() -> None:
    """Some items, or all, come back unprocessed, and the others are written."""
    table = FakeDynamoDB()
    client = faulty(table, CallFault.ALL_UNPROCESSED, CallFault.SOME_UNPROCESSED, service="dynamodb")
    assert {"UnprocessedItems": PUTS} == client.batch_write_item(RequestItems=PUTS)
    assert {"UnprocessedItems": {"results": PUTS["results"][1:2]}} == client.batch_write_item(RequestItems=PUTS)
    assert {("event#0", "event"), ("event#2", "event")} == table.items.keys()


def test_race() -> None:
    """Somebody else wrote the same a moment before: the condition fails, and the item is there."""
    table = FakeDynamoDB()
    client = faulty(table, CallFault.RACE, service="dynamodb")
    with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
        client.put_item(TableName="results", Item=ITEMS[0], ConditionExpression="attribute_not_exists(pk)")
    assert {("event#0", "event")} == table.items.keys()


def test_put_records() -> None:
    """Of a PutRecords some entries, or all, are refused, each with its place in the answer."""
    source = KinesisSource(Clock())
    faults = (CallFault.ALL_REFUSED, CallFault.SOME_REFUSED, CallFault.SOME_THEN_LOST)
    client = faulty(StreamClient(source), *faults, service="kinesis")
    answers = [client.put_records(StreamName="events", Records=ENTRIES) for _ in range(2)]
    refused = [["ErrorCode" in each for each in answer["Records"]] for answer in answers]
    assert [[True] * 3, [True, False, True]] == refused
    with pytest.raises(BotoCoreError):
        client.put_records(StreamName="events", Records=ENTRIES)
    assert ["key-1", "key-2", "key-0"] == [record.key for record in source.records()]


def test_a_fault_of_another_operation() -> None:
    """A fault that an operation does not know is none, and is not counted."""
    client = faulty(Echo(), CallFault.RACE)
    assert ("done", {}) == (client.put_object(Key="x"), client.met)


@pytest.mark.parametrize(
    "records",
    [[], [{"PartitionKey": "", "Data": b"x"}], [{"PartitionKey": "k", "Data": bytes(1_100_000)}]],
)
def test_put_records_is_strict(records: list[dict[str, Any]]) -> None:
    """What Kinesis would not take is refused."""
    with pytest.raises(ClientError, match="ValidationException"):
        StreamClient(KinesisSource(Clock())).put_records(StreamName="events", Records=records)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        StreamClient(KinesisSource(Clock())).put_records(StreamName="others", Records=ENTRIES)


# invocations ----------------------------------------------------------------------------------------------------------


@dataclass
class Function:
    """A handler that writes down what it saw: the event, the seconds left, how far the clock is off."""

    clock: Clock = field(default_factory=Clock)
    seen: list[tuple[int, float, float]] = field(default_factory=list)

    def __call__(self, event: Mapping[str, Any], context: Context) -> str:
        left = context.get_remaining_time_in_millis() / 1000
        self.seen.append((event["n"], left, self.clock.wall() - self.clock.now()))
        return "answer"

    def invoke(self, *plan: InvocationFault | None) -> FaultyFunction:
        faulty = FaultyFunction(self, self.clock, deque(plan))
        for number in range(len(plan)):
            began_at = self.clock.now()
            self.clock.deadline_at = began_at + 60
            context = Context(self.clock, self.clock.deadline_at)
            faulty({"n": number}, context)
        return faulty


@pytest.mark.parametrize(
    ("fault", "error", "seen"),
    [
        (InvocationFault.THROTTLED, Throttled, 0),
        (InvocationFault.CRASH_AT_START, RuntimeError, 0),
        (InvocationFault.CRASH_AT_END, RuntimeError, 1),
        (InvocationFault.TIMEOUT_AT_END, TimedOut, 1),
    ],
)
def test_lost_answers(fault: InvocationFault, error: type[BaseException], seen: int) -> None:
    """An invocation without an answer has had all of its effects, or none."""
    function = Function()
    with pytest.raises(error):
        function.invoke(fault)
    assert seen == len(function.seen)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (None, [(0, 60.0, 0.0)]),
        (InvocationFault.LITTLE_TIME, [(0, 5.1, 0.0)]),
        (InvocationFault.NO_TIME, [(0, 2.0, 0.0)]),
        (InvocationFault.CLOCK_AHEAD, [(0, 60.0, 3600.0)]),
        (InvocationFault.CLOCK_BEHIND, [(0, 60.0, -3600.0)]),
        (InvocationFault.TWICE, [(0, 60.0, 0.0)] * 2),
        (InvocationFault.STALE, [(0, 60.0, 0.0)]),
    ],
)
def test_invocations(fault: InvocationFault | None, expected: list[tuple[int, float, float]]) -> None:
    """An invocation sees little time, a wrong clock, or its batch twice."""
    function = Function()
    function.invoke(fault)
    assert expected == [(number, round(left, 1), skew) for number, left, skew in function.seen]


def test_stale() -> None:
    """An earlier batch is delivered again after a later one."""
    function = Function()
    met = function.invoke(None, None, InvocationFault.STALE).met
    assert ([0, 1, 2, 1], {InvocationFault.STALE: 1}) == ([number for number, _, _ in function.seen], met)
