"""Blocks whose beginning can be looked at first: it tells the format of what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.formats.detect import SAMPLE_BYTES
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Beginning:
    """Blocks with a beginning that can be looked at first; what goes wrong in it (`error`) is raised after it."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._start = b""
        self.error: Exception | None = None

    def start(self, is_over: Callable[[], bool] = lambda: False) -> bytes:
        """Enough to tell what it is: 64 KiB, or all there is, or what came before a silence, at least a line.

        Where it is silent, and over, whatever has come.
        """
        start = bytearray()
        try:
            for block in self._blocks:
                start += block
                if len(start) >= SAMPLE_BYTES or (not block and (b"\n" in start or is_over())):
                    break
        except (OSError, PipelineError) as error:
            self.error = error
        self._start = bytes(start)
        return self._start

    def __iter__(self) -> Iterator[bytes]:
        if self._start:
            yield self._start
        if self.error is not None:
            raise self.error
        yield from self._blocks
