"""A reader of our output that goes before its end, as `head` does: nothing is wrong, and nobody is left to tell."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a shell says of `yes` in `yes | head -1`: 128 and the number of SIGPIPE.
CUT_OFF: Final = 141


class ReaderGone(Exception):
    """BrokenPipeError, for `main`: click would end with 1, as if something had failed."""


@contextmanager
def past_click() -> Iterator[None]:
    """Raise ReaderGone for what nobody reads."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error


def hush() -> None:
    """Let nothing that is still to be written fail: Python flushes at exit, and would complain.

    (Python library reference, "Note on SIGPIPE".)
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # one that is no file has nothing to complain of
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
