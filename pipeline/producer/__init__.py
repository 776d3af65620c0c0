"""Puts records onto a stream: none lost without a word, none out of order within its key, memory bounded.

    put_in_order    a list of entries within the time left; one outcome for each        ordered.py
    put_together    the same, where some of them share records (KPL aggregates)         together.py
    KinesisSink     the same as the sink of a function, `relay_changes`                 sink.py
    StreamOutlet    the same for notices, which `process` tells another stream          sink.py
    Producer        one record after the other, as they come: put · flush · close       threaded.py
    AsyncProducer   the same for asyncio                                                aio.py

All send chunks of `core.chunk`: heads of keys, so that what is refused holds back its own key and nothing else. Only
what was refused is sent again, decided by each entry's own answer. When a whole call fails, it may have been carried
out all the same: its entries are sent again, and a record that is there twice carries the same id.

A wait before the next try is random between nothing and a bound (full jitter). The bound doubles while no entry at all
gets through; while some do, the stream is throttling, and what it accepts sets the rate.

    put ─▶ outgoing ─▶ engine, sender: the lock, the thread ─▶ outbox: plain or aggregated, one queue a key ─▶ stream
                          │                                  rate: how fast, once the stream throttles
                          ├─▶ backlog: what the spill holds goes first
                          └─▶ claims: what is too large leaves its data in S3 first, and a reference travels
"""

from __future__ import annotations

from pipeline.producer.aio import AsyncProducer
from pipeline.producer.metrics import Metrics
from pipeline.producer.ordered import Pace, put_in_order
from pipeline.producer.outcome import Full, Outcome, Report, Spilled, TooLarge, Unsent
from pipeline.producer.receipt import Receipt
from pipeline.producer.settings import Options
from pipeline.producer.sink import KinesisSink, StreamOutlet
from pipeline.producer.threaded import Producer
from pipeline.producer.together import Part, put_together

__all__ = [
    "AsyncProducer",
    "Full",
    "KinesisSink",
    "Metrics",
    "Options",
    "Outcome",
    "Pace",
    "Part",
    "Producer",
    "Receipt",
    "Report",
    "Spilled",
    "StreamOutlet",
    "TooLarge",
    "Unsent",
    "put_in_order",
    "put_together",
]
