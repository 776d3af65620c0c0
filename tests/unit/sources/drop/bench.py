"""A drop bucket, a stream and a function that invokes itself, all in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import orjson

from pipeline import routes
from pipeline.core import kpl
from pipeline.core.encode import archive_line
from pipeline.core.route import Route
from pipeline.core.submission import Rules
from pipeline.core.validate import compile_schemas
from pipeline.environment import read_schemas
from pipeline.library import AGGREGATED
from pipeline.project import SCHEMAS
from pipeline.sources.drop.intake import Drop
from pipeline.sources.drop.shipping import Doors
from pipeline.testing.kinesis import FakeStream
from pipeline.testing.objects import MODIFIED_AT, FakeContinuation, FakeObjects
from pipeline.testing.ports import Actions, FakeClaimStore, FakeDeadLetters, FakeReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Ledger
    from pipeline.ports import Remaining

# Beside the types of the project, one whose data are not a log's.
ORDERS = {"type": "object", "properties": {"order": {"type": "integer"}}, "required": ["order"]}
RULES = Rules(
    compile_schemas({**read_schemas(SCHEMAS), "orders.v1": ORDERS}),
    {**routes.PROCESS, "orders.v1": Route(transforms=(), destinations=(archive_line,))},
    AGGREGATED,
    claims_bucket="claims",
)
# More than the whole reserve; and so little that each invocation has time for the one line that it always takes.
ENOUGH, SCARCE = 900.0, 20.0
# What a test can wait for.
MOMENT = 0.4


def created(key: str, size: int | None = 100, version: str = "v1") -> dict[str, Any]:
    """What EventBridge tells of an object."""
    about = {"key": key, "size": size, "etag": "e1", "version-id": version, "sequencer": "0062E99A88DC407460"}
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "drop"}, "object": about},
    }


@dataclass
class Bench:
    """The whole of it; the clock stands still."""

    objects: FakeObjects = field(default_factory=FakeObjects)
    stream: FakeStream = field(default_factory=FakeStream)
    claims: FakeClaimStore = field(default_factory=FakeClaimStore)
    actions: Actions = field(default_factory=Actions)
    continuation: FakeContinuation = field(default_factory=FakeContinuation)
    max_bad_lines: int = 10_000
    rules: Rules = RULES
    invocations: int = 0

    def __post_init__(self) -> None:
        self.dead_letters = FakeDeadLetters(self.actions)
        self.report = FakeReport(self.actions)

    def take(self, event: Mapping[str, Any], seconds: float = ENOUGH, whole: float = ENOUGH) -> None:
        """One invocation of a function that has so much time as a whole, and whenever it looks again, these seconds."""
        self.invoke(event, partial(next, chain([whole], repeat(seconds))))

    def invoke(self, event: Mapping[str, Any], remaining: Remaining) -> None:
        """One invocation."""
        self.invocations += 1
        doors = Doors(self.objects, self.stream, self.claims, self.dead_letters, self.rules, self.max_bad_lines)
        Drop(doors, self.continuation, self.report, lambda: MODIFIED_AT + 2.0).take(event, remaining)

    def drop(self, key: str, content: bytes, seconds: float = ENOUGH, version: str = "v1") -> None:
        """An object is written and told of; the function goes on until all is done."""
        self.objects.drop(key, content, version)
        self.run(created(key, len(content), version), seconds)

    def run(self, event: Mapping[str, Any], seconds: float = ENOUGH) -> None:
        """This invocation and all that follow from it."""
        self.take(event, seconds)
        while self.continuation.handed:
            self.take(orjson.loads(orjson.dumps(self.continuation.handed.pop(0))), seconds)

    @property
    def on_stream(self) -> list[dict[str, Any]]:
        """Each time that an event was put."""
        return [
            orjson.loads(each.data)
            for entry in self.stream.records
            for each in (kpl.unpack(entry.data) if kpl.is_aggregate(entry.data) else [entry])
        ]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The same in the order of the ids, which is that of the lines."""
        return sorted(self.on_stream, key=lambda event: str(event["id"]))

    @property
    def left(self) -> list[Any]:
        """The data that lie in the claims bucket, in the order of their first time."""
        return [orjson.loads(body) for body in self.claims.left.values()]

    @property
    def bodies(self) -> list[Any]:
        """What the events say."""
        return [each["data"]["body"] for each in self.events]

    @property
    def dead(self) -> list[tuple[int, str]]:
        """Line number and reason of each dead letter."""
        return [(int(each.record.position.sequence_number), each.reason) for each in self.dead_letters.kept]

    @property
    def ledgers(self) -> list[Ledger]:
        """One for each object and invocation."""
        return self.actions.named("ledger")  # type: ignore[return-value] # what the fake report keeps

    def counts(self) -> tuple[int, int, int]:
        """Put, dead-lettered and dropped, over all invocations."""
        return (
            sum(each.delivered for each in self.ledgers),
            sum(each.dead_lettered for each in self.ledgers),
            sum(each.dropped for each in self.ledgers),
        )
