"""S3 buckets in memory, behind the calls of the client that the sinks and the readers make; they fail as told.

What they do is held against LocalStack by `tests/contract/services`.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from pipeline.testing.aws_errors import aws_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# S3 user guide, "Naming Amazon S3 objects": at most 1,024 bytes in UTF-8.
MAX_KEY_BYTES: Final = 1024
# What S3 gives an object that was put without a type.
DEFAULT_TYPE: Final = "binary/octet-stream"
WRITTEN_AT: Final = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
_RANGE: Final = re.compile(r"\d+")


@dataclass
class FakeS3:
    """Buckets with their objects.

    Args:
        buckets: bucket to key to body; a bucket that is not in it is not found.
        errors: raised by the next PutObject calls, in turn; None lets a call through.
        failing: the error to raise for a key, or None, whatever the turn.
        page: how many keys a page of a listing has.
    """

    buckets: dict[str, dict[str, bytes]]
    errors: list[Exception | None] = field(default_factory=list)
    failing: Callable[[str], Exception | None] = lambda _: None
    page: int = 1000
    puts: list[str] = field(default_factory=list)
    content_types: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, Any]:  # noqa: N803 - the API's names
        """Write an object over what is there, or raise."""
        with self._lock:
            self.puts.append(Key)
            error = (self.errors.pop(0) if self.errors else None) or self.failing(Key)
            if error is not None:
                raise error
            bucket = self._bucket(Bucket)
            if len(Key.encode()) > MAX_KEY_BYTES:
                raise aws_error("KeyTooLongError")
            bucket[Key] = bytes(Body)
            self.content_types[Key] = ContentType
        return {}

    def get_object(
        self,
        *,
        Bucket: str,  # noqa: N803 - the API's names
        Key: str,  # noqa: N803 - the API's names
        Range: str | None = None,  # noqa: N803 - the API's names
        IfMatch: str | None = None,  # noqa: N803 - the API's names
        IfNoneMatch: str | None = None,  # noqa: N803 - the API's names
    ) -> dict[str, Any]:
        """The body of an object, or a range of it, to be read once."""
        bucket = self._bucket(Bucket)
        if Key not in bucket:
            raise aws_error("NoSuchKey", 404)
        body = bucket[Key]
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        if IfMatch not in {None, etag}:
            raise aws_error("PreconditionFailed", 412)
        if IfNoneMatch == etag:
            raise aws_error("304", 304, "Not Modified")
        answer = {"ContentType": self.content_types.get(Key, DEFAULT_TYPE), "ETag": etag, "LastModified": WRITTEN_AT}
        if Range is None:
            return {**answer, "Body": io.BytesIO(body)}
        first, last = map(int, _RANGE.findall(Range))
        if first >= len(body):
            raise aws_error("InvalidRange", 416)
        part = body[first : last + 1]
        where = f"bytes {first}-{first + len(part) - 1}/{len(body)}"
        return {**answer, "Body": io.BytesIO(part), "ContentRange": where}

    def get_paginator(self, operation: str) -> FakePages:
        """The pages of `list_objects_v2`; no other operation has any here."""
        if operation != "list_objects_v2":
            raise ValueError(f"{operation} is not an operation of the fake")
        return FakePages(self._bucket, self.page)

    def _bucket(self, name: str) -> dict[str, bytes]:
        if name not in self.buckets:
            raise aws_error("NoSuchBucket", 404)
        return self.buckets[name]


@dataclass
class FakePages:
    """The paginator of a listing: keys in the order of their bytes."""

    bucket: Callable[[str], dict[str, bytes]]
    size: int

    def paginate(
        self,
        *,
        Bucket: str,  # noqa: N803 - the API's names
        Prefix: str,  # noqa: N803 - the API's names
        PaginationConfig: Mapping[str, int] | None = None,  # noqa: N803 - the API's names
    ) -> Iterator[dict[str, Any]]:
        """Pages of keys; one without any has no Contents."""
        size = (PaginationConfig or {}).get("PageSize", self.size)
        keys = sorted((key for key in self.bucket(Bucket) if key.startswith(Prefix)), key=str.encode)
        if not keys:
            yield {}
        for start in range(0, len(keys), size):
            yield {"Contents": [{"Key": key} for key in keys[start : start + size]]}
