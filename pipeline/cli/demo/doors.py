"""The doors that records come in by. Each is handed some, and says what must become of them."""

from __future__ import annotations

import gzip
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.aws.kinesis import KinesisStream
from pipeline.cli.demo import inputs
from pipeline.cli.demo.ledger import Handed, Place
from pipeline.collectors.canary import Canary
from pipeline.core.encode import cloudevent
from pipeline.core.times import rfc3339
from pipeline.errors import Incomplete
from pipeline.model import Accepted, Event, ObjectVersion, Reason
from pipeline.producer import Producer
from pipeline.sources.drop.lines import position_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.aws.clients import Clients
    from pipeline.core.log_line import Shipment
    from pipeline.producer import Report

LINES_OF_A_DOOR: Final = 20
EVENTS_OF_A_DOOR: Final = 10  # what one call to EventBridge holds
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Hall:
    """What every door needs: the stack, and what tells this run's records from earlier ones.

    Args:
        log: a log of this machine; the first one that there is, or the emulator's.
        emulator_log: the emulator's.
        tell: takes a line of the story.
    """

    clients: Clients
    outputs: Mapping[str, str]
    name: str
    log: Path
    emulator_log: Path
    tell: Callable[[str], None]

    def lines(self, door: str) -> list[Event]:
        """The last few lines of the log as events that are this door's own."""
        shipments = inputs.log_lines(self.log, f"{self.name}-{door}", LINES_OF_A_DOOR)
        return [each.record for each in shipments if isinstance(each.record, Event)]

    def texts(self) -> list[str]:
        """The last few lines of the log as they are."""
        return [each.content.decode() for each in inputs.last_lines(self.log, LINES_OF_A_DOOR)]

    def told(self, count: int, what: str) -> None:
        """Tell what a door is handed."""
        self.tell(f"{count:>4} {what}")


def producer(hall: Hall) -> Handed:
    """`pipeline.Producer`: lines of two logs, one that is dropped on purpose, and two bad records."""
    logs = [shipment for source in _logs(hall) for shipment in source]
    bad = inputs.bad_records(hall.name)
    hall.told(len(bad), f"bad records with it, on purpose: {', '.join(each.reason for each in bad)}")
    accepted = _put(KinesisStream(hall.clients.kinesis, hall.outputs["StreamName"]), bad, logs)
    return Handed(
        "producer",
        good=frozenset(record.id for record, *_ in logs if isinstance(record, Event)),
        bad={Place(hall.outputs["StreamName"], accepted[each.data]): each.reason for each in bad},
        drops=1,
    )


