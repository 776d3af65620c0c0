"""What was looked up lately, in bounded memory: what was not asked for the longest goes first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class _Entry[V](NamedTuple):
    value: V
    until: float
    size_bytes: int


@dataclass
class Cache[K, V]:
    """Values with an end.

    Args:
        now: seconds of a clock that only goes forward.
        most: entries.
        most_bytes: of all values together, in the sizes they were put with.
    """

    now: Callable[[], float]
    most: int
    most_bytes: int
    size_bytes: int = 0
    _entries: OrderedDict[K, _Entry[V]] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._entries)

    def get[D](self, key: K, otherwise: D) -> V | D:
        """The value, unless its time is over, or there is none."""
        entry = self._entries.get(key)
        if entry is None:
            return otherwise
        if self.now() >= entry.until:
            self._remove(key)
            return otherwise
        self._entries.move_to_end(key)
        return entry.value

    def put(self, key: K, value: V, *, seconds: float, size_bytes: int) -> None:
        """Remember it for so long; what is larger than all there is room for is not remembered."""
        if key in self._entries:
            self._remove(key)
        if size_bytes > self.most_bytes:
            return
        self._entries[key] = _Entry(value, self.now() + seconds, size_bytes)
        self.size_bytes += size_bytes
        while len(self._entries) > self.most or self.size_bytes > self.most_bytes:
            self._remove(next(iter(self._entries)))

    def _remove(self, key: K) -> None:
        self.size_bytes -= self._entries.pop(key).size_bytes
