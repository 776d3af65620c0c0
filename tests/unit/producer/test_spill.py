"""The spill: what was appended comes back in order, until it is done, whatever happens in between."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.producer.spill import Kept, Spill, SpillFull, SpillUnusable, Taken
from pipeline.producer.spill.frame import MAX_DATA_BYTES, MAX_TEXT_BYTES
from tests.unit.producer.spills import EVERYTHING, HEADER_BYTES, filled, kept, numbers, segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


# a queue --------------------------------------------------------------------------------------------------------------


@dataclass
class Model:
    """What a spill should hold, as a list."""

    records: list[Kept] = field(default_factory=list)
    taken: int = 0
    done: int = 0


appends = st.tuples(st.just("append"), st.lists(st.integers(0, 400), max_size=5))
takes = st.tuples(st.just("take"), st.integers(0, 3000))
dones = st.tuples(st.just("done"), st.floats(0, 1))
others = st.tuples(st.sampled_from(["rewind", "open"]), st.none())
steps = st.lists(st.one_of(appends, takes, dones, others), max_size=40)


@given(steps, st.integers(50, 2000))
def test_it_is_a_queue(plan: Sequence[tuple[str, object]], segment_bytes: int) -> None:
    """Any sequence of appends, takes, dones, rewinds and openings gives what a list would give."""
    model = Model()
    with tempfile.TemporaryDirectory() as name:
        spill = Spill(name, segment_bytes=segment_bytes, fsync=False)
        for step, value in plan:
            if step == "append":
                assert isinstance(value, list)
                model.records += (
                    records := [kept(len(model.records) + place, size) for place, size in enumerate(value)]
                )
                assert len(model.records) == spill.append(records)
            elif step == "take":
                assert isinstance(value, int)
                taken = spill.take(value)
                after = model.taken + len(taken)
                wanted = list(enumerate(model.records[model.taken : after], model.taken + 1))
                assert wanted == taken
                assert bool(taken) == (model.taken < len(model.records))
                assert len(taken) <= 1 or sum(map(len, [part for _, each in taken for part in each])) <= value
                model.taken = after
            elif step == "done":
                assert isinstance(value, float)
                number = round(value * model.taken)
                model.done = max(model.done, number)
                spill.done(number)
            else:
                if step == "open":
                    spill.close()
                    spill = Spill(name, segment_bytes=segment_bytes, fsync=False)
                else:
                    spill.rewind()
                model.taken = model.done
            assert len(model.records) - model.done == spill.waiting
            assert sum(path.stat().st_size for path in segments(Path(name))) == spill.size_bytes
            assert not spill.damage
        spill.close()


def test_what_is_done_leaves_no_file(tmp_path: Path) -> None:
    """When everything is done, no segment is left, and numbers go on all the same."""
    filled(tmp_path, 5, segment_bytes=100)
    with Spill(tmp_path) as spill:
        spill.done(numbers(spill)[-1])
        assert [] == segments(tmp_path)
        assert 6 == spill.append([kept(6)])
    with Spill(tmp_path) as spill:
        assert [6] == numbers(spill)


def test_it_is_used_on_and_on(tmp_path: Path) -> None:
    """After everything was done, what is appended next is kept like the first."""
    with Spill(tmp_path, fsync=False) as spill:
        for number in range(1, 4):
            spill.append([kept(number)])
            assert [(number, kept(number))] == spill.take(EVERYTHING)
            spill.done(number)
            assert (0, 0, []) == (spill.waiting, spill.size_bytes, segments(tmp_path))


def test_done_never_goes_back(tmp_path: Path) -> None:
    """A smaller number changes nothing; one that was never given out is refused."""
    filled(tmp_path, 5)
    with Spill(tmp_path) as spill:
        assert [1, 2, 3, 4, 5] == numbers(spill)
        spill.done(3)
        spill.done(2)
        with pytest.raises(ValueError, match="6 was not taken"):
            spill.done(6)
        spill.rewind()
        assert [4, 5] == numbers(spill)


def test_threads_share_it(tmp_path: Path) -> None:
    """What several threads append, while others take and are done, is given out once and in order of the numbers."""
    with Spill(tmp_path, segment_bytes=2000, fsync=False) as spill, ThreadPoolExecutor(4) as threads:

        def append(thread: int) -> None:
            for number in range(200):
                spill.append([Kept(f"{thread}", b"", f"{number}")])

        appending = [threads.submit(append, thread) for thread in range(3)]
        taken: list[Taken] = []
        while len(taken) < 600:
            assert not all(each.done() for each in appending) or spill.waiting
            taken += (some := spill.take(500))
            if some:
                spill.done(some[-1].number)
        assert list(range(1, 601)) == [each.number for each in taken]
        for thread in range(3):
            assert [f"{n}" for n in range(200)] == [each.kept.id for each in taken if each.kept.key == f"{thread}"]
        assert not spill.damage


def test_a_closed_one_takes_nothing(tmp_path: Path) -> None:
    """After closing, which may happen twice, every use is refused."""
    spill = Spill(tmp_path)
    spill.close()
    spill.close()
    for use in (lambda: spill.append([]), lambda: spill.take(1), lambda: spill.done(0)):
        with pytest.raises(ValueError, match="closed"):
            use()


@pytest.mark.parametrize(
    "record",
    [
        Kept("k" * (MAX_TEXT_BYTES + 1), b"", ""),
        Kept("", b"", "i" * (MAX_TEXT_BYTES + 1)),
        Kept("", bytes(MAX_DATA_BYTES + 1), ""),
        Kept("\ud800", b"", ""),
    ],
    ids=["key", "id", "data", "surrogate"],
)
def test_what_the_format_does_not_take(tmp_path: Path, record: Kept) -> None:
    """A record that does not fit the format is refused, and the others of its append are not kept either."""
    with Spill(tmp_path) as spill:
        with pytest.raises(ValueError, match=r"the limit is|surrogates"):
            spill.append([kept(1), record])
        assert 0 == spill.waiting


def test_the_largest_record(tmp_path: Path) -> None:
    """Every part may be as large as its limit."""
    record = Kept("k" * MAX_TEXT_BYTES, bytes(MAX_DATA_BYTES), "i" * MAX_TEXT_BYTES)
    with Spill(tmp_path) as spill:
        spill.append([record])
        assert [(1, record)] == spill.take(0)


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    """The directory and its files are closed to everyone else, whatever the umask."""
    before = os.umask(0)
    try:
        filled(tmp_path / "a" / "spill", 1)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a" / "spill").iterdir()}

    assert 0o700 == stat.S_IMODE((tmp_path / "a" / "spill").stat().st_mode)
    assert {0o600} == modes


# room -----------------------------------------------------------------------------------------------------------------


def test_the_bound(tmp_path: Path) -> None:
    """An append that would pass the bound keeps nothing; what is done makes room again."""
    size = HEADER_BYTES + sum(map(len, (b"key-xx-0", b"1" * 10, b"id-1")))
    with Spill(tmp_path, limit_bytes=8 * size, fsync=False) as spill:
        spill.append([kept(1)] * 7)
        with pytest.raises(SpillFull, match="allow it more"):
            spill.append([kept(2)] * 2)
        spill.append([kept(3)])
        assert (8, 8 * size) == (spill.waiting, spill.size_bytes)
        with pytest.raises(SpillFull):
            spill.append([kept(4)])
        spill.done(spill.take(size * 7)[6].number)
        spill.append([kept(5)] * 7)
        assert 8 == spill.waiting


def test_no_room_at_all(tmp_path: Path) -> None:
    """A bound below one byte is a mistake."""
    with pytest.raises(ValueError, match="at least 1"):
        Spill(tmp_path, limit_bytes=0)


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """This process may write no larger files: the system writes what fits, then refuses (SIGXFSZ is ignored)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("before", [0, 3])
def test_a_full_disk(tmp_path: Path, before: int) -> None:
    """What was half-written when the disk became full is taken back; later appends are kept again."""
    with Spill(tmp_path, fsync=False) as spill:
        spill.append([kept(number) for number in range(before)])
        room = spill.size_bytes + 100
        with largest_file(room), pytest.raises(SpillFull, match="disk"):
            spill.append([kept(8)] * 9)
        assert [spill.size_bytes] * bool(before) == [path.stat().st_size for path in segments(tmp_path)]
        spill.append([kept(9)])
    with Spill(tmp_path, fsync=False) as spill:
        assert [*(kept(number) for number in range(before)), kept(9)] == [each for _, each in spill.take(EVERYTHING)]
        assert not spill.damage


