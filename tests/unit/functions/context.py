"""What Lambda tells a handler about its invocation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Context:
    """As much of a Lambda context as a handler looks at."""

    left: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left
