"""What the schedule collects: checks of targets, and a canary.

A collector of your own is a file here with a class that has `collect(now)` (see `collector.py`), a line in COLLECTORS,
and, where it needs to be told something, a variable in the template. What it gives is put onto the stream, in order
per key; a type that is not known yet is a file in `schemas/` and one in `pipeline/routes/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.collectors.canary import CANARY, Canary
from pipeline.collectors.ping import Ping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.collectors.collector import Collector, Given

# Each by name, with what makes one of the function's variables at cold start.
COLLECTORS: Final[Mapping[str, Callable[[Given], Collector]]] = {
    "ping": Ping.of,
    CANARY: Canary.of,
}


def collectors(given: Given) -> dict[str, Collector]:
    """All of them. Raises Misconfiguration for a variable that is wrong."""
    return {name: of(given) for name, of in COLLECTORS.items()}
