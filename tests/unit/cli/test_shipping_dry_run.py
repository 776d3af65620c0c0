"""What a dry run shows, and what it says that Kinesis would cost."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from pipeline.cli.shipping import dry_run
from pipeline.cli.shipping.cost import Volume, monthly
from pipeline.cli.shipping.dry_run import CountingClaims, CountingStream, Preview
from pipeline.cli.shipping.inputs import Found
from pipeline.cli.shipping.once import ship
from pipeline.cli.shipping.reading import Reader
from pipeline.cli.shipping.shipper import Shipper
from pipeline.cli.shipping.sources import local_to_utc
from pipeline.cli.shipping.tally import Tally
from pipeline.core.log_line import LogLines

if TYPE_CHECKING:
    from pathlib import Path


def preview(path: Path) -> tuple[Tally, CountingStream]:
    tally, stream = Tally(), CountingStream()
    shown = Preview(tally)
    reader = Reader(shown.make(partial(LogLines, to_utc=local_to_utc)))
    ship([Found(str(path), is_named=True)], stream, reader, Shipper(tally, tap=shown.tap))
    shown.tell(stream.volume, CountingClaims())
    return tally, stream


def test_a_large_input_is_estimated_by_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No more than a sample is read; what it stands for is told."""
    path = tmp_path / "big.log"
    path.write_text("a line without a time\n" * 100_000)
    monkeypatch.setattr(dry_run, "SAMPLE_BYTES", 1000)
    tally, stream = preview(path)
    err = capsys.readouterr().err

    assert tally.accepted == stream.volume.records < 100_000
    assert "bytes were looked at, the rest is taken for the same" in err
    assert "taking the whole input for that of one day" in err


def test_events_are_dated_by_their_own_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A CloudEvents line by its attribute; one whose time is none does not count."""
    path = tmp_path / "events.ndjson"
    event = '{"specversion":"1.0","id":"%s","source":"s","type":"log.v1","time":"%s","data":{"body":"x"}}\n'
    times = ("2026-11-23T10:00:00Z", "2026-11-23T12:00:00.5+01:00", "soon")
    path.write_text("".join(event % (number, time) for number, time in enumerate(times)))
    preview(path)

    assert "by the time of the lines themselves, which span 1:00:00" in capsys.readouterr().err


def test_nothing_costs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No estimate where nothing would be sent."""
    preview(tmp_path / "missing")
    err = capsys.readouterr().err

    assert "dry run: 0 lines would be sent, 0 refused; nothing was sent" in err
    assert "$" not in err


@pytest.mark.parametrize(
    ("size_bytes", "rounded", "units"),
    [(1, 1024, 1), (1024, 1024, 1), (1025, 2048, 1), (25 * 1024, 25 * 1024, 1), (25 * 1024 + 1, 26 * 1024, 2)],
)
def test_each_price_rounds_a_record_in_its_own_way(size_bytes: int, rounded: int, units: int) -> None:
    """Up to 1 KiB on demand, up to 25 KiB where shards are provisioned."""
    volume = Volume()
    volume.add(size_bytes)

    assert Volume(1, size_bytes, rounded, units) == volume


@pytest.mark.parametrize(
    ("volume", "shards"),
    [
        (Volume(records=1, record_bytes=1), 1),
        (Volume(records=1000, record_bytes=1000), 1),
        (Volume(records=1001, record_bytes=1001), 2),
        (Volume(records=3, record_bytes=3 * 1024 * 1024), 3),
    ],
)
def test_shards_are_as_many_as_the_rate_needs(volume: Volume, shards: int) -> None:
    """1,000 records or 1 MiB a second each."""
    assert shards == monthly(volume, 1.0).shards
