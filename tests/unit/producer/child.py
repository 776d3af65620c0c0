"""A child process that tells what it does, to be killed while it does it."""

from __future__ import annotations

import os
import struct
import warnings
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# One report: its kind, a byte, and a number.
REPORT: Final = struct.Struct(">cQ")


def start(work: Callable[[Callable[[bytes, int], None]], None]) -> tuple[int, int]:
    """A process that does this work: its id, and where its reports come out."""
    receiving, sending = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests' threads hold nothing that the child needs
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work(lambda kind, number: void(os.write(sending, REPORT.pack(kind, number))))
            code = 0
        finally:
            os._exit(code)
    os.close(sending)
    return pid, receiving


def void(_: object) -> None:
    """A function of no interest was called."""


def all_of(receiving: int) -> bytes:
    """What comes out until the other end is closed."""
    with open(receiving, "rb") as pipe:
        return pipe.read()
