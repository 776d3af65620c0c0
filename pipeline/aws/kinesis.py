"""Kinesis Data Streams: entries onto a stream, one PutRecords a call.

botocore may send a call again by itself after a dropped connection or a 5xx, and so may our own loop after a time-out.
Neither loses order: a call holds one entry of a key, and the key's next one is sent after the answer. Either may leave
an entry on the stream twice; the event's id tells that it is the same.

Half of what a call of 500 costs is botocore checking and copying each entry on its way into JSON, and each answer on
its way out. `write_out` has both done here instead, at its own events: the same bytes, signed, sent and received by
botocore as ever.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson
from botocore.exceptions import BotoCoreError, ClientError
from pybase64 import b64encode_as_string

from pipeline.aws.clients import Clients
from pipeline.aws.failures import classify, error_code, explain
from pipeline.errors import Misconfiguration, NotDeployed, Retryable
from pipeline.model import Accepted, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsResultEntryTypeDef

    from pipeline.model import Entry


_WRITTEN: Final = "pipeline_written"
# An entry that is never sent.
_ANY: Final = [{"Data": b"", "PartitionKey": "-"}]


@dataclass(frozen=True)
class KinesisStream:
    """A Kinesis stream as a RecordStream."""

    client: KinesisClient
    stream_name: str

    def check(self) -> None:
        """Raise NotDeployed when there is no such stream, Misconfiguration when it keeps no order per key.

        A caller that may not ask is let through.
        """
        try:
            answer: Any = self.client.describe_stream_summary(StreamName=self.stream_name)
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                raise NotDeployed(
                    f"there is no Kinesis stream {self.stream_name!r} in {_place(self.client)}"
                ) from error
            if error_code(error) not in {"AccessDenied", "AccessDeniedException"}:
                raise
            return
        # API reference, StreamDescriptionSummary: with AUTO, Kinesis ignores partition keys.
        if answer["StreamDescriptionSummary"].get("RecordDistributionStrategy") == "AUTO":
            raise Misconfiguration(
                f"stream {self.stream_name!r} distributes records without regard to their keys (AUTO), so no order is "
                "kept; set its record distribution strategy to USER_PARTITION_KEY"
            )

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        """One PutRecords call; see `ports.RecordStream`. Raises Retryable or Misconfiguration.

        What each entry may be is checked before, so a call that Kinesis finds invalid is no single record's fault.
        """
        try:
            answer = self.client.put_records(
                StreamName=self.stream_name,
                Records=[{"Data": entry.data, "PartitionKey": entry.partition_key} for entry in entries],
            )
        except (BotoCoreError, ClientError) as error:
            raise classify(error) or Misconfiguration(f"Kinesis refused the call: {error}") from error
        answers = answer["Records"]
        if len(answers) != len(entries):
            raise Retryable(f"Kinesis answered for {len(answers)} of {len(entries)} entries")
        return [_outcome(each) for each in answers]


def open_stream(
    name: str,
    *,
    region: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    may_be_away: bool = False,
) -> KinesisStream:
    """A stream by its name, where the AWS configuration says or as given.

    Raises NotDeployed when it is not there, Misconfiguration when it keeps no order per key or cannot be asked; a
    stream that may be away is taken to be as it should where it only does not answer now.
    """
    try:
        stream = KinesisStream(Clients(endpoint_url, region, profile).kinesis, name)
        stream.check()
    except (BotoCoreError, ClientError) as error:
        if not (may_be_away and isinstance(classify(error), Retryable)):
            raise Misconfiguration(f"stream {name!r} cannot be used: {explain(error)}") from error
    write_out(stream.client)
    return stream


def write_out(client: KinesisClient) -> None:
    """Have this client write the requests of PutRecords by `body`, and read the answers. Doing so twice is fine."""
    events = client.meta.events
    events.register("before-parameter-build.kinesis.PutRecords", _write, unique_id="pipeline-write")
    events.register("before-call.kinesis.PutRecords", _replace, unique_id="pipeline-replace")
    events.register("before-parse.kinesis.PutRecords", _read, unique_id="pipeline-read")


def body(stream_name: str, records: Sequence[Mapping[str, Any]]) -> bytes:
    """The request of PutRecords as JSON (protocol `json` 1.1: blobs in base64)."""
    written = [{**each, "Data": b64encode_as_string(each["Data"])} for each in records]
    return orjson.dumps({"StreamName": stream_name, "Records": written})


def _write(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    """Take the entries out of botocore's way; it requires one, and would write it as JSON of its own."""
    if params.keys() == {"StreamName", "Records"}:
        context[_WRITTEN] = body(params["StreamName"], params["Records"])
        params["Records"] = _ANY


def _replace(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    """Before the request is signed."""
    params["body"] = context.pop(_WRITTEN, params["body"])


def _read(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
    """Take a good answer out of botocore's way; what it makes of nothing is completed by it."""
    if response_dict["status_code"] == HTTPStatus.OK:
        with contextlib.suppress(orjson.JSONDecodeError):
            answer = orjson.loads(response_dict["body"])
            if isinstance(answer, dict):
                customized_response_dict.update(answer)
                response_dict["body"] = b"{}"


def _outcome(answer: PutRecordsResultEntryTypeDef) -> Accepted | Refused:
    code = answer.get("ErrorCode")
    sequence_number = answer.get("SequenceNumber")
    if code or not sequence_number:
        return Refused(code or "no sequence number")
    return Accepted(answer["ShardId"], sequence_number)


def _place(client: KinesisClient) -> str:
    return f"{client.meta.region_name} at {client.meta.endpoint_url}"
