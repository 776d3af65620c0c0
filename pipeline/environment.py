"""The only reader of the environment: what a function was given, made into what answers for it, once, at cold start."""

from __future__ import annotations

import gc
import os
import time
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from pipeline import routes
from pipeline.api.ingest import Ingest
from pipeline.api.openapi import document
from pipeline.api.operations import ingest_api, query_api
from pipeline.api.query import Query
from pipeline.aws.claims import ClaimsBucket
from pipeline.aws.clients import Clients
from pipeline.aws.cloudwatch import BatchReport, CollectReport, LookupReport, warn
from pipeline.aws.cloudwatch_api import ApiReport
from pipeline.aws.dynamodb import ItemSink, StateSink
from pipeline.aws.eventbridge import BusSink
from pipeline.aws.functions import Itself
from pipeline.aws.kinesis import KinesisStream
from pipeline.aws.lookups.kinds import open_kinds
from pipeline.aws.lookups.together import Together
from pipeline.aws.objects import DroppedObjects
from pipeline.aws.patience import RECORDS, Patience
from pipeline.aws.results import Results
from pipeline.aws.s3 import ArchiveSink, DeadLetterBucket
from pipeline.aws.sns import TopicSink
from pipeline.aws.sqs import QueueSink, Visibility
from pipeline.collectors import collectors
from pipeline.collectors.canary import Watch
from pipeline.collectors.collect import Collect
from pipeline.collectors.collector import Given
from pipeline.consumer import Consumer, NoLookup
from pipeline.core import arrival
from pipeline.core.bus_types import bus_types
from pipeline.core.outlet import outlets, variable
from pipeline.core.submission import Rules
from pipeline.core.validate import compile_schemas
from pipeline.errors import Misconfiguration
from pipeline.library import AGGREGATED
from pipeline.model import Entry, Item, Line, OutletKind, State
from pipeline.producer import KinesisSink, StreamOutlet
from pipeline.project import SCHEMAS
from pipeline.sources.arrivals import Arrivals
from pipeline.sources.drop.intake import Drop
from pipeline.sources.drop.shipping import Doors
from pipeline.sources.intake import Intake
from pipeline.sources.messages import Messages
from pipeline.sources.queue import QueueBatches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipeline.api.endpoint import Endpoint
    from pipeline.core.outlet import Outlet
    from pipeline.core.route import Route
    from pipeline.model import Notice
    from pipeline.ports import Lookup, Sink

METRICS_NAMESPACE = "kinesis-pipeline"


