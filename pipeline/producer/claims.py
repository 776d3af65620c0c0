"""The claim check: data too large for the stream are left in a store first, and a reference to them travels.

    put ─▶ claimed ─▶ an entry that owes its data ─▶ queue of its key ─▶ pay ─▶ call: those that owe nothing
                                                                        └─▶ the others are as if they were refused

So what waits for the store is tried again, given up and kept in order like what waits for the stream. What a record
owes is paid by the thread that sends; content names it, so that paying twice leaves one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.claim import MAX_CLAIM_BYTES, leave
from pipeline.errors import PipelineError, Rejection, Retryable
from pipeline.model import Owed
from pipeline.producer.outcome import TooLarge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.chunk import Slot
    from pipeline.ports import ClaimStore
    from pipeline.producer.receipt import Receipt


def claimed(data: bytes, key_bytes: int, bucket: str) -> tuple[bytes, Owed] | TooLarge:
    """An event as it travels without its data, and what it owes; or why even that is too large.

    Args:
        data: the event as JSON.
        key_bytes: what its partition key weighs.
        bucket: where its data will be left.
    """
    beyond = TooLarge(len(data), MAX_CLAIM_BYTES)
    if len(data) > MAX_CLAIM_BYTES + MAX_RECORD_BYTES:
        return beyond
    try:
        envelope, claim, body = leave(orjson.loads(data), bucket)
    except Rejection:
        return beyond
    bare = orjson.dumps(envelope)
    size = len(bare) + key_bytes
    return TooLarge(size) if size > MAX_RECORD_BYTES else (bare, Owed(claim, body))


def pay(store: ClaimStore, slots: Sequence[Slot[list[Receipt]]]) -> str:
    """Leave what these owe; once something cannot be left now, the rest waits: why, or nothing where all is paid.

    Raises Misconfiguration.
    """
    for slot in slots:
        receipt = slot.tag[0]
        if receipt.owed is not None:
            try:
                store.leave(*receipt.owed)
            except Retryable as error:
                return str(error)
            receipt.owed = None
    return ""


def try_to_pay(store: ClaimStore, slots: Sequence[Slot[list[Receipt]]]) -> str:
    """The same for the last time: whatever the store does is a reason."""
    try:
        return pay(store, slots)
    except PipelineError as error:
        return str(error)


def owes(slot: Slot[list[Receipt]]) -> bool:
    """Whether its data are still to be left. One that owes travels alone."""
    return slot.tag[0].owed is not None
