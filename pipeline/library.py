"""What a program imports: `from pipeline import Producer, AsyncProducer`. Here the producer meets boto3.

    with Producer("events") as producer:
        producer.put(event)

A stream is given by name, and found by the AWS configuration of the environment, as boto3 finds it; or it is any
RecordStream, such as a fake. Logs (`AGGREGATED`) travel in KPL aggregates unless `aggregate` says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

from pipeline.aws.claims import open_claims
from pipeline.aws.clients import Clients
from pipeline.aws.kinesis import open_stream
from pipeline.producer import AsyncProducer as _AsyncProducer
from pipeline.producer import Options
from pipeline.producer import Producer as _Producer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.ports import RecordStream
    from pipeline.producer import Report

# Types of many small events.
AGGREGATED: Final = frozenset({"access_log.v1", "log.v1"})


class Producer(_Producer):
    """Puts records onto a stream, from any thread; see `pipeline.producer.Producer` and its `Settings`.

    Args:
        stream: the name of a Kinesis stream, or a RecordStream.
        report: called once for each record, with what became of it.
        region, profile, endpoint_url: where the stream is, if not where the AWS configuration says.
        claims_bucket: an S3 bucket for the data of events that are too large for the stream (claim check); the same as
            the functions that read them have. Without it such events are given back as TooLarge.
        options: see `pipeline.producer.settings.Settings`.

    Raises NotDeployed when there is no such stream; Misconfiguration when it keeps no order or cannot be reached; with
    a spill, an outage is no reason not to begin.
    """

    def __init__(
        self,
        stream: str | RecordStream,
        report: Callable[[Report], object] | None = None,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        claims_bucket: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        clients = Clients(endpoint_url, region, profile)
        super().__init__(_opened(stream, clients, options), report, **_completed(options, claims_bucket, clients))


class AsyncProducer(_AsyncProducer):
    """The same for asyncio; see `pipeline.producer.AsyncProducer`. Making one makes a call to AWS, before the first."""

    def __init__(
        self,
        stream: str | RecordStream,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        claims_bucket: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        clients = Clients(endpoint_url, region, profile)
        super().__init__(_opened(stream, clients, options), **_completed(options, claims_bucket, clients))


def _opened(stream: str | RecordStream, clients: Clients, options: Options) -> RecordStream:
    if not isinstance(stream, str):
        return stream
    return open_stream(
        stream,
        region=clients.region,
        profile=clients.profile,
        endpoint_url=clients.endpoint_url,
        may_be_away=options.get("spill") is not None,
    )


def _completed(options: Options, claims_bucket: str | None, clients: Clients) -> Options:
    """With what is usual in this project."""
    options.setdefault("aggregate", AGGREGATED)
    if claims_bucket is not None:
        options.setdefault("oversize", "claim-check")
        options["claims"] = open_claims(claims_bucket, clients)
    return options
