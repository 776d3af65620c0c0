"""Events that are dropped on purpose; the ledger counts every one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event
    from pipeline.ports import Transform


def drop_below(severity_number: int) -> Transform:
    """Drop logs of a lower severity; a log without a number stays.

    `drop_below(5)` drops TRACE.
    """

    def drop(event: Event) -> Sequence[Event]:
        number = event.data.get("severity_number")
        return () if isinstance(number, int) and number < severity_number else (event,)

    return drop
