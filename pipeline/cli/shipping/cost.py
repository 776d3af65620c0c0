"""What Kinesis would cost a month, at the rate of a sample; pure.

Prices are list prices of US East (N. Virginia), us-east-1, in US dollars: without tax, discounts, longer retention,
enhanced fan-out, and what comes after the stream. Other regions have others.

    on-demand      a stream-hour, a GB in (each record rounded up to 1 KiB), a GB out (one consumer); what AWS calls
                   On-demand Standard: Advantage, which an account commits itself to, is another list
    provisioned    a shard-hour (1 MiB or 1,000 records a second), a million PUT units (25 KiB of a record each)

How they count: https://aws.amazon.com/kinesis/data-streams/pricing/, which fills in the figures by region. The five
figures are those of a public table of us-east-1, of September 2023: https://www.trek10.com/blog/amazon-kinesis-data-
streams-on-demand-vs.-provisioned-billing-mode-cost-comparison.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

PRICES_OF: Final = "us-east-1, list prices of September 2023; check aws.amazon.com/kinesis/data-streams/pricing"
HOURS_A_MONTH: Final = 730
DAY_SECONDS: Final = 86_400.0
STREAM_HOUR: Final = 0.04  # on-demand, us-east-1: a stream an hour; 2023-09
GB_IN: Final = 0.08  # on-demand, us-east-1: a GB in; 2023-09
GB_OUT: Final = 0.04  # on-demand, us-east-1: a GB out; 2023-09
SHARD_HOUR: Final = 0.015  # provisioned, us-east-1: a shard an hour; 2023-09
MILLION_UNITS: Final = 0.014  # provisioned, us-east-1: a million PUT units; 2023-09
_GB_BYTES: Final = 1024**3
_KIB: Final = 1024
_UNIT_BYTES: Final = 25 * _KIB
_SHARD_BYTES_A_SECOND: Final = 1024 * _KIB
_SHARD_RECORDS_A_SECOND: Final = 1000


@dataclass
class Volume:
    """What lies on the stream: records, and their bytes as each price counts them."""

    records: int = 0
    record_bytes: int = 0
    rounded_bytes: int = 0
    units: int = 0

    def add(self, size_bytes: int) -> None:
        """A record, with its key."""
        self.records += 1
        self.record_bytes += size_bytes
        self.rounded_bytes += math.ceil(size_bytes / _KIB) * _KIB
        self.units += math.ceil(size_bytes / _UNIT_BYTES)


@dataclass(frozen=True)
class Cost:
    """US dollars a month."""

    on_demand: float
    provisioned: float
    shards: int


def monthly(volume: Volume, seconds: float) -> Cost:
    """The cost of a month in which the volume comes again and again, once in that time, evenly.

    >>> day = Volume(records=86_400_000, record_bytes=86_400_000_000, rounded_bytes=88_473_600_000, units=86_400_000)
    >>> cost = monthly(day, 86_400.0)
    >>> round(cost.on_demand), round(cost.provisioned), cost.shards
    (328, 48, 1)
    """
    times = HOURS_A_MONTH * 3600 / seconds
    on_demand = HOURS_A_MONTH * STREAM_HOUR
    on_demand += times * (volume.rounded_bytes * GB_IN + volume.record_bytes * GB_OUT) / _GB_BYTES
    load = max(volume.record_bytes / _SHARD_BYTES_A_SECOND, volume.records / _SHARD_RECORDS_A_SECOND) / seconds
    shards = max(1, math.ceil(load))
    provisioned = HOURS_A_MONTH * SHARD_HOUR * shards + times * volume.units / 1e6 * MILLION_UNITS
    return Cost(on_demand, provisioned, shards)
