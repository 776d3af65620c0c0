"""The archive and the dead letters: objects whose names are made of positions, so that writing twice leaves one."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson
import zstandard
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.failures import classify
from pipeline.core.encode import SEQUENCE_DIGITS
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_s3 import S3Client

    from pipeline.model import DeadLetter, Line, Position
    from pipeline.ports import Remaining

ARCHIVE_PREFIX: Final = "archive/"
DEAD_LETTER_PREFIX: Final = "dead-letters/"
ARCHIVE_WRITERS: Final = 8
# As many as the client has connections. Lambda delivers 6 MB at most, so their bodies stay below 100 MB.
DEAD_LETTER_WRITERS: Final = 16
# A record of 10 MiB, the most that a stream can be set to, holds fewer user records than this counts.
SUB_SEQUENCE_DIGITS: Final = 8
# Three of them, a prefix, and the numbers' digits stay below the 1,024 bytes of a key (S3 user guide, "Object keys").
PART_BYTES: Final = 300
_DIGEST_BYTES: Final = 16
_ZSTD_LEVEL: Final = 1
_NOT_BEGUN: Final = Failure("no time left, or it waits for one before it")


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
    """DeadLetterSink: one JSON object for each dead letter, with the record as Lambda delivered it.

    Several are written at a time, and no more bodies than that are in memory: of an aggregate of 1 MiB with a thousand
    bad user records, each of the thousand objects holds the whole record.
    """

    client: S3Client
    bucket: str
    function: str
    backoff: Backoff = field(default_factory=Backoff)

    def keep(self, dead_letters: Sequence[DeadLetter], remaining: Remaining) -> Mapping[Position, Failure]:
        """Write each under its position, and say which were not written. Raises Misconfiguration."""
        outcomes: dict[Position, Failure | None] = {}
        with ThreadPoolExecutor(DEAD_LETTER_WRITERS) as writers:
            for chunk in batched(_with_records(dead_letters), DEAD_LETTER_WRITERS, strict=False):
                due = [each for each in chunk if _is_first(each[0], dead_letters) or remaining() > 0]
                failures = writers.map(lambda each: self._put(each[0], each[1], remaining), due)
                outcomes.update(zip((letter.record.position for letter, _ in due), failures, strict=True))
                if len(due) < len(chunk) or any(outcomes.values()):
                    break
        wanted = {letter.record.position: _NOT_BEGUN for letter in dead_letters} | outcomes
        return {position: failure for position, failure in wanted.items() if failure is not None}

    def _put(self, letter: DeadLetter, record: bytes, remaining: Remaining) -> Failure | None:
        """Write one; `record` is its original record as JSON."""
        position = letter.record.position
        about = {
            "reason": letter.reason,
            "detail": letter.detail,
            "stage": letter.stage,
            "function": self.function,
            "position": position._asdict(),
        }
        key = f"{DEAD_LETTER_PREFIX}{position_key(position)}.json"
        body = b'%b, "record": %b}' % (json.dumps(about).encode()[:-1], record)
        try:
            self.backoff.retry(lambda: _put_object(self.client, self.bucket, key, body, "application/json"), remaining)
        except Retryable as error:
            return Failure(str(error))
        return None


def _with_records(dead_letters: Iterable[DeadLetter]) -> Iterator[tuple[DeadLetter, bytes]]:
    """Each with its original record as JSON, which the user records of an aggregate share."""
    original, record = None, b""
    for letter in dead_letters:
        if letter.record.original is not original:
            original = letter.record.original
            # Not orjson: it refuses half surrogates and integers beyond 64 bits, and here everything can be kept.
            record = json.dumps(original).encode()
        yield letter, record


def _is_first(letter: DeadLetter, dead_letters: Sequence[DeadLetter]) -> bool:
    return letter.record.position.sequence_number == dead_letters[0].record.position.sequence_number


def position_key(position: Position) -> str:
    """`<stream>/<shard>/<sequence number>-<sub-sequence number>`, both padded: text order is stream order.

    Where there is no shard there is no part for one. What stands for stream or sequence number elsewhere (an ARN, the
    URL of an object, the id of a message) is quoted, and shortened where it must be: a key has 1,024 bytes at most.
    """
    number = position.sequence_number
    number = number.zfill(SEQUENCE_DIGITS) if number.isascii() and number.isdigit() else _part(number)
    parts = [_part(each) for each in (position.stream, position.shard) if each]
    return "/".join([*parts, f"{number}-{position.sub_sequence_number:0{SUB_SEQUENCE_DIGITS}}"])


def _part(name: str) -> str:
    """One part of a key: without slashes, and of `PART_BYTES` at most."""
    quoted = quote(name, safe=":", errors="surrogatepass")
    if len(quoted) <= PART_BYTES:
        return quoted
    digest = hashlib.blake2b(quoted.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{quoted[: PART_BYTES - len(digest) - 1]}~{digest}"


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
