"""LocalStack's log, as it is and as it grows."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOOK_SECONDS: Final = 0.2


def lines(log: Path, last: int | None = None, *, follow: bool = False) -> Iterator[str]:
    """The lines of the log, with their ends.

    Args:
        log: the file.
        last: only so many of those that are there; None for all.
        follow: then go on with what is written, for ever; a log that is begun anew is read from its beginning.

    Raises:
        EmulatorError: there is no log.
    """
    try:
        file = log.open(errors="replace")
    except FileNotFoundError as error:
        raise EmulatorError("there is no log yet; start LocalStack with: pipeline local up") from error
    with file:
        yield from file if last is None else deque(file, maxlen=last)
        while follow:
            line = file.readline()
            if line:
                yield line
            else:
                time.sleep(_LOOK_SECONDS)
                if log.exists() and log.stat().st_size < file.tell():
                    file.seek(0)
