"""Records as they come, from any thread: taken at once, sent in the background, reported one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, Unpack

from pipeline.producer.engine import Engine
from pipeline.producer.outgoing import Envelopes
from pipeline.producer.settings import Options, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from pipeline.model import Position
    from pipeline.ports import RecordStream
    from pipeline.producer.metrics import Metrics
    from pipeline.producer.outcome import Puttable, Report
    from pipeline.producer.receipt import Receipt


class Producer:
    """Puts records onto a stream, from any thread.

    with Producer(stream, reports.append) as producer:
        receipt = producer.put(event)
        print(receipt.result().outcome)

    A record is sent after `linger_seconds` at most, whether or not another is put. What became of it is told once, to
    `report` and to its receipt; in order per key. When it is not accepted within `deadline_seconds`, it is kept in the
    spill, if there is one, and else given back as Unsent.

    `report` is called by the producer's thread, one at a time: it should be quick. It may put, but never waits for room
    then, and it may not flush or close. What it raises is raised by the next `put`, `flush` or `close`; so is what
    trying again does not mend (Misconfiguration, SpillUnusable), after all that is held was given back or spilled; and
    so is a loss in the spill (SpillDamaged), once, while all else goes on.

    A producer belongs to one process: after a fork, make a new one. One that nobody closes is closed at exit.

    Args:
        stream: where to.
        report: called once for each record, with what became of it.
        options: see `Settings`.
    """

    def __init__(
        self, stream: RecordStream, report: Callable[[Report], object] | None = None, **options: Unpack[Options]
    ) -> None:
        settings = Settings(**options)
        self._report = report
        self._envelopes = Envelopes(settings.type, settings.source)
        self._engine = Engine(stream, self._tell, settings)
        self._settled = self._engine.settled()

    def put(self, record: Puttable, *, key: str | None = None, position: Position | None = None) -> Receipt:
        """Take one record; its outcome is reported, now or later.

        Args:
            record: an event; a CloudEvents dict; any other dict is data, for which the envelope is made, with an id and
                the time, if the producer has a type and a source; bytes are what is to be on the stream.
            key: what the record is in order with; default: the event's subject. Without either, an event is in order
                with nothing, and can share its call with any other.
            position: where the record comes from, for the report; default: how many were put.

        Waits while the producer is full. Raises Full when that takes longer than `block_seconds`; Rejection for a dict
        that is no event; ValueError after `close`, and for bytes without a key; and what went wrong before, see above.
        Whatever it raises, this record was not taken.
        """
        return self._engine.take(self._envelopes.outgoing(record, key), record, position, self._settled)

    def flush(self, seconds: float | None = None) -> bool:
        """Send all that was put before, and wait until it is reported, or so many seconds; whether it is.

        What is not reported in time is not lost: it is sent as if there had been no flush. Raises what went wrong
        before.
        """
        return self._engine.flush(seconds)

    def close(self) -> None:
        """Flush, and take no more. Closing twice is fine. Raises what went wrong before."""
        self._engine.close()

    def stop(self) -> None:
        """Send no more, and take no more: what waits is reported as Unsent at once, or spilled. Raises nothing."""
        self._engine.stop()

    def metrics(self) -> Metrics:
        """What was done so far."""
        return self._engine.metrics()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; where the program is being stopped (Ctrl-C), what waits is reported as Unsent instead, or spilled."""
        if kind is not None and not issubclass(kind, Exception):
            self._engine.stop()
        else:
            self._engine.close()

    def _tell(self, receipts: Sequence[Receipt]) -> None:
        if self._report is None:
            return
        error: Exception | None = None
        for receipt in receipts:
            try:
                self._report(receipt.report())
            except Exception as raised:  # noqa: BLE001 - the other records are reported all the same
                error = error or raised
        if error is not None:
            raise error
