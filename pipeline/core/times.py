"""Marks of the streams → RFC 3339 in UTC. A fraction is there when it is not zero."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(epoch_seconds: float) -> str:
    """Epoch seconds as RFC 3339 in UTC, to the microsecond."""
    return _text(datetime.fromtimestamp(epoch_seconds, UTC))


def rfc3339_of_micros(epoch_micros: int) -> str:
    """Epoch microseconds as RFC 3339 in UTC, exact. Raises OverflowError outside the years 1 to 9999.

    >>> rfc3339_of_micros(1_764_000_000_250_001)
    '2025-11-24T16:00:00.250001Z'
    """
    return _text(_EPOCH + timedelta(microseconds=epoch_micros))


def _text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
