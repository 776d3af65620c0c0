"""A spill whose files are damaged: what is whole is read, what is lost is told, and nothing is invented."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pipeline.producer.spill import Kept, Spill, SpillUnusable
from pipeline.producer.spill.place import Place
from tests.unit.producer.spills import EVERYTHING, HEADER_BYTES, filled, kept, numbers, segments

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def test_cut_off_at_every_byte(tmp_path: Path) -> None:
    """However much of the last append is there, everything before is read, nothing else, and more can be added."""
    records = filled(tmp_path / "whole", 3)
    (whole,) = segments(tmp_path / "whole")
    block = whole.read_bytes()
    ends = ends_of(records)
    for size in range(len(block) + 1):
        directory = tmp_path / str(size)
        directory.mkdir()
        (directory / whole.name).write_bytes(block[:size])
        there = sum(end <= size for end in ends)
        with Spill(directory, fsync=False) as spill:
            assert not spill.damage
            assert there + 1 == spill.append([kept(9)])
        with Spill(directory, fsync=False) as spill:
            assert [*records[:there], kept(9)] == [each for _, each in spill.take(EVERYTHING)]
            spill.done(there + 1)
        assert ["done"] == [path.name for path in directory.iterdir()]


def ends_of(records: Sequence[Kept]) -> list[int]:
    """The offsets at which these records end in a file."""
    ends = [0]
    for record in records:
        ends.append(ends[-1] + HEADER_BYTES + len(record.key.encode()) + len(record.id.encode()) + len(record.data))
    return ends[1:]


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_a_flipped_byte_at_every_place(tmp_path: Path, flip: int) -> None:
    """A damaged record is told and put aside; all others are read, and nothing that was not appended is."""
    records = filled(tmp_path / "whole", 3)
    (whole,) = segments(tmp_path / "whole")
    block = whole.read_bytes()
    ends = ends_of(records)
    for place in range(len(block)):
        broken = bytearray(block)
        broken[place] ^= flip
        directory = tmp_path / str(place)
        directory.mkdir()
        (directory / whole.name).write_bytes(broken)
        hit = sum(end <= place for end in ends)
        rest = [(number, record) for number, record in enumerate(records, 1) if number != hit + 1]
        with Spill(directory, fsync=False) as spill:
            assert 1 == spill.damage.records
            assert (directory / f"{whole.name}.corrupt",) == spill.damage.files
            assert rest == spill.take(EVERYTHING)
            spill.done(rest[-1][0])
            assert 0 == spill.waiting
        assert {"done", f"{whole.name}.corrupt"} == {path.name for path in directory.iterdir()}
        assert bytes(broken) == (directory / f"{whole.name}.corrupt").read_bytes()


def test_a_flipped_byte_in_the_mark_of_what_is_done(tmp_path: Path) -> None:
    """Whatever byte of it is damaged, nothing that is not done is passed over, and no loss is told."""
    filled(tmp_path, 9, segment_bytes=100)
    with Spill(tmp_path, fsync=False) as spill:
        numbers(spill)
        spill.done(4)
        spill.done(5)
    done = (tmp_path / "done").read_bytes()
    for place in (*range(20), *range(4090, len(done))):
        broken = bytearray(done)
        broken[place] ^= 0x10
        (tmp_path / "done").write_bytes(broken)
        with Spill(tmp_path, fsync=False) as spill:
            first, *rest = numbers(spill)
            assert first in (5, 6)
            assert list(range(first + 1, 10)) == rest
            assert not spill.damage


def test_the_mark_of_what_is_done_is_cut_off(tmp_path: Path) -> None:
    """When it is damaged while it is written, also as the first act of a new process, the one before it holds."""
    filled(tmp_path, 6)
    for number in range(1, 6):
        before = (tmp_path / "done").read_bytes()
        with Spill(tmp_path, fsync=False) as spill:
            assert list(range(number, 7)) == numbers(spill)
            spill.done(number)
        after = (tmp_path / "done").read_bytes()
        written = [place for place in range(len(after)) if before[place] != after[place]]
        torn = bytearray(after)
        torn[written[0]] ^= 0xFF
        (tmp_path / "done").write_bytes(torn)
        with Spill(tmp_path, fsync=False) as spill:
            assert list(range(number, 7)) == numbers(spill)
            spill.done(number)


def test_a_lost_mark_of_what_is_done(tmp_path: Path) -> None:
    """Without it, what the segments still hold is given out again."""
    filled(tmp_path, 9, segment_bytes=100)
    with Spill(tmp_path, fsync=False) as spill:
        numbers(spill)
        spill.done(4)
    (tmp_path / "done").unlink()
    with Spill(tmp_path, fsync=False) as spill:
        assert [*range(numbers(spill)[0], 10)] == [*range(5 - 4 % 2, 10)]
        assert not spill.damage


def test_a_lost_segment(tmp_path: Path) -> None:
    """A segment that somebody deleted is told, and not waited for."""
    filled(tmp_path, 6, segment_bytes=1)
    segments(tmp_path)[0].unlink()
    segments(tmp_path)[2].unlink()
    with Spill(tmp_path, fsync=False) as spill:
        assert 2 == spill.damage.records
        assert "at least 2 records of the spill are damaged" == str(spill.damage)
        assert [2, 3, 5, 6] == numbers(spill)
        spill.done(3)
        assert 2 == spill.waiting
        spill.done(6)
        assert 0 == spill.waiting


def test_nothing_of_a_segment_is_whole(tmp_path: Path) -> None:
    """A segment without any record is put aside at once, and its numbers are told."""
    filled(tmp_path, 3, segment_bytes=1)
    first, second, _ = segments(tmp_path)
    second.write_bytes(bytes(5000))
    first.write_bytes(bytes(100_000))
    with Spill(tmp_path, fsync=False) as spill:
        asides = ", ".join(f"{each}.corrupt" for each in (first, second))
        told = f"at least 2 records of the spill are damaged; what is left of them is kept in {asides}"
        assert told == str(spill.damage)
        assert 105_000 == spill.damage.size_bytes
        assert [3] == numbers(spill)


@pytest.mark.parametrize("hit", [{2}, {2, 5}, {1}, {5}, {1, 2, 3, 4, 5}])
def test_damage_under_way(tmp_path: Path, hit: set[int]) -> None:
    """What is damaged after opening is told when it is reached, once, and not waited for."""
    records = filled(tmp_path, 5)
    (path,) = segments(tmp_path)
    with Spill(tmp_path, fsync=False) as spill:
        assert not spill.damage
        with path.open("r+b") as file:
            for number in hit:
                file.seek(ends_of(records)[number - 1] - 1)
                file.write(b"\xff")
        rest = [number for number in range(1, 6) if number not in hit]
        assert rest == numbers(spill)
        assert [] == numbers(spill)
        damage = spill.damage
        assert (len(hit), (path.with_name(f"{path.name}.corrupt"),)) == (damage.records, damage.files)
        assert (0 < damage.size_bytes < path.stat().st_size) if rest else not path.exists()
        if rest:
            spill.done(rest[-1])
        assert 0 == spill.waiting
        assert damage.files[0].exists()
        assert 6 == spill.append([kept(6)])
        assert [6] == numbers(spill)
        spill.rewind()
        segments(tmp_path)[0].write_bytes(b"")
        assert [] == numbers(spill)
        assert len(hit) + 1 == spill.damage.records


def test_damage_is_counted_once(tmp_path: Path) -> None:
    """Looking again for new damage counts the known no second time."""
    records = filled(tmp_path, 5)
    (path,) = segments(tmp_path)
    with Spill(tmp_path, fsync=False) as spill, path.open("r+b") as file:
        for number in (2, 4):
            file.seek(ends_of(records)[number - 1] - 1)
            file.write(b"\xff")
            file.flush()
            spill.rewind()
            numbers(spill)
        assert 2 == spill.damage.records
        assert ends_of([records[1], records[3]])[-1] == spill.damage.size_bytes


def test_a_segment_cut_under_way(tmp_path: Path) -> None:
    """A file that becomes shorter than it was is noticed."""
    records = filled(tmp_path, 3)
    (path,) = segments(tmp_path)
    for cut, there in ((ends_of(records)[1] + 40, [1, 2]), (ends_of(records)[0] + 5, [1]), (3, [])):
        with Spill(tmp_path, fsync=False) as spill:
            os.truncate(path, cut)
            assert there == numbers(spill)
            assert 3 - len(there) - (cut < 100) * (2 - len(there)) == spill.damage.records


def test_data_that_looks_like_a_spill(tmp_path: Path) -> None:
    """Records inside a record are never taken for records, not even when what holds them is damaged."""
    filled(tmp_path / "inner", 3)
    inner = segments(tmp_path / "inner")[0].read_bytes()
    records = [Kept("k", inner, "1"), Kept("k", inner, "2")]
    with Spill(tmp_path / "outer", fsync=False) as spill:
        spill.append(records)
    (path,) = segments(tmp_path / "outer")
    block = bytearray(path.read_bytes())
    block[20] ^= 1
    path.write_bytes(block)
    with Spill(tmp_path / "outer", fsync=False) as spill:
        assert [(2, records[1])] == spill.take(EVERYTHING)


def test_two_damaged_in_a_row(tmp_path: Path) -> None:
    """Behind two records with damaged headers, the third is found."""
    records = filled(tmp_path, 4)
    (path,) = segments(tmp_path)
    block = bytearray(path.read_bytes())
    for start in (0, ends_of(records)[0]):
        block[start + 12] ^= 1
    path.write_bytes(block)
    with Spill(tmp_path, fsync=False) as spill:
        assert 2 == spill.damage.records
        assert [3, 4] == numbers(spill)


def test_the_next_record_is_far_behind(tmp_path: Path) -> None:
    """Damaged bytes may be more than what is searched at once, and the next record lie across two such blocks."""
    for size in range(65536 - HEADER_BYTES - 30, 65536 - HEADER_BYTES + 10):
        directory = tmp_path / str(size)
        records = [Kept("k", bytes(size), "1"), Kept("k", b"x", "2")]
        with Spill(directory, fsync=False) as spill:
            spill.append(records)
        (path,) = segments(directory)
        block = bytearray(path.read_bytes())
        block[12] ^= 1
        path.write_bytes(block)
        with Spill(directory, fsync=False) as spill:
            assert [(2, records[1])] == spill.take(EVERYTHING)


def test_records_of_another_segment(tmp_path: Path) -> None:
    """What a file system shows of a deleted segment after a failure is not taken for records of this one."""
    filled(tmp_path / "old", 3)
    filled(tmp_path / "new", 3)
    old, new = segments(tmp_path / "old")[0], segments(tmp_path / "new")[0]
    new.write_bytes(old.read_bytes())
    with Spill(tmp_path / "new", fsync=False) as spill:
        assert [] == numbers(spill)
        assert spill.damage


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """What is not a segment is neither read nor deleted."""
    (tmp_path / "notes.txt").write_text("mine")
    filled(tmp_path, 1)
    with Spill(tmp_path) as spill:
        spill.done(numbers(spill)[0])
    assert {"done", "notes.txt"} == {path.name for path in tmp_path.iterdir()}


def test_passing_by_what_is_lost_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk refuses to note it, nothing waits for ever."""
    errors, move = [OSError(5, "Input/output error")], Place.move

    def moody(place: Place, number: int) -> None:
        if errors:
            raise errors.pop()
        move(place, number)

    filled(tmp_path, 2)
    with Spill(tmp_path, fsync=False) as spill:
        (segment,) = segments(tmp_path)
        segment.write_bytes(bytes(segment.stat().st_size))
        monkeypatch.setattr(Place, "move", moody)
        with pytest.raises(SpillUnusable):
            spill.take(EVERYTHING)
        assert 2 == spill.waiting
        assert [] == spill.take(EVERYTHING)
        assert (0, 2) == (spill.waiting, spill.damage.records)
