"""Records are taken in order and sent in another, key by key: up to which one are all of them sent?"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Progress:
    """What was taken and is not known to be sent, in order. As large as what is taken at a time."""

    upto: int = 0
    _waiting: deque[int] = field(default_factory=deque)
    _sent: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def taken(self, number: int) -> None:
        """The next record was taken; its number is larger than any before."""
        self._waiting.append(number)

    def sent(self, number: int) -> None:
        """A record that was taken has been sent: `upto` is the last before which none is missing."""
        self._sent.add(number)
        while self._waiting and self._waiting[0] in self._sent:
            self.upto = self._waiting.popleft()
            self._sent.remove(self.upto)
