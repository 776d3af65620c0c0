"""Inputs → a stream, each from its beginning to its end.

What cannot be shipped is told and counted, and holds nothing else back. A file that does not begin as text is not
shipped at all: half a binary file helps nobody. After that, each line stands for itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from pipeline.cli.shipping.inputs import STDIN
from pipeline.cli.shipping.reading import Records, read_named
from pipeline.cli.shipping.sending import sending
from pipeline.core.lines import START
from pipeline.errors import Misconfiguration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.cli.shipping.inputs import Found
    from pipeline.cli.shipping.reading import Reader
    from pipeline.cli.shipping.shipper import Shipper
    from pipeline.cli.shipping.sources import Source
    from pipeline.ports import RecordStream
    from pipeline.producer import Options, Producer


def ship(
    inputs: Iterable[Found], stream: RecordStream, reader: Reader, shipper: Shipper, **options: Unpack[Options]
) -> None:
    """Ship every line of every input, tell what was refused as it happens. The options are the producer's.

    When the tally says that it is over (Ctrl-C; the stream takes nothing for a minute, or never will), the rest is not
    read.
    """
    tally = shipper.tally
    try:
        found = list(inputs)
        tally.total_bytes = _total_bytes(found)
        with sending(stream, shipper, **options) as producer:
            for each in found:
                if not tally.is_over:
                    read_named(each, tally, lambda source: _ship_input(source, producer, reader, shipper))
    except Misconfiguration as error:
        tally.unsent_reason = str(error)


def _ship_input(source: Source, producer: Producer, reader: Reader, shipper: Shipper) -> bool:
    """Whether there was anything to ship."""
    tally = shipper.tally
    records, track = Records(source, reader, tally.count, lambda: tally.is_over), shipper.track(source.name)
    lines_before = tally.lines
    for line in records:
        if line is not None:
            shipper.ship(producer, track, records.log, line, START)
        if tally.is_over:
            break
    return tally.lines > lines_before


def _total_bytes(found: Sequence[Found]) -> int | None:
    """What all inputs weigh, where all of them are files."""
    total = 0
    for each in found:
        path = Path(each.name)
        if each.name == STDIN or (path.exists() and not path.is_file()):
            return None
        total += path.stat().st_size if path.exists() else 0
    return total