def test_a_disk_without_room_for_an_empty_one(tmp_path: Path) -> None:
    """Opening on a full disk says so."""
    with largest_file(0), pytest.raises(SpillFull):
        Spill(tmp_path)


class BadDisk:
    """Stands for `os.fsync` or `os.ftruncate`: fails when told to."""

    def __init__(self, real: object) -> None:
        self.failing = False
        self._real = real

    def __call__(self, *args: int) -> None:
        if self.failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        assert callable(self._real)
        self._real(*args)


def test_what_may_not_be_on_the_disk_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When fsync fails the append was not kept, and the next one is, in its place."""
    fsync = BadDisk(os.fsync)
    monkeypatch.setattr(os, "fsync", fsync)
    with Spill(tmp_path) as spill:
        spill.append([kept(1)])
        fsync.failing = True
        with pytest.raises(SpillUnusable, match=r"Input/output error; repair it"):
            spill.append([kept(2)])
        fsync.failing = False
        spill.append([kept(3)])
        assert [(1, kept(1)), (2, kept(3))] == spill.take(EVERYTHING)


def test_what_cannot_be_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a failed append cannot be taken back, no more are taken; opening anew repairs it."""
    ftruncate = BadDisk(os.ftruncate)
    monkeypatch.setattr(os, "ftruncate", ftruncate)
    with Spill(tmp_path, fsync=False) as spill:
        spill.append([kept(1)])
        ftruncate.failing = True
        with largest_file(spill.size_bytes + 20), pytest.raises(SpillUnusable, match="Input/output"):
            spill.append([kept(2)])
        with pytest.raises(SpillUnusable, match="start again"):
            spill.append([kept(3)])
        assert [(1, kept(1))] == spill.take(EVERYTHING)
    with Spill(tmp_path, fsync=False) as spill:
        spill.append([kept(4)])
        assert [(1, kept(1)), (2, kept(4))] == spill.take(EVERYTHING)
        assert not spill.damage


