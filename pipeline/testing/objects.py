"""An ObjectSource in memory: versions of objects, given in parts, and unreliable as told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.errors import Rejection
from pipeline.model import ObjectVersion, Part, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.ports import Remaining

MODIFIED_AT = 1_764_000_000.25


@dataclass
class FakeObjects:
    """Objects by bucket, key and version.

    Args:
        part_bytes: how much a part has.
        errors: raised by the next reads, in turn; None lets one through.
        before: called with the offset of each read; whatever changes under way changes there.
    """

    part_bytes: int = 1024
    errors: list[Exception | None] = field(default_factory=list)
    before: Callable[[int], None] = lambda _: None
    contents: dict[tuple[str, str, str | None], tuple[bytes, str]] = field(default_factory=dict)
    reads: list[tuple[str, int]] = field(default_factory=list)

    def drop(self, key: str, content: bytes, version: str | None = "v1", etag: str = "e1") -> ObjectVersion:
        """Write an object into the bucket `drop`."""
        self.contents["drop", key, version] = (content, etag)
        return ObjectVersion("drop", key, version, etag)

    def read(self, at: ObjectVersion, offset: int, remaining: Remaining) -> Part:
        """See `ports.ObjectSource`."""
        del remaining
        self.before(offset)
        self.reads.append((at.key, offset))
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        found = self.contents.get((at.bucket, at.key, at.version))
        if found is None:
            raise Rejection(Reason.OBJECT_GONE, "there is no such object any more")
        content, etag = found
        if at.etag not in {None, etag}:
            raise Rejection(Reason.OBJECT_CHANGED, "it was written anew")
        return Part(content[offset : offset + self.part_bytes], len(content), etag, MODIFIED_AT)


@dataclass
class FakeContinuation:
    """Continuation: keeps what is handed over, as it arrives; raises the errors first, one a call."""

    handed: list[dict[str, object]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def hand_over(self, event: object) -> None:
        """Keep it."""
        if self.errors:
            raise self.errors.pop(0)
        assert isinstance(event, dict)  # noqa: S101 - what the port says
        self.handed.append(event)
