"""The archive and the dead letters: objects whose names are made of positions, so that writing twice leaves one."""

from __future__ import annotations

import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
import zstandard
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.failures import classify
from pipeline.core.encode import SEQUENCE_DIGITS
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_s3 import S3Client

    from pipeline.model import DeadLetter, Line, Position
    from pipeline.ports import Remaining

ARCHIVE_PREFIX: Final = "archive/"
DEAD_LETTER_PREFIX: Final = "dead-letters/"
ARCHIVE_WRITERS: Final = 8
# A record of 10 MiB, the most that a stream can be set to, holds fewer user records than this counts.
SUB_SEQUENCE_DIGITS: Final = 8
_ZSTD_LEVEL: Final = 1


@dataclass(frozen=True)
class ArchiveSink:
    """Sink[Line]: one zstd-compressed NDJSON object for each partition of a batch.

    An object is named after the position of its first record, so a redelivery, which starts at the same checkpoint,
    overwrites it, whether the new batch is longer or shorter.
    """

    client: S3Client
    bucket: str
    backoff: Backoff = field(default_factory=Backoff)

    def write(self, deliveries: Sequence[Line], remaining: Remaining) -> Mapping[Position, Failure]:
        """Write every object; of one that could not be written, all lines are failures. Raises Misconfiguration."""
        partitions: defaultdict[str, list[Line]] = defaultdict(list)
        for line in deliveries:
            partitions[line.partition].append(line)
        with ThreadPoolExecutor(ARCHIVE_WRITERS) as writers:
            outcomes = writers.map(lambda lines: self._put(lines, remaining), partitions.values())
            failed = [lines for lines, done in zip(partitions.values(), outcomes, strict=True) if not done]
        return {line.position: Failure("the archive object could not be written") for lines in failed for line in lines}

    def _put(self, lines: Sequence[Line], remaining: Remaining) -> bool:
        key = f"{ARCHIVE_PREFIX}{lines[0].partition}/{position_key(lines[0].position)}.ndjson.zst"
        body = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(b"".join(line.line for line in lines))
        try:
            self.backoff.retry(lambda: _put_object(self.client, self.bucket, key, body, "application/zstd"), remaining)
        except Retryable:
            return False
        return True


@dataclass(frozen=True)
class DeadLetterBucket:
    """DeadLetterSink: one JSON object for each dead letter, with the record as Lambda delivered it."""

    client: S3Client
    bucket: str
    function: str

    def keep(self, dead_letter: DeadLetter) -> None:
        """Write it under its position. Raises Retryable or Misconfiguration."""
        position = dead_letter.record.position
        body = {
            "reason": dead_letter.reason,
            "detail": dead_letter.detail,
            "stage": dead_letter.stage,
            "function": self.function,
            "position": position._asdict(),
            "record": dead_letter.record.original,
        }
        key = f"{DEAD_LETTER_PREFIX}{position_key(position)}.json"
        # Not orjson: it refuses half surrogates and integers beyond 64 bits, and this is where everything can be kept.
        _put_object(self.client, self.bucket, key, json.dumps(body).encode(), "application/json")


def position_key(position: Position) -> str:
    """`<stream>/<shard>/<sequence number>-<sub-sequence number>`, both padded: text order is stream order."""
    sequence_number = position.sequence_number.zfill(SEQUENCE_DIGITS)
    return f"{position.stream}/{position.shard}/{sequence_number}-{position.sub_sequence_number:0{SUB_SEQUENCE_DIGITS}}"


def dead_letters(client: S3Client, bucket: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every dead letter in the bucket: key and content, in the order of the positions within a shard."""
    for key, body in objects(client, bucket, DEAD_LETTER_PREFIX):
        yield key, json.loads(body)


def archived(client: S3Client, bucket: str) -> Iterator[tuple[str, bytes, list[dict[str, Any]]]]:
    """Every archive object in the bucket: key, compressed bytes, and its lines as JSON."""
    for key, body in objects(client, bucket, ARCHIVE_PREFIX):
        with zstandard.ZstdDecompressor().stream_reader(body) as lines:
            yield key, body, [orjson.loads(line) for line in lines.read().splitlines()]


def objects(client: S3Client, bucket: str, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Key and bytes of every object below a prefix."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield entry["Key"], client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()


def _put_object(client: S3Client, bucket: str, key: str, body: bytes, content_type: str) -> None:
    try:
        client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
    except (BotoCoreError, ClientError) as error:
        # S3 can refuse our own well-formed object only for how the bucket is set up.
        raise classify(error) or Misconfiguration(f"bucket {bucket} refuses {key}: {error}") from error
