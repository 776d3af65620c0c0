"""S3 buckets in memory, behind the calls of the client that the sinks and the readers make; they fail as told."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from pipeline.testing.aws_errors import aws_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
            self._bucket(Bucket)[Key] = bytes(Body)
            self.content_types[Key] = ContentType
        return {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - the API's names
        """The body of an object, to be read once."""
        return {"Body": io.BytesIO(self._bucket(Bucket)[Key])}

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

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - the API's names
        """Pages of keys; one without any has no Contents."""
        keys = sorted((key for key in self.bucket(Bucket) if key.startswith(Prefix)), key=str.encode)
        if not keys:
            yield {}
        for start in range(0, len(keys), self.size):
            yield {"Contents": [{"Key": key} for key in keys[start : start + self.size]]}
