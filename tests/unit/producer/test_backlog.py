"""With a spill: what an outage would give back is kept on disk, and goes first when the stream is back."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core import kpl
from pipeline.errors import Misconfiguration
from pipeline.model import Accepted
from pipeline.producer import Pace, Producer, Report, Spilled, Unsent
from pipeline.producer.spill import Kept, Spill, SpillDamaged, SpillUnusable, Taken
from pipeline.testing.kinesis import Fail, FakeStream, Fault, Refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

DOWN = [Fail()] * 9


def producer(stream: FakeStream, reports: list[Report], **options: Any) -> Producer:  # noqa: ANN401 - any option
    settings = {"pace": Pace(sleep=lambda _: None), "deadline_seconds": 1e6} | options
    return Producer(stream, reports.append, **settings)  # type: ignore[arg-type] # a test may give any


def datas(stream: FakeStream, key: str | None = None) -> list[bytes]:
    """The first of each record on the stream, in the order of first acceptance."""
    found = (
        data
        for entry in stream.records
        if key is None or entry.partition_key == key
        for data in ([each.data for each in kpl.unpack(entry.data)] if kpl.is_aggregate(entry.data) else [entry.data])
    )
    return list(dict.fromkeys(found))


def until(is_so: Callable[[], object]) -> None:
    """Poll a condition of another thread."""
    give_up_at = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < give_up_at
        threading.Event().wait(0.001)


def _again(spill: Spill) -> list[Taken]:
    spill.rewind()
    return spill.take(1000)


def put(stream: FakeStream, records: Iterable[bytes], **options: Any) -> list[Report]:  # noqa: ANN401 - any option
    reports: list[Report] = []
    with producer(stream, reports, **options) as putting:
        for each in records:
            putting.put(each, key="k")
    return reports


@pytest.mark.parametrize("is_aggregated", [False, True])
def test_what_is_not_accepted_in_time_is_kept_and_sent_by_the_next(is_aggregated: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a table
    """In order, before anything newer; the receipts of the first producer say that it was spilled."""
    spilled = put(FakeStream(DOWN * 9), [b"1", b"2"], spill=tmp_path, aggregate=is_aggregated, deadline_seconds=0)
    stream = FakeStream()
    accepted = put(stream, [b"3"], spill=str(tmp_path), aggregate=is_aggregated)

    assert [Spilled("read timeout")] * 2 == [each.outcome for each in spilled]
    assert [True] == [each.is_accepted for each in accepted]
    assert [b"1", b"2", b"3"] == datas(stream)


def test_newer_records_go_behind_the_spilled_ones(tmp_path: Path) -> None:
    """Within one producer, as soon as the stream is back."""
    stream, reports = FakeStream(DOWN), list[Report]()
    with Spill(tmp_path) as spill, producer(stream, reports, spill=spill, deadline_seconds=0) as putting:
        putting.put(b"1", key="k")
        putting.flush()
        putting.put(b"2", key="k")
        putting.put(b"other", key="o")
        putting.flush()
    found = putting.metrics()

    assert [b"1", b"2"] == datas(stream, "k")
    assert isinstance(reports[0].outcome, Spilled)
    assert (found.spilled, found.resent + found.accepted) == (3 - found.accepted, 3)


def test_a_producer_sends_what_an_earlier_one_left_without_any_put(tmp_path: Path) -> None:
    """It is enough to open and close it."""
    with Spill(tmp_path) as spill:
        spill.append([Kept("k", b"%d" % number, "") for number in range(3)])
    stream, reports = FakeStream(), list[Report]()
    with producer(stream, reports, spill=tmp_path) as putting:
        pass

    assert ([b"0", b"1", b"2"], []) == (datas(stream), reports)
    assert (3, 0.0) == (putting.metrics().resent, putting.metrics().aggregation_ratio)


def test_closing_in_an_outage_leaves_all_on_the_disk(tmp_path: Path) -> None:
    """It does not wait for the deadline: what is on disk is safe."""
    stream = FakeStream(DOWN * 99)
    first = put(stream, [b"1"], spill=tmp_path, deadline_seconds=1e6)
    second = put(stream, [b"2"], spill=tmp_path, deadline_seconds=1e6)
    with Spill(tmp_path) as spill:
        kept = [each.kept.data for each in spill.take(100)]

    assert ["Spilled", "Spilled"] == [type(each.outcome).__name__ for each in first + second]
    assert [b"1", b"2"] == kept


def test_what_comes_while_the_spill_cannot_be_sent_is_kept_behind_it(tmp_path: Path) -> None:
    """Closing finds the outage known already, and still keeps the newest record."""
    with Spill(tmp_path) as spill:
        spill.append([Kept("k", b"1", "")])
        stream, reports = FakeStream(itertools.repeat(Fail())), list[Report]()
        putting = producer(stream, reports, spill=spill)
        until(lambda: len(stream.calls) > 2)
        putting.put(b"2", key="k")
        putting.close()
        kept = [each.kept.data for each in _again(spill)]

    assert [Spilled("read timeout")] == [each.outcome for each in reports]
    assert [b"1", b"2"] == kept


def test_a_full_buffer_is_spilled_in_an_outage(tmp_path: Path) -> None:
    """`put` does not wait for deadlines while there is a disk to write to."""
    stream, records = FakeStream(DOWN), [b"%d" % n + b"x" * 1_000_000 for n in range(9)]
    reports = put(stream, records, spill=tmp_path, buffer_bytes=5 * 1024 * 1024)

    assert {Spilled, Accepted} >= {type(each.outcome) for each in reports}
    assert isinstance(reports[0].outcome, Spilled)
    assert records == datas(stream)


def test_a_full_spill_gives_back(tmp_path: Path) -> None:
    """With both reasons."""
    with Spill(tmp_path, limit_bytes=10) as spill:
        (report,) = put(FakeStream(DOWN * 9), [b"1"], spill=spill, deadline_seconds=0)

    assert isinstance(report.outcome, Unsent)
    assert report.outcome.detail.startswith("read timeout; and the spill")
    assert "is full" in report.outcome.detail


def test_what_cannot_be_mended_is_spilled_and_raised(tmp_path: Path) -> None:
    """Somebody has to act, and loses nothing by it."""
    reports: list[Report] = []
    putting = producer(FakeStream([Fail(Misconfiguration("not yours"))] * 99), reports, spill=tmp_path)
    putting.put(b"1", key="k")
    with pytest.raises(Misconfiguration, match="not yours"):
        putting.flush()
    with contextlib.suppress(Misconfiguration):
        putting.close()

    assert [Spilled("not yours")] == [each.outcome for each in reports]


def test_a_throttled_backlog_slows_down_too(tmp_path: Path) -> None:
    """What comes from the disk counts as much against the stream's limits."""
    with Spill(tmp_path) as spill:
        spill.append([Kept(f"key-{number}", b"x", "") for number in range(3)])
    stream = FakeStream([Refuse(frozenset({1}))])
    with producer(stream, [], spill=tmp_path) as putting:
        pass

    assert (1, 1) == (putting.metrics().throttled, putting.metrics().retried)
    assert putting.metrics().rate_shards is not None


