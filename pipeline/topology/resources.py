"""The streams, tables and buckets of a stack, and what stands at its doors: queues, a topic, a bus."""

from __future__ import annotations

from typing import Final

from pipeline.core.redelivery import HIDDEN_SECONDS
from pipeline.topology.kinds import Bucket, Bus, Index, Queue, QueueAlarm, Rule, Stream, Table, Topic

STREAM: Final = Stream("Stream", retention_hours=72)

RESULTS: Final = Table(
    "ResultsTable",
    key=("pk", "sk"),
    stream_view="NEW_IMAGE",
    expires="expires_at",
    indexes=(Index("timeline", ("timeline", "timeline_order")),),
)
# The tables whose changes are relayed onto the stream. Another one is an entry here, and in the template the table, its
# event source mapping, the right to read its stream and an output: tests/contract/test_source_tables.py names what is
# missing. Both images: an event says what an item was and what it became. Never the results table: that is a loop.
SOURCE_TABLES: Final = (
    Table("OrdersTable", key=("order_id",), stream_view="NEW_AND_OLD_IMAGES", expires="expires_at"),
    Table("PaymentsTable", key=("payment_id",), stream_view="NEW_AND_OLD_IMAGES", expires="expires_at"),
)
# What events are enriched with: rows here, objects below `reference/` there.
REFERENCE: Final = Table("ReferenceTable", key=("lookup", "key"), stream_view=None, expires="expires_at")
REFERENCE_FILES: Final = Bucket("ReferenceBucket")

ARCHIVE: Final = Bucket("ArchiveBucket")
DEAD_LETTERS: Final = Bucket("DeadLetterBucket", keep_days=90)
# Longer than an item refers to a claim (365 days, and the time until it is deleted), and than a stream remembers.
CLAIMS: Final = Bucket("ClaimsBucket", keep_days=400)
# What others drop here is read, line by line. Nothing of the stack writes to it, or the pipeline would read itself.
DROP: Final = Bucket("DropBucket", keep_days=90)

# What nobody could take: events that a function gave up or that did not reach it, and messages of the queues below.
UNDELIVERED: Final = Queue("UndeliveredQueue", keep_days=14, is_kept=True)
UNDELIVERED_FIFO: Final = Queue("UndeliveredFifoQueue", keep_days=14, is_fifo=True, is_kept=True)
# Nobody consumes them, so somebody has to be told.
UNDELIVERED_ALARM: Final = QueueAlarm("UndeliveredAlarm", queue="UndeliveredQueue", seconds=300)
UNDELIVERED_FIFO_ALARM: Final = QueueAlarm("UndeliveredFifoAlarm", queue="UndeliveredFifoQueue", seconds=300)

# The first eight follow each other within minutes (`core.redelivery`), and the other 108 take half a day.
_ATTEMPTS: Final = 116
QUEUE: Final = Queue(
    "Queue", keep_days=14, hidden_seconds=HIDDEN_SECONDS, attempts=_ATTEMPTS, given_up="UndeliveredQueue"
)
FIFO_QUEUE: Final = Queue(
    "FifoQueue",
    keep_days=14,
    hidden_seconds=HIDDEN_SECONDS,
    is_fifo=True,
    attempts=_ATTEMPTS,
    given_up="UndeliveredFifoQueue",
)

TOPIC: Final = Topic("Topic", function="IngestAsyncFunction", given_up="UndeliveredQueue")

BUS: Final = Bus("Bus", name="events")
BUS_RULE: Final = Rule(
    "BusRule",
    bus="Bus",
    function="IngestAsyncFunction",
    retries=185,
    age_seconds=86_400,
    given_up="UndeliveredQueue",
)
DROP_RULE: Final = Rule(
    "DropRule",
    bus=None,
    function="IngestAsyncFunction",
    retries=185,
    age_seconds=86_400,
    given_up="UndeliveredQueue",
    bucket="DropBucket",
)
