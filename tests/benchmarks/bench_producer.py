"""What the producer costs a record, beside boto3 by hand and async-kinesis, in one run on loopback.

A stub answers PutRecords at once, in a process of its own. Every way puts the same records (bytes, each with a key of
its own) and is timed until all are accepted: by the wall clock, and by the CPU time of its process, which other work
on the machine disturbs less. Absolute times swing with the machine; the ratios hold: how many times as fast as by hand.
async-kinesis gets an environment of its own from uv, and is left out where that cannot be made.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import boto3

from pipeline.aws.clients import Clients
from pipeline.aws.kinesis import KinesisStream, write_out
from pipeline.producer import AsyncProducer, Producer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_kinesis import KinesisClient

RECORDS = 20_000
RECORD_BYTES = 482
ROUNDS = 7
HERE = Path(__file__).parent
UV = HERE.parents[1] / ".pipeline" / "uv" / "bin" / "uv"
ASYNC_KINESIS = "async-kinesis==3.0.1"
DATA = b"x" * RECORD_BYTES


class Spent(NamedTuple):
    """Seconds, by the wall clock and of the CPU."""

    wall: float
    cpu: float


def by_hand(client: KinesisClient) -> None:
    """As a careful person writes it, without any retry."""
    for numbers in batched(range(RECORDS), 500, strict=True):
        entries = [{"Data": DATA, "PartitionKey": f"key-{number}"} for number in numbers]
        answer = client.put_records(StreamName="bench", Records=entries)  # type: ignore[arg-type] # plain dicts do
        assert answer["FailedRecordCount"] == 0


def by_producer(stream: KinesisStream, *, aggregate: bool) -> None:
    """One put a record, and a flush."""
    with Producer(stream, aggregate=aggregate) as producer:
        for number in range(RECORDS):
            producer.put(DATA, key=f"key-{number}")
        producer.flush()
        assert producer.metrics().accepted == RECORDS


def by_async_producer(stream: KinesisStream, *, aggregate: bool) -> None:
    """The same with asyncio."""

    async def put_all() -> None:
        async with AsyncProducer(stream, aggregate=aggregate) as producer:
            for number in range(RECORDS):
                await producer.put(DATA, key=f"key-{number}")
            await producer.flush()
            assert producer.metrics().accepted == RECORDS

    asyncio.run(put_all())


def child(stack: ExitStack, *command: str) -> Callable[[str], str]:
    """A process that is asked by lines, and ends with the stack."""
    process = stack.enter_context(
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    )
    assert process.stdin
    stack.callback(process.stdin.close)

    def ask(line: str) -> str:
        assert process.stdin
        assert process.stdout
        process.stdin.write(line)
        process.stdin.flush()
        return process.stdout.readline().strip()

    return ask


def timed(run: Callable[[], object]) -> Callable[[], Spent]:
    """What it takes, in all threads."""

    def measure() -> Spent:
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        return Spent(time.perf_counter() - wall, time.process_time() - cpu)

    return measure


def cases(stack: ExitStack) -> dict[str, Callable[[], Spent]]:
    """What is compared; the first is what every other is measured against."""
    port = child(stack, sys.executable, str(HERE / "kinesis_stub.py"))("")
    url = f"http://127.0.0.1:{port}"
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    hand = boto3.client("kinesis", endpoint_url=url, region_name="us-east-1", **keys)  # type: ignore[call-overload] # both are text
    ours = Clients(endpoint_url=url, local=True).kinesis
    write_out(ours)
    stream = KinesisStream(ours, "bench")
    found = {
        "boto3 put_records of 500, by hand": timed(lambda: by_hand(hand)),
        "Producer, plain": timed(lambda: by_producer(stream, aggregate=False)),
        "Producer, aggregated": timed(lambda: by_producer(stream, aggregate=True)),
        "AsyncProducer, plain": timed(lambda: by_async_producer(stream, aggregate=False)),
        "AsyncProducer, aggregated": timed(lambda: by_async_producer(stream, aggregate=True)),
    }
    script = [str(HERE / "async_kinesis_puts.py"), port, str(RECORDS), str(RECORD_BYTES)]
    if UV.exists():
        run = (str(UV), "run", "--quiet", "--no-project", "--python", sys.executable, "--with", ASYNC_KINESIS, "python")
        ask = child(stack, *run, *script)
        if ask("warm up\n"):
            found[ASYNC_KINESIS] = lambda: Spent(*map(float, ask("\n").split()))
    return found


def compare(todo: Mapping[str, Callable[[], Spent]], count: int, size_bytes: int, one: str) -> None:
    """Time the cases in turn, round by round, and print the medians of each, and how many times the first's speed."""
    rounds = [{name: run() for name, run in todo.items()} for _ in range(ROUNDS)]
    first = next(iter(todo))
    print(f"{count:,} {one}s of {size_bytes} bytes, median of {ROUNDS} rounds, Python {sys.version.split()[0]};")
    print(f"speed: how many times that of {first}, in the same round")
    print(f"{'':<42}{'wall clock':>24}  {'CPU time':>24}")
    print(f"{'':<42}" + "  ".join([f"{f'µs/{one}':>14}{'speed':>10}"] * len(Spent._fields)))
    for name in todo:
        line = f"  {name:<40}"
        for place in range(len(Spent._fields)):
            micros = statistics.median(each[name][place] for each in rounds) / count * 1e6
            speed = statistics.median(each[first][place] / each[name][place] for each in rounds)
            line += f"{micros:>14.2f}{speed:>8.2f} x  "
        print(line.rstrip())


def main() -> None:
    """What is described above."""
    logging.disable()
    with ExitStack() as stack:
        todo = cases(stack)
        compare(todo, RECORDS, RECORD_BYTES, "record")
    print("  wanted, by the wall clock: Producer aggregated at least 2.5 x, plain at least 0.91 x")
    if ASYNC_KINESIS not in todo:
        print(f"  {ASYNC_KINESIS}: left out, uv could not make its environment")


if __name__ == "__main__":
    main()