@dataclass(frozen=True)
class Environment:
    """A function's environment variables, and what can be built from them: consumers and endpoints."""

    variables: Mapping[str, str]
    clients: Clients
    schemas: Path = SCHEMAS
    routes: Mapping[str, Route] = field(default_factory=lambda: routes.PROCESS)

    def process(self) -> Consumer:
        """The consumer of `process`. Raises Misconfiguration when a variable is missing."""
        table, claims = self._get("RESULTS_TABLE"), self._get("CLAIMS_BUCKET")
        return _settled(
            Consumer(
                stages=routes.process_stages(read_schemas(self.schemas), claims, self.routes),
                sinks={
                    Item: ItemSink(self.clients.dynamodb, table),
                    State: StateSink(self.clients.dynamodb, table),
                    Line: ArchiveSink(self.clients.s3, self._get("ARCHIVE_BUCKET")),
                },
                dead_letters=self._dead_letters("process"),
                report=BatchReport(METRICS_NAMESPACE, "process"),
                now=time.time,
                lookup=self._lookup("process"),
                claims=ClaimsBucket(self.clients.s3, claims),
                outlets={each.name: self._outlet(each) for each in outlets(self.routes.values())},
            )
        )

    def relay_changes(self) -> Consumer:
        """The consumer of `relay_changes`. Raises Misconfiguration when a variable is missing."""
        claims = self._get("CLAIMS_BUCKET")
        stream = KinesisStream(self.clients.kinesis, self._get("STREAM_NAME"))
        return _settled(
            Consumer(
                stages=routes.relay_changes_stages(read_schemas(self.schemas), claims, self._get("RESULTS_TABLE")),
                sinks={Entry: KinesisSink(stream, claims=ClaimsBucket(self.clients.s3, claims))},
                dead_letters=self._dead_letters("relay_changes"),
                report=BatchReport(METRICS_NAMESPACE, "relay_changes"),
                now=time.time,
            )
        )

    def ingest_api(self) -> Endpoint:
        """The endpoint of `ingest_api`. Raises Misconfiguration when a variable is missing."""
        claims = self._get("CLAIMS_BUCKET")
        return _settled(
            ingest_api(
                Ingest(
                    stream=KinesisStream(self.clients.kinesis, self._get("STREAM_NAME")),
                    claims=ClaimsBucket(self.clients.s3, claims),
                    rules=self._rules(AGGREGATED, claims),
                    source=f"//{self.variables.get('AWS_LAMBDA_FUNCTION_NAME', 'ingest-api')}",
                    now=time.time,
                    new_id=lambda: str(uuid.uuid4()),
                    call_seconds=self.clients.patience.call_seconds,
                ),
                ApiReport(METRICS_NAMESPACE, "ingest_api"),
            )
        )

    def query_api(self) -> Endpoint:
        """The endpoint of `query_api`. Raises Misconfiguration when a variable is missing."""
        results = Results(self.clients.dynamodb, self._get("RESULTS_TABLE"))
        query = Query(results, document(read_schemas(self.schemas)))
        return _settled(query_api(query, ApiReport(METRICS_NAMESPACE, "query_api")))

    def collect(self) -> Collect:
        """What `collect` runs. Raises Misconfiguration when a variable is missing, or a target is none."""
        name = self.variables.get("AWS_LAMBDA_FUNCTION_NAME", "collect")
        return _settled(
            Collect(
                collectors=collectors(Given(self.variables, f"//{name}", time.time)),
                stream=KinesisStream(self.clients.kinesis, self._get("STREAM_NAME")),
                watch=Watch(Results(self.clients.dynamodb, self._get("RESULTS_TABLE")).event),
                report=CollectReport(METRICS_NAMESPACE, "collect", name),
            )
        )

    def ingest_async(self) -> Arrivals:
        """The dispatch of `ingest_async`. Raises Misconfiguration when a variable is missing."""
        messages, drop = Messages(self._intake("ingest_async")), self._drop()
        return _settled(
            Arrivals(
                {
                    arrival.SNS: messages.take,
                    arrival.EVENTBRIDGE: messages.take,
                    arrival.S3: drop.take,
                    arrival.CONTINUE: drop.take,
                },
                self._get("DROP_BUCKET"),
            )
        )

    def ingest_queue(self) -> QueueBatches:
        """What answers batches in `ingest_queue`. Raises Misconfiguration when a variable is missing."""
        intake = self._intake("ingest_queue", calls_after=1)
        return _settled(
            QueueBatches(intake, Visibility(self.clients.sqs, intake.call_seconds, partial(warn, "ingest_queue")))
        )

    def _intake(self, function: str, calls_after: int = 0) -> Intake:
        claims = self._get("CLAIMS_BUCKET")
        stream = KinesisStream(self.clients.kinesis, self._get("STREAM_NAME"))
        return Intake(
            stream=KinesisSink(stream, claims=ClaimsBucket(self.clients.s3, claims)),
            dead_letters=self._dead_letters(function),
            rules=self._rules(claims_bucket=claims),
            report=BatchReport(METRICS_NAMESPACE, function),
            now=time.time,
            call_seconds=self.clients.patience.call_seconds,
            calls_after=calls_after,
        )

    def _drop(self) -> Drop:
        claims = self._get("CLAIMS_BUCKET")
        doors = Doors(
            objects=DroppedObjects(self.clients.s3),
            stream=KinesisStream(self.clients.kinesis, self._get("STREAM_NAME")),
            claims=ClaimsBucket(self.clients.s3, claims),
            dead_letters=self._dead_letters("ingest_async"),
            rules=self._rules(AGGREGATED, claims),
        )
        name = self.variables.get("AWS_LAMBDA_FUNCTION_NAME", "ingest-async")
        return Drop(
            doors, Itself(self.clients.functions, name), BatchReport(METRICS_NAMESPACE, "ingest_async"), time.time
        )

    def _rules(self, aggregated: frozenset[str] = frozenset(), claims_bucket: str = "") -> Rules:
        schemas = read_schemas(self.schemas)
        return Rules(compile_schemas(schemas), routes.PROCESS, aggregated, claims_bucket, bus_types(schemas))

    def _lookup(self, function: str) -> Lookup:
        """What the routes look up, and nothing else: no client is made, and no right needed, for another."""
        kinds = {each.kind for route in self.routes.values() for each in route.lookups}
        if not kinds:
            return NoLookup()
        report = LookupReport(METRICS_NAMESPACE, function)
        return Together(open_kinds(kinds, self.clients, self._get), report, time.monotonic)

    def _outlet(self, outlet: Outlet) -> Sink[Notice]:
        place, clients = self._get(variable(outlet.name)), self.clients
        made: Mapping[OutletKind, Callable[[], Sink[Notice]]] = {
            OutletKind.STREAM: lambda: StreamOutlet(KinesisStream(clients.kinesis, place)),
            OutletKind.BUS: lambda: BusSink(clients.events, place),
            OutletKind.TOPIC: lambda: TopicSink(clients.sns, place),
            OutletKind.QUEUE: lambda: QueueSink(clients.sqs, place),
        }
        return made[outlet.kind]()

    def _dead_letters(self, function: str) -> DeadLetterBucket:
        return DeadLetterBucket(self.clients.s3, self._get("DEAD_LETTER_BUCKET"), function)

    def _get(self, name: str) -> str:
        value = self.variables.get(name)
        if not value:
            raise Misconfiguration(f"environment variable {name} is not set; the template sets it for the function")
        return value


def from_env(patience: Patience = RECORDS) -> Environment:
    """The environment of this process, and how long it waits for the services that records go through."""
    return Environment(os.environ, Clients(patience=patience))


def _settled[T](made: T) -> T:
    """What cold start made, with all of it kept out of the garbage collector's way: it halves decoding."""
    gc.freeze()
    return made


def read_schemas(folder: Path) -> dict[str, dict[str, Any]]:
    """The schema of each event type, from `<type>.json`. Raises Misconfiguration when there is none."""
    schemas = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
    if not schemas:
        raise Misconfiguration(f"no schemas in {folder}; the function's package must hold them")
    return schemas
