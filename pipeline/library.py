"""What a program imports: `from pipeline import Producer, AsyncProducer`. Here the producer meets boto3.

    with Producer("events") as producer:
        producer.put(event)

A stream is given by name, and found by the AWS configuration of the environment, as boto3 finds it; or it is any
RecordStream, such as a fake. `log.v1` events travel in KPL aggregates unless `aggregate` says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

from pipeline.aws.kinesis import open_stream
from pipeline.producer import AsyncProducer as _AsyncProducer
from pipeline.producer import Options
from pipeline.producer import Producer as _Producer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.ports import RecordStream
    from pipeline.producer import Report

AGGREGATED: Final = frozenset({"log.v1"})


class Producer(_Producer):
    """Puts records onto a stream, from any thread; see `pipeline.producer.Producer` and its `Settings`.

    Args:
        stream: the name of a Kinesis stream, or a RecordStream.
        report: called once for each record, with what became of it.
        region, profile, endpoint_url: where the stream is, if not where the AWS configuration says.
        options: see `pipeline.producer.settings.Settings`.

    Raises NotDeployed when there is no such stream; Misconfiguration when it cannot be reached or keeps no order.
    """

    def __init__(
        self,
        stream: str | RecordStream,
        report: Callable[[Report], object] | None = None,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(_opened(stream, region, profile, endpoint_url), report, **_with_defaults(options))


class AsyncProducer(_AsyncProducer):
    """The same for asyncio; see `pipeline.producer.AsyncProducer`. Making one makes a call to AWS, before the first."""

    def __init__(
        self,
        stream: str | RecordStream,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(_opened(stream, region, profile, endpoint_url), **_with_defaults(options))


def _opened(
    stream: str | RecordStream, region: str | None, profile: str | None, endpoint_url: str | None
) -> RecordStream:
    if isinstance(stream, str):
        return open_stream(stream, region=region, profile=profile, endpoint_url=endpoint_url)
    return stream


def _with_defaults(options: Options) -> Options:
    options.setdefault("aggregate", AGGREGATED)
    return options
