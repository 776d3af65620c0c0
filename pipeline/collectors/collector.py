"""What a collector is, and what one is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipeline.model import Event


class Collector(Protocol):
    """Something that goes and gets events each time the schedule says so."""

    def collect(self, now: float) -> Iterable[Event]:
        """The events of one time of the schedule; none is fine.

        It runs beside the other collectors, in a thread of its own. Whatever it raises fails the invocation, which
        Lambda then repeats: the others' events are put all the same.

        Args:
            now: the time of the schedule in epoch seconds, the same over every retry. Make ids of it, not of the clock:
                what is collected twice under one id has one effect.
        """
        ...


@dataclass(frozen=True)
class Given:
    """What collectors are made of.

    Args:
        variables: those of the function.
        source: what the events name as their source, a URI; a collector adds a path of its own.
        clock: epoch seconds, for what was seen when.
    """

    variables: Mapping[str, str]
    source: str
    clock: Callable[[], float]
