"""What an item costs on its way into DynamoDB, beside boto3 by hand, in one run on loopback.

A stub answers BatchWriteItem at once, in a process of its own. What is timed is the sink's own work: the items are made
before, as `bench_process` times that. Absolute times swing with the machine; the ratios in the last column hold.
"""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from itertools import batched
from typing import TYPE_CHECKING, Any

import boto3
import orjson
from botocore.config import Config

from pipeline.aws.clients import Clients
from pipeline.aws.dynamodb import MAX_BATCH_ITEMS, ItemSink
from pipeline.core.process import finish, prepare
from pipeline.core.records import read
from pipeline.model import Item
from pipeline.testing.lambda_events import kinesis_event
from tests.benchmarks.bench_process import STAGES, logs
from tests.benchmarks.bench_producer import HERE, child, compare, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.benchmarks.bench_producer import Spent


def by_hand(client: Any, images: Sequence[Any]) -> None:  # noqa: ANN401 - boto3's DynamoDB
    """As a careful person writes it, without any retry, and with the items in boto3's own form."""
    for chunk in batched(images, MAX_BATCH_ITEMS, strict=False):
        puts = [{"PutRequest": {"Item": image}} for image in chunk]
        assert not client.batch_write_item(RequestItems={"bench": puts})["UnprocessedItems"]


def by_sink(sink: ItemSink, items: Sequence[Item]) -> None:
    """The same by ours."""
    assert not sink.write(items, lambda: 60.0)


def cases(stack: ExitStack, items: Sequence[Item]) -> dict[str, Callable[[], Spent]]:
    """What is compared; the first is what every other is measured against."""
    url = f"http://127.0.0.1:{child(stack, sys.executable, str(HERE / 'kinesis_stub.py'))('')}"
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    make: Any = boto3.client
    checked = make("dynamodb", endpoint_url=url, **keys)
    unchecked = make("dynamodb", endpoint_url=url, config=Config(parameter_validation=False), **keys)
    sink, images = (
        ItemSink(Clients(endpoint_url=url, local=True).dynamodb, "bench"),
        [orjson.loads(each.item) for each in items],
    )
    return {
        "boto3 batch_write_item of 25, by hand": timed(lambda: by_hand(checked, images)),
        "the same, without parameter_validation": timed(lambda: by_hand(unchecked, images)),
        "ItemSink": timed(lambda: by_sink(sink, items)),
    }


def main() -> None:
    """Time the cases in turn, round by round."""
    logging.disable()
    deliveries = finish(prepare(read(kinesis_event(*logs())), STAGES), {}, STAGES).deliveries
    items = [each for each in deliveries if isinstance(each, Item)]
    with ExitStack() as stack:
        compare(cases(stack, items), len(items), len(items[0].item), "item")


if __name__ == "__main__":
    main()
