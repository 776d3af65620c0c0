"""An open input → its records: unpacked, known to be text, in a format that its beginning tells or an option says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.cli.shipping import sources
from pipeline.core import formats
from pipeline.core.beginning import Beginning
from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.log_line import LOG_TYPE, format_of
from pipeline.core.packed import unpacked
from pipeline.core.signature import why_not_an_input
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.cli.shipping.inputs import Found
    from pipeline.cli.shipping.sources import Source
    from pipeline.cli.shipping.tally import Tally
    from pipeline.core.lines import Line, Overlong
    from pipeline.core.log_line import LogLines

# A file is told from others by its first line, or by this much of it.
FIRST_LINE_BYTES: Final = 1024


@dataclass(frozen=True)
class Reader:
    """How the records of inputs become events, as the options say.

    Args:
        make: `LogLines` with all that the options decide; called with source, now, salt and format by name.
        format: None where each input's beginning tells it.
        type_name: of their events.
        is_raw: lines are shipped as they are, text or not.
        limit_bytes: the most that a record may have.
    """

    make: Callable[..., LogLines]
    format: str | None = None
    type_name: str = LOG_TYPE
    is_raw: bool = False
    limit_bytes: int = MAX_RECORD_BYTES

    def format_of(self, start: bytes) -> str:
        """The format of an input that begins like this."""
        return self.format or ("plain" if self.is_raw else format_of(self.type_name, start))


class Records:
    """The records of an input, from its first byte on.

    Raises InputError when it is empty or not text, and while it is read, when it breaks off.
    """

    def __init__(
        self,
        source: Source,
        reader: Reader,
        count: Callable[[int], None],
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._blocks = Beginning(unpacked(_counted(source, count)))
        start = self._blocks.start(is_over)
        if not start and self._blocks.error is None:
            raise Empty(f"{source.name}: empty, there is nothing to ship")
        why = why_not_an_input(start)
        if why is not None:
            raise NotText(f"{source.name}: not text ({why}); nothing of it was shipped")
        self.format = reader.format_of(start)
        salt = source.salt or first_line_id(start)
        self.log = reader.make(source=source.uri, now=source.now, salt=salt, format=self.format)
        self._framing = formats.framing(self.format, reader.limit_bytes)
        self._name = source.name

    def __iter__(self) -> Iterator[Line | Overlong | None]:
        """Record by record; None whenever the input is silent. Raises InputError."""
        try:
            for block in self._blocks:
                yield from self._framing.feed(block) if block else self._framing.idle()
                if not block:
                    yield None
        except (OSError, InputError) as error:
            yield from self._framing.end()
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise InputError(f"{self._name}: {why}; what was read before is shipped") from error
        yield from self._framing.end()


def read_named(found: Found, tally: Tally, read: Callable[[Source], bool]) -> None:
    """Open an input and read it; what is wrong with it is told, and the next one can be read.

    `read` says whether there was anything in it.
    """
    try:
        with sources.opened(found.name) as source:
            _read_some(source, tally, read)
    except Empty as error:
        if found.is_named and not tally.is_over:
            tally.note(str(error))
    except NotText as error:
        if not tally.is_over:
            (tally.fail if found.is_named else tally.note)(str(error))
    except InputError as error:
        tally.fail(str(error))


def _read_some(source: Source, tally: Tally, read: Callable[[Source], bool]) -> None:
    if not read(source) and not tally.is_over:
        raise Empty(f"{source.name}: empty, there is nothing to ship")


class Empty(InputError):
    """There is nothing in it."""


class NotText(InputError):
    """It does not begin as text."""


def _counted(source: Source, count: Callable[[int], None]) -> Iterator[bytes]:
    """The blocks of an input; `count` is told the size of each as it is read. Raises OSError."""
    for block in source.blocks():
        count(len(block))
        yield block


def first_line_id(start: bytes) -> str:
    """What a file is known by that begins like this, however long it becomes: a digest of its first line."""
    line = start[:FIRST_LINE_BYTES].partition(b"\n")[0]
    return hashlib.blake2b(line, digest_size=8).hexdigest()
