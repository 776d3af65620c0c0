"""What the command hands to the supervisor."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOCKED: Final = 3
# LocalStack keeps nothing over a restart, so it gets no longer than its functions need to be asked to end.
GRACE_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start."""

    command: list[str]
    environment: Mapping[str, str]
    port: int
    parts: list[str]

    def save(self, path: Path) -> None:
        """Write it for the supervisor."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Launch:
        """Read what `save` wrote."""
        return cls(**json.loads(path.read_text()))
