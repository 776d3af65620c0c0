"""Following files through rotation of every kind: every line once, by its id. Every look is made by hand."""

from __future__ import annotations

import gzip
import os
import shutil
from typing import TYPE_CHECKING

import orjson
import pytest

from pipeline.cli.shipping.follow.follower import LET_GO_AFTER_SECONDS

if TYPE_CHECKING:
    from pathlib import Path


from tests.unit.cli.following import Tail, append, lines, settle


@pytest.fixture
def tail(tmp_path: Path) -> Tail:
    """A follower of one file."""
    return Tail(tmp_path, ["app.log"])


@pytest.fixture
def tail_all(tmp_path: Path) -> Tail:
    """A follower of whatever a rotation makes of the file."""
    return Tail(tmp_path, ["app.log*"])


def rename(tail: Tail) -> None:
    """As logrotate does by default."""
    for number in (3, 2, 1):
        old = tail.folder / f"app.log.{number}"
        if old.exists():
            old.rename(tail.folder / f"app.log.{number + 1}")
    tail.log.rename(tail.folder / "app.log.1")
    tail.log.touch()


def copy_and_truncate(tail: Tail) -> None:
    """As logrotate does with copytruncate."""
    shutil.copy(tail.log, tail.folder / "app.log.1")
    os.truncate(tail.log, 0)


ROTATIONS = {"rename": rename, "copytruncate": copy_and_truncate}


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("pattern", ["app.log", "app.log*", "."])
def test_rotation_while_it_is_followed(rotation: str, pattern: str, tmp_path: Path) -> None:
    """What was not read before the rotation, and what comes after it: every line once, three times in a row."""
    tail = Tail(tmp_path, [pattern])
    with tail.running() as running:
        for start in (0, 20, 40):
            append(tail.log, *lines(start, start + 5))
            settle(running)
            append(tail.log, *lines(start + 5, start + 10))
            ROTATIONS[rotation](tail)
            append(tail.log, *lines(start + 10, start + 20))
            settle(running)

    assert lines(0, 60) == tail.bodies()
    assert 60 == tail.sent


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("pattern", ["app.log", "app.log*", "."])
def test_rotation_while_nobody_looks(rotation: str, pattern: str, tmp_path: Path) -> None:
    """The same between two runs."""
    tail = Tail(tmp_path, [pattern])
    for start in (0, 20, 40):
        append(tail.log, *lines(start, start + 5))
        tail.run()
        append(tail.log, *lines(start + 5, start + 10))
        ROTATIONS[rotation](tail)
        append(tail.log, *lines(start + 10, start + 20))
        tail.run()

    assert lines(0, 60) == tail.bodies()
    assert 60 == tail.sent


def test_who_writes_on_to_the_renamed_file_is_heard(tail: Tail) -> None:
    """Until a writer opens the new file, it writes to the old one; for ten minutes of silence nobody lets it go."""
    with tail.running() as running:
        append(tail.log, *lines(0, 5))
        settle(running)
        rename(tail)
        settle(running)
        append(tail.folder / "app.log.1", *lines(5, 7))
        append(tail.log, *lines(7, 9))
        settle(running)
        assert 2 == len(running.tailed)
        tail.time += LET_GO_AFTER_SECONDS
        settle(running)
        assert 1 == len(running.tailed)

    assert (lines(0, 9), 9) == (tail.bodies(), tail.sent)


def test_a_copy_in_the_making_waits_for_what_becomes_of_the_original(tail_all: Tail) -> None:
    """Half of a copy, then all of it, then the truncation: each line once."""
    append(tail_all.log, *lines(0, 50))
    copy = tail_all.folder / "app.log.1"
    with tail_all.running() as running:
        settle(running)
        whole = tail_all.log.read_bytes()
        copy.write_bytes(whole[:700])
        settle(running)
        append(tail_all.log, *lines(50, 60))
        copy.write_bytes(tail_all.log.read_bytes())
        settle(running)
        append(tail_all.log, *lines(60, 61))
        settle(running)
        os.truncate(tail_all.log, 0)
        append(tail_all.log, *lines(61, 63))
        settle(running)

    assert (lines(0, 63), 63) == (tail_all.bodies(), tail_all.sent)


def test_a_backup_of_a_file_that_goes_on_is_not_shipped(tail_all: Tail) -> None:
    """All of it is in the original."""
    append(tail_all.log, *lines(0, 50))
    with tail_all.running() as running:
        settle(running)
        shutil.copy(tail_all.log, tail_all.folder / "app.log.bak")
        append(tail_all.log, *lines(50, 60))
        settle(running)

    assert (lines(0, 60), 60) == (tail_all.bodies(), tail_all.sent)


