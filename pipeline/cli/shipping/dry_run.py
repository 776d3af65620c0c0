"""What would be sent, and what it would cost: the same way as a real run, onto a stream that only counts.

Nothing of AWS is needed. A sample of the beginning is enough for an estimate: at most 64 MiB are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.cli.display import Display
from pipeline.cli.shipping import cost, tally
from pipeline.cli.shipping.cost import Cost, Volume
from pipeline.core.chunk import entry_bytes
from pipeline.core.encode import cloudevent
from pipeline.core.line_time import rfc3339
from pipeline.model import Accepted, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.cli.shipping.tally import Tally
    from pipeline.core.log_line import LogLines, Shipment
    from pipeline.model import Claim, Entry

SHOWN_EVENTS: Final = 10
SAMPLE_BYTES: Final = 64 * 1024 * 1024


class CountingStream:
    """A RecordStream that takes everything, and keeps nothing but the sizes."""

    def __init__(self) -> None:
        self.volume = Volume()

    def put(self, entries: Sequence[Entry]) -> list[Accepted]:
        """See `ports.RecordStream`."""
        for entry in entries:
            self.volume.add(entry_bytes(entry))
        return [Accepted("dry-run", str(self.volume.records))] * len(entries)


@dataclass
class CountingClaims:
    """A ClaimStore that keeps nothing but the count."""

    bucket: str = "dry-run"
    count: int = 0
    size_bytes: int = 0

    def leave(self, claim: Claim, body: bytes) -> None:
        """See `ports.ClaimStore`."""
        del body
        self.count += 1
        self.size_bytes += claim.size_bytes


@dataclass
class Preview:
    """Shows the first events, and notes the time that the lines themselves name."""

    tally: Tally
    display: Display = field(default_factory=Display)
    alone: Volume = field(default_factory=Volume)
    first_at: datetime | None = None
    last_at: datetime | None = None
    _shown: int = 0
    _given: str = ""

    def make(self, make: Callable[..., LogLines]) -> Callable[..., LogLines]:
        """The same `LogLines`, whose `now` is listened to: a time that they were given is not a line's own."""

        def made(*, now: Callable[[], datetime], **settings: object) -> LogLines:
            def listened() -> datetime:
                moment = now()
                self._given = rfc3339(moment)
                return moment

            return make(now=listened, **settings)

        return made

    def tap(self, shipment: Shipment) -> None:
        """An event that would be sent."""
        fields = _fields(shipment.record)
        self.alone.add(_alone_bytes(shipment, fields))
        if self._shown < SHOWN_EVENTS:
            self._shown += 1
            self.display.event(fields)
        self._date(fields.get("time"))
        if self.tally.read_bytes >= SAMPLE_BYTES:
            self.tally.is_enough = True

    def _date(self, text: object) -> None:
        if not isinstance(text, str) or text == self._given:
            return
        try:
            moment = datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            return
        self.first_at = min(self.first_at or moment, moment)
        self.last_at = max(self.last_at or moment, moment)

    def tell(self, volume: Volume, claims: CountingClaims) -> None:
        """The counts and the estimate, on stderr."""
        counted = self.tally
        tally.say(
            f"dry run: {tally.lines(counted.accepted)} would be sent, {counted.refused:,} refused; nothing was sent"
        )
        counted.warn()
        if not volume.records:
            return
        if counted.is_enough:
            tally.say(f"the first {counted.read_bytes:,} bytes were looked at, the rest is taken for the same")
        seconds, basis = self._basis()
        rate = counted.accepted / seconds
        each = volume.record_bytes / volume.records
        records = f"{volume.records:,} record{'' if volume.records == 1 else 's'}"
        tally.say(f"on the stream: {records} of {each:,.0f} bytes on average, keys included")
        if claims.count:
            tally.say(f"in S3: the data of {tally.lines(claims.count)}, {claims.size_bytes:,} bytes, at S3's price")
        tally.say(f"rate: {_figure(rate)} lines/s, {basis}")
        shared, alone = (_prices(cost.monthly(each, seconds)) for each in (volume, self.alone))
        tally.say(f"estimated a month at that rate, for Kinesis alone: {shared}")
        if alone != shared:
            tally.say(f"or, if lines come so far apart that each has a record of its own: {alone}")
        tally.say(f"prices: {cost.PRICES_OF}")

    def _basis(self) -> tuple[float, str]:
        """The time that the sample stands for, in seconds, and where it is known from."""
        if self.first_at is not None and self.last_at is not None and self.last_at > self.first_at:
            span = self.last_at - self.first_at
            return span.total_seconds(), f"by the time of the lines themselves, which span {_duration(span)}"
        total = self.tally.total_bytes or self.tally.read_bytes
        share = min(1.0, self.tally.read_bytes / total) if total else 1.0
        return (
            cost.DAY_SECONDS * share,
            "taking the whole input for that of one day: the lines span no time of their own",
        )


def _alone_bytes(shipment: Shipment, fields: dict[str, Any]) -> int:
    """What a record of its own would weigh."""
    data = shipment.record if isinstance(shipment.record, bytes) else orjson.dumps(fields)
    return len(data) + len(shipment.key.encode())


def _prices(month: Cost) -> str:
    shards = f"{month.shards} shard{'' if month.shards == 1 else 's'}"
    return f"on-demand ${month.on_demand:,.2f}, provisioned with {shards} ${month.provisioned:,.2f}"


def _fields(record: Event | bytes) -> dict[str, Any]:
    """The event as it would be on the stream; a raw line that is none, as text."""
    if isinstance(record, Event):
        return dict(cloudevent(record))
    try:
        fields = orjson.loads(record)
    except orjson.JSONDecodeError:
        fields = None
    return fields if isinstance(fields, dict) else {"type": "raw", "data": record.decode(errors="backslashreplace")}


def _figure(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"  # noqa: PLR2004 - two digits are enough


def _duration(span: timedelta) -> str:
    return str(timedelta(seconds=round(span.total_seconds()))) if span >= timedelta(seconds=1) else f"{span}"