def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    """When somebody deleted the directory, the append says so."""
    with Spill(tmp_path / "spill", fsync=False) as spill:
        shutil.rmtree(tmp_path / "spill")
        with pytest.raises(SpillUnusable, match="No such file or directory"):
            spill.append([kept(1)])
        assert 0 == spill.waiting


# what cannot be used --------------------------------------------------------------------------------------------------


def test_one_owner(tmp_path: Path) -> None:
    """A second spill on the same directory is refused while the first is open, in this process and in another."""
    code = "import sys; from pipeline.producer.spill import Spill; Spill(sys.argv[1])"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with Spill(tmp_path):
        with pytest.raises(SpillUnusable, match="another process uses the spill"):
            Spill(tmp_path)
        other = subprocess.run(command, capture_output=True, check=False)
        assert b"another process uses the spill" in other.stderr
    assert 0 == subprocess.run(command, check=False).returncode


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    """Where a file is in the way, one line says so."""
    (tmp_path / "spill").touch()
    with pytest.raises(SpillUnusable, match="spill: File exists"):
        Spill(tmp_path / "spill")


def test_a_later_version(tmp_path: Path) -> None:
    """A record of another version is not guessed at; the directory is free again for that version."""
    filled(tmp_path, 1)
    (path,) = segments(tmp_path)
    block = bytearray(path.read_bytes())
    block[8] = 2
    block[29:33] = zlib.crc32(block[:29]).to_bytes(4)
    path.write_bytes(block)
    for _ in range(2):
        with pytest.raises(SpillUnusable, match="another version"):
            Spill(tmp_path)