def damage(directory: Path, place: int) -> None:
    """Flip a byte of every segment."""
    for segment in directory.glob("*.spill"):
        block = bytearray(segment.read_bytes())
        block[place] ^= 0xFF
        segment.write_bytes(block)


def test_a_loss_found_at_opening_is_told_once_and_the_rest_is_sent(tmp_path: Path) -> None:
    """By the next put, which takes nothing; it is counted."""
    with Spill(tmp_path) as spill:
        spill.append([Kept("k", b"%d" % number, "") for number in range(3)])
    damage(tmp_path, -1)
    stream, reports = FakeStream(), list[Report]()
    putting = producer(stream, reports, spill=tmp_path)
    with pytest.raises(
        SpillDamaged, match=r"at least 1 records of the spill are damaged; .*\.corrupt; all else is sent"
    ):
        putting.put(b"new", key="k")
    putting.put(b"new", key="k")
    putting.close()

    assert [b"0", b"1", b"new"] == datas(stream)
    assert (1, 1) == (putting.metrics().damaged, len(reports))


def test_a_spill_of_which_all_is_damaged_makes_no_call(tmp_path: Path) -> None:
    """Damaged while it is open, it is told by close; the stream is not asked to take nothing."""
    with Spill(tmp_path) as spill:
        spill.append([Kept("k", b"1", "")])
        damage(tmp_path, -1)
        stream = FakeStream()
        putting = producer(stream, [], spill=spill)
        with pytest.raises(SpillDamaged):
            putting.close()
        putting.close()

    assert ([], 1) == (stream.calls, putting.metrics().damaged)
    assert 0 == putting.metrics().calls