def api(hall: Hall) -> Handed:
    """`POST /events`: a batch of log lines. Raises Incomplete when it was not taken whole."""
    events = hall.lines("api")
    hall.told(len(events), f"lines of {hall.log} posted to the API")
    request = urllib.request.Request(  # noqa: S310 - the URL is the stack's own
        f"{hall.outputs['ApiUrl']}/events",
        data=orjson.dumps([cloudevent(each) for each in events]),
        headers={"Content-Type": "application/cloudevents-batch+json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - the same
            status, answer = response.status, response.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise Incomplete(f"the API did not take the events: {error}") from error
    if status != HTTPStatus.ACCEPTED:
        raise Incomplete(f"the API answered {status}: {answer[:300].decode(errors='replace')}")
    return Handed("API", good=frozenset(each.id for each in events))


def tables(hall: Hall) -> Handed:
    """DynamoDB: orders that are created, updated and deleted, and payments."""
    writes = inputs.writes(hall.name)
    hall.told(len(writes), "changes of two DynamoDB tables: orders created, updated, deleted; payments created")
    inputs.carry_out(hall.clients, hall.outputs, writes)
    return Handed("DynamoDB", good=frozenset((each.key_text, each.op) for each in writes))


def topic(hall: Hall) -> Handed:
    """SNS: lines of a log, one a notification; each is known by the id that SNS gives it."""
    lines = hall.texts()
    hall.told(len(lines), f"lines of {hall.log} published to an SNS topic")
    arn = hall.outputs["TopicArn"]
    published = [hall.clients.sns.publish(TopicArn=arn, Message=line) for line in lines]
    return Handed("SNS", good=frozenset(each["MessageId"] for each in published))


def bus(hall: Hall) -> Handed:
    """EventBridge: orders as any application would tell of them; each is known by the id that EventBridge gives it."""
    details = [{"order": number, "status": "shipped", "run": hall.name} for number in range(1, EVENTS_OF_A_DOOR + 1)]
    hall.told(len(details), "events of an application sent to an EventBridge bus")
    answer = hall.clients.events.put_events(
        Entries=[
            {
                "EventBusName": hall.outputs["BusName"],
                "Source": "demo.orders",
                "DetailType": "order shipped",
                "Detail": orjson.dumps(each).decode(),
            }
            for each in details
        ]
    )
    if answer["FailedEntryCount"]:
        raise Incomplete(f"EventBridge did not take {answer['FailedEntryCount']} of the events")
    return Handed("EventBridge", good=frozenset(each["EventId"] for each in answer["Entries"]))


def queue(hall: Hall) -> Handed:
    """SQS: lines of a log, and one that is meant as an event and is none."""
    url = hall.outputs["QueueUrl"]
    lines = hall.texts()
    hall.told(len(lines), f"lines of {hall.log} sent to an SQS queue, and 1 bad event with them")
    sent = [hall.clients.sqs.send_message(QueueUrl=url, MessageBody=line)["MessageId"] for line in lines]
    bad = hall.clients.sqs.send_message(QueueUrl=url, MessageBody='{"specversion": "1.0"}')["MessageId"]
    return Handed("SQS", good=frozenset(sent), bad={Place(_arn(hall, url), bad): Reason.NOT_AN_EVENT})


def fifo_queue(hall: Hall) -> Handed:
    """SQS FIFO: lines of a log as one group, so they stay in order."""
    url = hall.outputs["FifoQueueUrl"]
    lines = hall.texts()
    hall.told(len(lines), f"lines of {hall.log} sent to an SQS FIFO queue")
    sent = [
        hall.clients.sqs.send_message(
            QueueUrl=url, MessageBody=line, MessageGroupId=hall.name, MessageDeduplicationId=f"{hall.name}-{number}"
        )["MessageId"]
        for number, line in enumerate(lines)
    ]
    return Handed("SQS FIFO", good=frozenset(sent))


def drop(hall: Hall) -> Handed:
    """S3: an object of events, line by line, in gzip, and one line that is none."""
    events, bucket, key = hall.lines("drop"), hall.outputs["DropBucketName"], f"demo/{hall.name}.ndjson.gz"
    hall.told(len(events), f"lines of {hall.log} in an object that is dropped in S3, and 1 bad line with them")
    lines = [*(orjson.dumps(cloudevent(each)) for each in events), b"{this is not JSON"]
    body = gzip.compress(b"\n".join(lines))
    version = hall.clients.s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
    position = position_of(ObjectVersion(bucket, key, version), len(lines))
    bad = {Place(position.stream, position.sequence_number): Reason.NOT_JSON}
    return Handed("S3 drop", good=frozenset(each.id for each in events), bad=bad)


def schedule(hall: Hall) -> Handed:
    """The schedule: its canary, now and not at the next full minute."""
    function, now = hall.outputs["CollectFunctionName"], time.time()
    canaries = Canary(source="", clock=time.time).collect(now)
    hall.told(len(canaries), "canary sent by the function of the schedule")
    event = orjson.dumps({"time": rfc3339(now)})
    hall.clients.functions.invoke(FunctionName=function, InvocationType="Event", Payload=event)
    return Handed("schedule", good=frozenset(each.id for each in canaries))


DOORS: Final[tuple[Callable[[Hall], Handed], ...]] = (
    producer,
    api,
    tables,
    topic,
    bus,
    queue,
    fifo_queue,
    drop,
    schedule,
)


def _arn(hall: Hall, url: str) -> str:
    attributes = hall.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return attributes["Attributes"]["QueueArn"]


def _logs(hall: Hall) -> Iterator[list[Shipment]]:
    for path in dict.fromkeys((hall.log, hall.emulator_log)):
        lines = list(inputs.log_lines(path, hall.name))
        hall.told(len(lines), f"lines of {path} put by the producer")
        yield lines
    hall.told(1, "line of TRACE with them, which the route drops on purpose")
    yield [inputs.trace_line(hall.name)]


def _put(stream: KinesisStream, bad: Sequence[inputs.Bad], logs: Sequence[Shipment]) -> dict[bytes, str]:
    """Put all onto the stream; the sequence numbers of the bad records."""
    reports: list[Report] = []
    with Producer(stream, reports.append) as putting:
        # The bad ones go first: whatever they held back would be everything.
        for each in bad:
            putting.put(each.data, key=each.reason)
        for record, key, _ in logs:
            putting.put(record, key=key)
    refused = [report for report in reports if not isinstance(report.outcome, Accepted)]
    if refused:
        raise Incomplete(f"{len(refused)} records were not accepted by the stream: {refused[0].outcome}")
    return {
        report.record: report.outcome.sequence_number
        for report in reports
        if isinstance(report.record, bytes) and isinstance(report.outcome, Accepted)
    }
