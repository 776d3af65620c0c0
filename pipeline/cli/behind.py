"""How far behind a reader of a stream is: told now and then while it is, and where to go on when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef

# Less is what polls and Lambda's batches take; and what is old at the start may be read in a moment.
BEHIND_SECONDS: Final = 30.0
TELL_EVERY_SECONDS: Final = 10.0


@dataclass
class Behind:
    """Passes batches on, each of one shard, and looks at when the last record of it was written.

    An empty batch says that all shards were read to their ends; before it, one may be further than the others.

    Args:
        tell: is told, in a line.
        since: where it begins, aware; None: from now on.
        now: aware.
    """

    tell: Callable[[str], None]
    since: datetime | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __post_init__(self) -> None:
        self._all_until = self._newest = self.since or self.now()
        self._told_at = self.now()
        self._is_behind = False

    @property
    def go_on(self) -> str:
        """How to go on and miss nothing; what was read already since then comes again."""
        return f"--since {self._all_until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} goes on here"

    def watch(self, batches: Iterable[list[RecordTypeDef]]) -> Iterator[list[RecordTypeDef]]:
        """The batches, each looked at when it has been dealt with."""
        for records in batches:
            yield records
            self._look(records)

    def _look(self, records: list[RecordTypeDef]) -> None:
        now = self.now()
        if not records:
            if self._is_behind:
                self.tell("no longer behind")
            self._is_behind = False
            self._all_until = self._newest
            return
        at = records[-1]["dynamodb"]["ApproximateCreationDateTime"]
        self._newest = max(self._newest, at)
        behind = (now - at).total_seconds()
        if behind > BEHIND_SECONDS and (now - self._told_at).total_seconds() >= TELL_EVERY_SECONDS:
            self._told_at, self._is_behind = now, True
            self.tell(f"{behind:,.0f} seconds behind")
