"""A model of Lambda's event source mapping over Kinesis and DynamoDB Streams, to hold a stream function against.

`Simulator` delivers what lies in a `KinesisSource` or `TableSource` to any handler `(event, context)`, in virtual time,
and does with its answers, exceptions and timeouts what Lambda does: `EventSourceMapping` has the settings. Rules that
are recorded on AWS or documented are fixed; where there is no proof, `Unproven` has both variants. `pipeline.testing.
mapping.faults` makes functions and AWS clients go wrong as planned.

`Promise` is the short way: your stages and some records, and it says what is lost, doubled, changed or invented under
hundreds of schedules of faults. `Cloud` has what stands behind a consumer, for tests of your own making, and `Fuse`
kills a function at any of its calls. `pipeline/testing/README.md` has an example, and every rule with its proof.
"""

from pipeline.testing.mapping.clock import Clock, FunctionDied, Killed, TimedOut
from pipeline.testing.mapping.cloud import Cloud, Results
from pipeline.testing.mapping.crashes import CrashPoint, Fuse, crash_points
from pipeline.testing.mapping.destination import EXHAUSTED, TOO_OLD, GivenUp, OnFailure
from pipeline.testing.mapping.promise import Promise
from pipeline.testing.mapping.settings import FOREVER, EventSourceMapping, Unproven
from pipeline.testing.mapping.simulator import Context, Invocation, Outcome, Restless, Simulator, Throttled
from pipeline.testing.mapping.stream import KinesisSource, Shard, Source, StreamRecord, TableSource

__all__ = [
    "EXHAUSTED",
    "FOREVER",
    "TOO_OLD",
    "Clock",
    "Cloud",
    "Context",
    "CrashPoint",
    "EventSourceMapping",
    "FunctionDied",
    "Fuse",
    "GivenUp",
    "Invocation",
    "Killed",
    "KinesisSource",
    "OnFailure",
    "Outcome",
    "Promise",
    "Restless",
    "Results",
    "Shard",
    "Simulator",
    "Source",
    "StreamRecord",
    "TableSource",
    "Throttled",
    "TimedOut",
    "Unproven",
    "crash_points",
]
