"""How long one call to AWS takes at worst: what clients are made with, and what a function keeps in reserve for a call.

A service that is silent is waited for, in each try anew: for the connection, and then for the answer. Between tries
botocore waits a random part of a second that doubles (`botocore.retries.standard`; it is that long when a service
throttles, and shorter for anything else).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Patience:
    """The time limits of a client, in seconds, and how often botocore tries."""

    connect_seconds: float
    read_seconds: float
    tries: int
    wait_seconds: float = 1.0

    @property
    def call_seconds(self) -> float:
        """The longest that a call takes: every try is silent, and every wait is as long as it can be."""
        waits = ((1 << self.tries - 1) - 1) * self.wait_seconds
        return self.tries * (self.connect_seconds + self.read_seconds) + waits


# A packet that opens a connection and is lost is sent again after one second, and after two more (RFC 6298).
USUAL: Final = Patience(connect_seconds=3, read_seconds=20, tries=3)
# Where records go, our own loops try again, entry by entry and within the time left, which botocore knows nothing of:
# it may bridge one dropped connection, no more.
RECORDS: Final = Patience(connect_seconds=3, read_seconds=10, tries=2)
# Where somebody waits for the answer, or a minute has to do for several calls. What takes longer than two seconds may
# well be tried again (S3 user guide, "Timeouts and retries for latency-sensitive applications"); Kinesis and DynamoDB
# answer in a fraction of that.
PROMPT: Final = Patience(connect_seconds=1, read_seconds=3, tries=2)
