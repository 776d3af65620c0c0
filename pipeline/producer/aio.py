"""The same for asyncio: `put` waits without blocking the loop, and gives a future of the report."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Self, Unpack

from pipeline.producer.engine import Engine
from pipeline.producer.outcome import Full
from pipeline.producer.outgoing import Envelopes
from pipeline.producer.settings import Options, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from pipeline.model import Position
    from pipeline.ports import RecordStream
    from pipeline.producer.metrics import Metrics
    from pipeline.producer.outcome import Puttable, Report
    from pipeline.producer.receipt import Receipt


class AsyncProducer:
    """Puts records onto a stream, from the tasks of one event loop; all else is as with `Producer`.

    Two things are awaited: `put`, which waits for room and gives a future; and the future, which is of the report.
    Awaiting it at once, each record would wait for the call of the one before: gather them, or let them be.

    >>> import asyncio
    >>> from pipeline.model import Event
    >>> from pipeline.testing.kinesis import FakeStream
    >>> paid = Event("a-1", "//shop", "log.v1", "2026-11-23T10:00:00Z", {"body": "paid"}, subject="customer-7")
    >>> async def main():
    ...     async with AsyncProducer(FakeStream()) as producer:
    ...         future = await producer.put(paid)
    ...         return await future
    >>> report = asyncio.run(main())
    >>> report.record is paid, report.is_accepted, report.outcome.sequence_number
    (True, True, '1')

    A future that nobody awaits costs nothing and warns of nothing: its result is the report, good or bad.

    Args:
        stream: where to. Its calls are made by the producer's own thread.
        options: see `Settings`.
    """

    def __init__(self, stream: RecordStream, **options: Unpack[Options]) -> None:
        settings = Settings(**options)
        self._block_seconds = settings.block_seconds
        self._envelopes = Envelopes(settings.type, settings.source)
        self._engine = Engine(stream, self._tell, replace(settings, block_seconds=0.0))
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Event()

    async def put(
        self, record: Puttable, *, key: str | None = None, position: Position | None = None
    ) -> asyncio.Future[Report]:
        """Take one record, when there is room for it; the future is of its report. See `Producer.put`.

        A task that is cancelled while it waits here has put nothing.
        """
        outgoing = self._envelopes.outgoing(record, key)
        future: asyncio.Future[Report] = self._loop.create_future()
        give_up_at = self._loop.time() + self._block_seconds
        while True:
            self._room.clear()
            try:
                self._engine.take(outgoing, record, position, future)
            except Full as full:
                if not await self._wait_for_room(give_up_at):
                    raise full from None
            else:
                return future

    async def _wait_for_room(self, give_up_at: float) -> bool:
        try:
            async with asyncio.timeout_at(None if give_up_at == inf else give_up_at):
                return await self._room.wait()
        except TimeoutError:
            return False

    async def flush(self, seconds: float | None = None) -> bool:
        """Send all that was put before, and wait until it is reported, or so many seconds; whether it is.

        What is not reported in time is not lost: it is sent as if there had been no flush. Raises what went wrong
        before.
        """
        return await asyncio.to_thread(self._engine.flush, seconds)

    async def close(self) -> None:
        """Flush, and take no more. Closing twice is fine. Raises what went wrong before."""
        await asyncio.to_thread(self._engine.close)

    def metrics(self) -> Metrics:
        """What was done so far."""
        return self._engine.metrics()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; where the task is being cancelled, or the program stopped, what waits is given back instead."""
        if kind is not None and not issubclass(kind, Exception):
            await asyncio.to_thread(self._engine.stop)
        else:
            await self.close()

    def _tell(self, receipts: Sequence[Receipt]) -> None:
        self._loop.call_soon_threadsafe(self._told, receipts)

    def _told(self, receipts: Sequence[Receipt]) -> None:
        self._room.set()
        for receipt in receipts:
            if not receipt.waiter.done():
                receipt.waiter.set_result(receipt.report())
