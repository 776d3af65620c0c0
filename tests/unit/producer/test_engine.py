"""What a `put` costs besides its work."""

from __future__ import annotations

import gc

from pipeline.producer import Producer
from pipeline.testing.kinesis import FakeStream


def test_the_attributes_of_an_engine_lie_in_it() -> None:
    """CPython has room for 30 in an object (SHARED_KEYS_MAX_SIZE); with more, each is looked up in a dict."""
    with Producer(FakeStream()) as putting:
        attributes = vars(putting._engine)  # noqa: SLF001 - how many they are is to be seen nowhere else

    assert len(attributes) <= 30


def test_the_garbage_collector_has_no_work_with_receipts_of_bytes() -> None:
    """Neither while they wait nor when their outcome is known."""
    with Producer(FakeStream(), aggregate=True) as putting:
        receipt = putting.put(b"x", key="k")
        waiting = gc.is_tracked(receipt)

    assert (False, False, True) == (waiting, gc.is_tracked(receipt), receipt.report().is_accepted)