def test_damage_does_not_hide_what_else_went_wrong(tmp_path: Path) -> None:
    """One is raised after the other."""
    with Spill(tmp_path) as spill:
        spill.append([Kept("k", b"1", ""), Kept("k", b"2", "")])
    damage(tmp_path, -1)
    stream = FakeStream([Fail(Misconfiguration("not yours"))])
    putting = producer(stream, [], spill=tmp_path)
    until(lambda: stream.calls and putting._engine._error)  # noqa: SLF001 - nothing else tells
    with pytest.raises(SpillDamaged):
        putting.flush()
    with pytest.raises(Misconfiguration, match="not yours"):
        putting.flush()
    putting.close()

    assert [b"1"] == datas(stream)


def test_what_is_sent_and_cannot_be_marked_as_done_is_not_sent_again(tmp_path: Path) -> None:
    """The disk is asked again, and the rest goes on."""

    class Moody(Spill):
        errors = 3

        def done(self, number: int) -> None:
            if number and self.errors:
                self.errors -= 1
                raise SpillUnusable("no")
            super().done(number)

    with Moody(tmp_path) as spill:
        spill.append([Kept("k", b"1", "")])
        stream = FakeStream()
        putting = producer(stream, [], spill=spill)
        until(lambda: not spill.waiting)
        with pytest.raises(SpillUnusable, match="no"):
            putting.put(b"2", key="k")
        putting.put(b"2", key="k")
        putting.close()

    assert [b"1", b"2"] == [each.data for each in stream.records]


def test_what_was_being_read_when_the_disk_failed_is_read_again(tmp_path: Path) -> None:
    """Nothing counts as sent that was not."""

    class Moody(Spill):
        errors = 1

        def take(self, most_bytes: int) -> list[Taken]:
            taken = super().take(most_bytes)
            if self.errors:
                self.errors -= 1
                raise SpillUnusable("no")
            return taken

    with Moody(tmp_path) as spill:
        spill.append([Kept("k", b"1", ""), Kept("k", b"2", "")])
        stream = FakeStream()
        putting = producer(stream, [], spill=spill)
        until(lambda: not spill.waiting)
        with pytest.raises(SpillUnusable, match="no"):
            putting.close()

    assert [b"1", b"2"] == [each.data for each in stream.records]


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    """Two producers would send the same records."""
    with Spill(tmp_path), pytest.raises(SpillUnusable):
        producer(FakeStream(), [], spill=tmp_path)


faults = st.lists(
    st.one_of(
        st.none(),
        st.frozensets(st.integers(0, 3), min_size=1).map(Refuse),
        st.booleans().map(lambda is_carried_out: Fail(is_carried_out=is_carried_out)),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.lists(st.sampled_from("abc"), max_size=6), faults), min_size=1, max_size=4), st.booleans())
def test_over_any_number_of_producers_all_arrives_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    runs: list[tuple[list[str], list[Fault | None]]],
    is_aggregated: bool,  # noqa: FBT001 - drawn
) -> None:
    """Each run spills what its stream does not take; the last finds the stream well. Nothing is lost or overtaken."""
    folder, stream, number = tmp_path_factory.mktemp("spill"), FakeStream(), 0
    wanted: dict[str, list[bytes]] = {"a": [], "b": [], "c": []}
    for keys, plan in [*runs, ([], [])]:
        stream._faults = iter(plan)  # noqa: SLF001 - the same stream on another day
        with producer(stream, [], spill=folder, aggregate=is_aggregated, buckets=2, deadline_seconds=0) as putting:
            for key in keys:
                number += 1
                wanted[key].append(b"%s%d" % (key.encode(), number))
                putting.put(wanted[key][-1], key=key)

    assert wanted == {key: [data for data in datas(stream) if data.startswith(key.encode())] for key in wanted}