@pytest.mark.parametrize("is_followed", [True, False])
def test_a_rotated_file_that_is_compressed_is_not_shipped_again(tail_all: Tail, *, is_followed: bool) -> None:
    """`app.log.1` becomes `app.log.1.gz`: only what was not shipped of it is, and the rest is passed over."""
    old = tail_all.folder / "app.log.1"

    def squeeze() -> None:
        append(old, *lines(40, 45))
        (tail_all.folder / "app.log.1.gz").write_bytes(gzip.compress(old.read_bytes()))
        old.unlink()

    append(tail_all.log, *lines(0, 40))
    with tail_all.running() as running:
        settle(running)
        rename(tail_all)
        append(tail_all.log, *lines(45, 50))
        settle(running)
        if is_followed:
            squeeze()
            settle(running)
    if not is_followed:
        squeeze()
    tail_all.run()

    assert (lines(0, 50), 50) == (tail_all.bodies(), tail_all.sent)


def test_new_compressed_files_of_a_folder_are_shipped_once(tmp_path: Path) -> None:
    """When they do not grow any more."""
    tail, packed = Tail(tmp_path, ["."]), tmp_path / "old.log.gz"
    content = gzip.compress("".join(f"{line}\n" for line in lines(0, 30)).encode())
    with tail.running() as running:
        packed.write_bytes(content[:100])
        running.step()
        packed.write_bytes(content)
        running.step()
        assert 0 == tail.sent
        settle(running)
    tail.run()

    assert (lines(0, 30), 30) == (tail.bodies(), tail.sent)


def test_a_compressed_file_that_breaks_off_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When it is deleted and nothing more can come; what was whole is shipped."""
    tail, packed = Tail(tmp_path, ["."]), tmp_path / "old.log.gz"
    content = gzip.compress("".join(f"{line}\n" for line in lines(0, 3000)).encode())
    packed.write_bytes(content[: len(content) // 2])
    with tail.running() as running:
        settle(running)
        packed.unlink()
        settle(running)

    assert 1000 < tail.sent < 3000
    assert 1 == tail.tally.failed_inputs
    assert "old.log.gz: the gzip breaks off; what was read before is shipped" in capsys.readouterr().err


def test_a_deleted_file_is_finished_and_let_go(tail: Tail) -> None:
    """What was written before it was deleted is shipped, the last line even without an ending."""
    with tail.running() as running:
        append(tail.log, "one")
        settle(running)
        tail.log.write_text("one\ntwo\nthree")
        tail.log.unlink()
        settle(running)
        assert {} == running.tailed
        append(tail.log, "four")
        settle(running)

    assert ["four", "one", "three", "two"] == tail.bodies()


def test_a_file_that_is_truncated_is_another_one(tail: Tail) -> None:
    """The same line at the same place is another record."""
    with tail.running() as running:
        append(tail.log, "start", "same")
        settle(running)
        tail.log.write_text("")
        settle(running)
        append(tail.log, "start", "same")
        settle(running)
    tail.run()

    assert (["same", "same", "start", "start"], 4) == (tail.bodies(), tail.sent)


def test_a_file_that_is_cut_off_and_longer_again_is_another_one(tail: Tail) -> None:
    """Between two looks: the content tells, not the size. The line that had no ending is shipped as it was."""
    with tail.running() as running:
        tail.log.write_text("one\ntw")
        settle(running)
        tail.log.write_text("three\nfour\nfive\n")
        settle(running)

    assert ["five", "four", "one", "three", "tw"] == tail.bodies()


def test_a_file_that_is_written_anew_with_more_goes_on(tail: Tail) -> None:
    """As rsync does: another file of the same name, which begins as the old one did."""
    append(tail.log, *lines(0, 50))
    new = tail.folder / "new"
    with tail.running() as running:
        settle(running)
        new.write_bytes(tail.log.read_bytes())
        append(new, *lines(50, 60))
        new.replace(tail.log)
        settle(running)
    new.write_bytes(tail.log.read_bytes())
    append(new, *lines(60, 70))
    new.replace(tail.log)
    tail.run()

    assert (lines(0, 70), 70) == (tail.bodies(), tail.sent)


def test_another_file_of_the_same_name_and_beginning_is_another_one(tail: Tail) -> None:
    """A few equal bytes prove nothing: its lines are records of their own."""
    with tail.running() as running:
        append(tail.log, "start", "same")
        settle(running)
        (tail.folder / "new").write_text("start\nsame\n")
        (tail.folder / "new").replace(tail.log)
        settle(running)

    assert ["same", "same", "start", "start"] == tail.bodies()


def test_files_with_the_same_header_are_told_apart(tmp_path: Path) -> None:
    """A new file of CSV begins as the old one did; rows keep the names of their fields over a restart."""
    tail, csv = Tail(tmp_path, ["*.csv"]), tmp_path / "a.csv"
    append(csv, "ts,level,msg", *(f"2026-11-23T10:00:0{number}Z,INFO,x" for number in range(3)))
    with tail.running() as running:
        settle(running)
    append(csv, "2026-11-23T10:00:04Z,WARN,y")
    with tail.running() as running:
        settle(running)
        csv.rename(tmp_path / "b.csv")
        append(csv, "ts,level,msg", "2026-11-23T10:00:01Z,INFO,x")
        settle(running)
    bodies = [orjson.loads(each.data)["data"]["body"] for each in tail.stream.records]

    assert ["x", "x", "x", "x", "y"] == sorted(each["msg"] for each in bodies)
