"""async-kinesis putting the same records. Run by bench_producer, in an environment of its own.

It pins a botocore older than ours. Its limits are lifted and its queue is made as large as the input, so that only its
own work is timed; `KPLStringProcessor` would take no partition keys.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

from kinesis import Producer, StringProcessor  # type: ignore[import-not-found] # it has an environment of its own


async def put_all(port: str, records: int, data: str) -> tuple[float, float]:
    """The seconds that it takes to have all of them sent, by the wall clock and of the CPU."""
    async with Producer(
        "bench",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        processor=StringProcessor(),
        put_rate_limit_per_shard=10**9,
        put_bandwidth_limit_per_shard=10**9,
        max_queue_size=records,
    ) as producer:
        wall, cpu = time.perf_counter(), time.process_time()
        for number in range(records):
            await producer.put(data, partition_key=f"key-{number}")
        await producer.flush()
        return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """One round a line of stdin; its seconds on stdout, wall and CPU."""
    port, records, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")  # noqa: S106 - nobody's
    for _ in sys.stdin:
        print(*asyncio.run(put_all(port, records, "x" * size)), flush=True)


if __name__ == "__main__":
    main()
