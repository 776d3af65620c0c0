"""What the disk answers, as one clear line.

PipelineError
├── SpillFull           no room: nothing of this append was kept
├── SpillUnusable       the directory cannot be used as it is
└── SpillDamaged        some of what was kept cannot be read any more; the rest is sent
"""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING, Final

from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# No space, no quota left, or a file as large as this process may write.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SpillFull(PipelineError):
    """The bound is reached, or the disk is full: nothing of this append was kept, everything before it was."""


class SpillUnusable(PipelineError):
    """Another process uses the directory, it cannot be read or written, or a later version wrote it."""


class SpillDamaged(PipelineError):
    """Records of the spill are lost: how many at least, and where what is left of them lies for a person to look at."""


@contextlib.contextmanager
def told(directory: Path) -> Iterator[None]:
    """Raise what the disk answers as SpillFull or SpillUnusable."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise SpillFull(f"the disk of the spill {directory} is full: free some of it") from error
        raise SpillUnusable(
            f"cannot use the spill {error.filename or directory}: {error.strerror}; repair it, or give another"
        ) from error
