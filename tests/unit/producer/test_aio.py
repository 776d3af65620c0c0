"""The asyncio form: the loop is never blocked, and every future gets its report."""

from __future__ import annotations

import asyncio
import doctest
import threading
from typing import TYPE_CHECKING

import pytest

from pipeline.core.chunk import MAX_CALL_BYTES
from pipeline.errors import Misconfiguration
from pipeline.model import Accepted, Refused
from pipeline.producer import AsyncProducer, Full, Pace, Report, TooLarge, Unsent, aio
from pipeline.testing.kinesis import Fail, FakeStream, Refuse

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from pipeline.model import Entry

MIB = 1024 * 1024
NO_WAIT = Pace(sleep=lambda _: None)


class Held(FakeStream):
    """A stream whose calls wait until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Semaphore(0)

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        assert self.gate.acquire(timeout=10)
        return super().put(entries)


def run[T](main: Coroutine[None, None, T]) -> T:
    """Run it, but not for ever."""
    return asyncio.run(asyncio.wait_for(main, 10))


@pytest.fixture(autouse=True)
def _loops_have_sockets(socket_enabled: None) -> None:
    """An event loop wakes itself by a pair of connected sockets."""


def test_the_example_is_true() -> None:
    """What the docstring shows is what happens."""
    assert doctest.TestResults(failed=0, attempted=7) == doctest.testmod(aio)


def test_every_future_gets_its_report() -> None:
    """Accepted with shard and sequence number, though refused at first; in order per key."""

    async def main() -> list[Report]:
        async with AsyncProducer(FakeStream([Refuse(frozenset({0}))], shards=1), pace=NO_WAIT) as producer:
            futures = [await producer.put(b"%d" % number, key="k") for number in range(3)]
            reports = await asyncio.gather(*futures)
            assert 3 == producer.metrics().accepted
            return reports

    assert [(b"%d" % n, Accepted("shardId-000000000000", str(n + 1))) for n in range(3)] == [
        (each.record, each.outcome) for each in run(main())
    ]


def test_bad_outcomes_are_reports_too() -> None:
    """Nothing is raised by awaiting a record that was not accepted."""

    async def main() -> list[Report]:
        stream = FakeStream([Fail()] * 999)
        async with AsyncProducer(stream, pace=NO_WAIT, deadline_seconds=0) as producer:
            futures = [await producer.put(b"x" * size, key="k") for size in (1, MIB)]
            await producer.flush()
            return await asyncio.gather(*futures)

    assert [Unsent("read timeout"), TooLarge(MIB + 1)] == [each.outcome for each in run(main())]


def test_put_waits_for_room_without_blocking_the_loop() -> None:
    """Other tasks go on; when there is room, the put does."""
    stream = Held()

    async def main() -> int:
        async with AsyncProducer(stream, buffer_bytes=MAX_CALL_BYTES) as producer:
            for _ in range(2):
                await producer.put(b"x" * (MIB - 1), key="k")
            waiting = asyncio.create_task(producer.put(b"x" * (MIB - 1), key="k"))
            for _ in range(100):
                await asyncio.sleep(0)
            assert not waiting.done()
            stream.gate.release(9)
            await (await waiting)
        return len(stream.records)

    assert 3 == run(main())


@pytest.mark.parametrize("block_seconds", [0, 0.01])
def test_put_raises_when_it_waited_long_enough(block_seconds: float) -> None:
    """The record was not taken."""
    stream = Held()

    async def main() -> int:
        async with AsyncProducer(stream, buffer_bytes=MAX_CALL_BYTES, block_seconds=block_seconds) as producer:
            for _ in range(2):
                await producer.put(b"x" * (MIB - 1), key="k")
            with pytest.raises(Full):
                await producer.put(b"x" * (MIB - 1), key="k")
            stream.gate.release(9)
        return len(stream.records)

    assert 2 == run(main())


def test_what_cannot_be_mended_is_raised() -> None:
    """By the next flush, as with the other form."""

    async def main() -> Report:
        producer = AsyncProducer(FakeStream([Fail(Misconfiguration("not yours"))]))
        future = await producer.put(b"x", key="k")
        with pytest.raises(Misconfiguration, match="not yours"):
            await producer.flush()
        await producer.close()
        return await future

    assert Unsent("not yours") == run(main()).outcome


def test_a_cancelled_block_gives_back() -> None:
    """What was not sent is reported, and the task is not kept waiting."""

    async def put(given: asyncio.Future[asyncio.Future[Report]]) -> None:
        async with AsyncProducer(FakeStream(), linger_seconds=1e6) as producer:
            given.set_result(await producer.put(b"x", key="k"))
            await asyncio.Event().wait()

    async def main() -> Report:
        given: asyncio.Future[asyncio.Future[Report]] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(put(given))
        future = await given
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await future

    assert Unsent("stopped before it was sent") == run(main()).outcome


def test_a_future_may_be_cancelled() -> None:
    """Its record is sent all the same, and nothing else is disturbed."""
    stream = FakeStream()

    async def main() -> Report:
        async with AsyncProducer(stream) as producer:
            first, second = [await producer.put(b"x", key=key) for key in "ab"]
            first.cancel()
            return await second

    assert run(main()).is_accepted
    assert 2 == len(stream.records)
