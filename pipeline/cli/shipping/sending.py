"""The producer of a run: an outage of the stream is outlasted, and every key keeps its order in it.

A line that is given back and put again could come behind a later one of its key. So no line has a deadline: all wait in
their order, in bounded memory, until the stream takes them, or until the whole run is given up. Then what waits is
given back at once, and nothing that came later is on the stream before it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, Unpack

from pipeline.errors import Retryable
from pipeline.model import Accepted, Refused
from pipeline.producer import Options, Producer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.cli.shipping.shipper import Shipper
    from pipeline.cli.shipping.tally import Tally
    from pipeline.model import Entry
    from pipeline.ports import RecordStream

# How often whoever waits looks whether there is still a use in it.
AWAKE_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Watched:
    """A RecordStream that tells the tally whether it takes anything, and why not."""

    stream: RecordStream
    tally: Tally

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        """See `ports.RecordStream`."""
        try:
            answers = self.stream.put(entries)
        except Retryable as error:
            self.tally.hinder(str(error))
            raise
        refused = [answer.error_code for answer in answers if isinstance(answer, Refused)]
        if len(refused) == len(answers):
            self.tally.hinder(refused[0])
        else:
            self.tally.flow()
        return answers


@contextmanager
def sending(stream: RecordStream, shipper: Shipper, **options: Unpack[Options]) -> Iterator[Producer]:
    """A producer; at the end of the block, all that was put is sent, unless it is hopeless. Raises Misconfiguration."""
    watched = Watched(stream, shipper.tally)
    settings: Options = {"deadline_seconds": inf, "block_seconds": AWAKE_SECONDS, **options}
    with Producer(watched, shipper.note, **settings) as producer:
        yield producer
        while not producer.flush(AWAKE_SECONDS):
            if shipper.tally.is_hopeless:
                producer.stop()
                return
