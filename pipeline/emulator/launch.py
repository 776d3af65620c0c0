"""What the command and the supervisor agree on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOCKED: Final = 3
# LocalStack keeps nothing over a restart, so it need not get all the time that an orderly end takes.
GRACE_SECONDS: Final = 2
# What the supervisor's own lines in the log begin with.
NOTE: Final = "[supervisor] "


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start.

    Args:
        command: LocalStack's command line; its first word is the interpreter of its environment.
        environment: all its variables.
        port: of 127.0.0.1.
        parts: the installed folders that it uses.
    """

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


def last_words(log: Path) -> str:
    """The last line of the log that is LocalStack's own."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    except OSError:
        lines = []
    return next((line for line in reversed(lines) if line and not line.startswith(NOTE)), "it printed nothing")
