"""Inputs → chunks of records that are run together, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.cli.shipping.reading import Records, read_named
from pipeline.cli.trial.given import on_stream, records_in
from pipeline.core.lines import Line, why_not_text
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.cli.shipping.inputs import Found
    from pipeline.cli.shipping.reading import Reader
    from pipeline.cli.shipping.sources import Source
    from pipeline.cli.shipping.tally import Tally
    from pipeline.cli.trial.given import Given
    from pipeline.core.lines import Overlong
    from pipeline.core.log_line import LogLines

# A dead letter holds a record of at most 10 MiB in base64.
LIMIT_BYTES: Final = 16 * 1024 * 1024
CHUNK_RECORDS: Final = 256
CHUNK_BYTES: Final = 4 * 1024 * 1024


@dataclass
class Chunks:
    """Reads inputs and hands their records over.

    Args:
        reader: how lines become events.
        tally: told what cannot be read or run.
        run: given the records of a chunk, all for one function; called again whenever the input is silent.
        only: the number of the one line to run; 0 for the first, None for all.
    """

    reader: Reader
    tally: Tally
    run: Callable[[Sequence[Given]], None]
    only: int | None = None
    is_done: bool = False
    _chunk: dict[object, Given] = field(default_factory=dict)
    _bytes: int = 0
    _count: int = 0

    def read(self, inputs: Iterable[Found]) -> None:
        """All of them, or as far as the line that was asked for."""
        for found in inputs:
            if not self.is_done:
                read_named(found, self.tally, self._read)
        self._flush()

    def _read(self, source: Source) -> bool:
        records = Records(source, self.reader, self.tally.count)
        has_lines = False
        for line in records:
            if line is None:
                self._flush()
                continue
            if isinstance(line, Line) and not line.content.strip():
                continue
            has_lines = True
            self._line(source, records.log, line)
            if self.is_done:
                break
        return has_lines

    def _line(self, source: Source, log: LogLines, line: Line | Overlong) -> None:
        is_wanted = not self.only or line.number == self.only
        try:
            given = self._given(source, log, line)
        except InputError as error:
            if is_wanted:
                self.tally.refuse(source.name, line.number, str(error))
            given = ()
        if is_wanted:
            for each in given:
                self._add(each, len(line.content) if isinstance(line, Line) else 0)
            self.is_done = self.only is not None

    def _given(self, source: Source, log: LogLines, line: Line | Overlong) -> Sequence[Given]:
        if not isinstance(line, Line):
            raise InputError(f"{line.size_bytes:,} bytes; at most {LIMIT_BYTES:,} are read at once")
        why_not = None if log.is_raw else why_not_text(line.content, is_whole=True)
        if why_not is not None:
            raise InputError(why_not)
        found = records_in(source.name, line.number, line.content)
        if found is not None:
            return found
        self._count += 1
        return (on_stream(source.name, line.number, log.read(line), self._count, source.now().timestamp()),)

    def _add(self, given: Given, size_bytes: int) -> None:
        position = given.record.position
        first = next(iter(self._chunk.values()), given)
        if position in self._chunk or first.is_change != given.is_change:
            self._flush()
        self._chunk[position] = given
        self._bytes += size_bytes
        if len(self._chunk) >= CHUNK_RECORDS or self._bytes >= CHUNK_BYTES:
            self._flush()

    def _flush(self) -> None:
        chunk, self._chunk, self._bytes = list(self._chunk.values()), {}, 0
        self.run(chunk)
