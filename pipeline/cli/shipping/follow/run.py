"""Looks at the files every half second, until a signal comes; an outage of the stream is waited for."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

from pipeline.cli.shipping.follow.arrivals import Arrivals
from pipeline.cli.shipping.follow.follower import Follower
from pipeline.cli.shipping.follow.known import Known
from pipeline.cli.shipping.inputs import STDIN, Inputs
from pipeline.cli.shipping.sending import sending
from pipeline.errors import InputError, Misconfiguration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipeline.cli.shipping.follow.store import Store
    from pipeline.cli.shipping.reading import Reader
    from pipeline.cli.shipping.shipper import Shipper
    from pipeline.ports import RecordStream
    from pipeline.producer import Options

POLL_SECONDS: Final = 0.5
SAVE_EVERY_SECONDS: Final = 1.0


def follow(
    names: Sequence[str],
    stream: RecordStream,
    reader: Reader,
    shipper: Shipper,
    store: Store,
    *,
    sleep: Callable[[float], None] = time.sleep,
    **options: Unpack[Options],
) -> None:
    """Follow files until the tally is stopped. Raises InputError when the places cannot be kept.

    What the stream does not take is tried for as long as it takes. The options are the producer's.
    """
    tally = shipper.tally
    tally.is_followed = True
    own = [*store.files, *([shipper.rejects.path] if shipper.rejects else [])]
    follower = None
    try:
        with sending(stream, shipper, **options) as producer:
            arrivals = Arrivals(Known(store, time.time), reader, tally.note)
            follower = Follower(finder(names, tally.note, own), producer, shipper, arrivals, time.time)
            _look_until_stopped(follower, sleep)
            follower.save()
        follower.remember()
    except Misconfiguration as error:
        tally.unsent_reason = str(error)
        if follower is not None:
            follower.remember()
    finally:
        # After a second Ctrl-C nothing is remembered: it may have come between a line and its record.
        if follower is not None:
            follower.close()


def _look_until_stopped(follower: Follower, sleep: Callable[[float], None]) -> None:
    tally, saved_at = follower.shipper.tally, time.monotonic()
    while tally.stopped_by is None:
        has_moved = follower.step()
        if not has_moved or time.monotonic() - saved_at >= SAVE_EVERY_SECONDS:
            follower.save()
            saved_at = time.monotonic()
        if not has_moved:
            sleep(POLL_SECONDS)


def check_names(names: Sequence[str]) -> None:
    """Raise InputError for what cannot be followed."""
    for name in names:
        if name == STDIN:
            raise InputError("stdin is read to its end anyway: leave --follow out")
        path = Path(name)
        if path.exists() and not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            raise InputError(f"{name}: neither a file nor a folder: leave --follow out, and it is read to its end")


def finder(names: Sequence[str], note: Callable[[str], None], own: Sequence[Path] = ()) -> Callable[[], Iterator[Path]]:
    """The files that the names stand for, now; what is odd about them is told once."""
    told: set[str] = set()

    def once(what: str) -> None:
        if what not in told:
            told.add(what)
            note(what)

    def find() -> Iterator[Path]:
        for found in Inputs(names, once, once, own).find():
            path = Path(found.name)
            if path.is_file():
                yield path
            elif found.is_named:
                once(f"{path}: not there yet; waiting for it")

    return find
