"""Following files through rotation and restart: every line once, by its id. Every look is made by hand."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import orjson
import pytest

from pipeline.cli.shipping.follow import run
from pipeline.cli.shipping.follow.arrivals import Arrivals
from pipeline.cli.shipping.follow.follower import LET_GO_AFTER_SECONDS, Follower
from pipeline.cli.shipping.follow.known import FORGET_AFTER_SECONDS, Known
from pipeline.cli.shipping.follow.run import finder
from pipeline.cli.shipping.follow.store import Store
from pipeline.cli.shipping.inputs import Found
from pipeline.cli.shipping.once import ship
from pipeline.cli.shipping.reading import Reader
from pipeline.cli.shipping.rejects import Rejects
from pipeline.cli.shipping.shipper import Shipper
from pipeline.cli.shipping.sources import local_to_utc
from pipeline.cli.shipping.tally import Tally
from pipeline.core.log_line import LogLines
from pipeline.errors import InputError, Misconfiguration
from pipeline.producer import Pace, Producer
from pipeline.testing.kinesis import Fail, FakeStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipeline.cli.shipping.follow.bookmark import Bookmark
    from pipeline.model import Accepted, Entry, Refused
    from pipeline.testing.kinesis import Fault

READER = Reader(partial(LogLines, to_utc=local_to_utc))
NO_WAIT = Pace(sleep=lambda _: None)


@dataclass
class Tail:
    """A follower that can be stopped, killed and started again, and the stream that it ships to."""

    folder: Path
    patterns: list[str]
    stream: FakeStream = field(default_factory=FakeStream)
    tally: Tally = field(default_factory=Tally)
    time: float = 1_000_000.0
    reader: Reader = READER
    max_open_files: int = 256

    def __post_init__(self) -> None:
        self.log = self.folder / "app.log"

    @contextmanager
    def running(self) -> Iterator[Follower]:
        """Until the block ends; what was not saved by then is not remembered."""
        self.tally = Tally()
        shipper = Shipper(self.tally)
        with Store(self.folder / "state" / "x.json") as store:
            producer = Producer(self.stream, shipper.note, pace=NO_WAIT)
            find = finder([str(self.folder / each) for each in self.patterns], self.tally.note, store.files)
            arrivals = Arrivals(Known(store, lambda: self.time), self.reader, self.tally.note)
            running = Follower(find, producer, shipper, arrivals, lambda: self.time, max_open_files=self.max_open_files)
            try:
                yield running
            finally:
                producer.close()
                running.close()

    def run(self) -> None:
        """Start, look until nothing comes, remember and stop."""
        with self.running() as running:
            settle(running)

    def bodies(self) -> list[str]:
        """Of all events by their ids, in the order they came first."""
        events = {event["id"]: event for event in map(orjson.loads, (each.data for each in self.stream.records))}
        return sorted(event["data"]["body"] for event in events.values())

    @property
    def sent(self) -> int:
        """Records, repeated ones too."""
        return len(self.stream.records)


def settle(running: Follower) -> None:
    """Look until nothing comes any more, as the command does; a file that waits for a second look gets it."""
    quiet = 0
    for _ in range(100):
        quiet = 0 if running.step() else quiet + 1
        running.save()
        if quiet == 2:
            return
    pytest.fail("there is always more to read")


def append(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def lines(first: int, last: int) -> list[str]:
    """Lines as a log has them: no two alike."""
    return [f"2026-11-23T10:{number // 60:02}:{number % 60:02}Z INFO line {number}" for number in range(first, last)]


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


def test_what_comes_is_shipped_line_by_line(tail: Tail) -> None:
    """A line is shipped when it has its ending, whatever pieces it comes in."""
    with tail.running() as running:
        append(tail.log, "one")
        settle(running)
        assert ["one"] == tail.bodies()
        with tail.log.open("a") as file:
            file.write("tw")
        settle(running)
        assert ["one"] == tail.bodies()
        append(tail.log, "o", "three")
        settle(running)

    assert ["one", "three", "two"] == tail.bodies()
    assert (3, 0) == (tail.sent, tail.tally.unsent)


def test_a_restart_goes_on_where_it_was(tail: Tail) -> None:
    """Nothing is skipped, and nothing is sent twice."""
    append(tail.log, *lines(0, 10))
    tail.run()
    append(tail.log, *lines(10, 20))
    tail.run()
    tail.run()

    assert (lines(0, 20), 20) == (tail.bodies(), tail.sent)


def test_what_was_not_remembered_is_repeated_with_its_ids(tail: Tail) -> None:
    """Killed after the stream took the lines and before the place was on the disk."""
    append(tail.log, *lines(0, 10))
    tail.run()
    append(tail.log, *lines(10, 20))
    with tail.running() as running:
        running.step()
        running.producer.flush()
    assert 20 == tail.sent
    tail.run()

    assert (lines(0, 20), 30) == (tail.bodies(), tail.sent)


def test_the_ids_are_those_of_a_plain_put(tail: Tail) -> None:
    """A file that was followed, put again as a whole, has no effect."""
    append(tail.log, *lines(0, 10))
    tail.run()
    ship([Found(str(tail.log), is_named=True)], tail.stream, READER, Shipper(Tally()), NO_WAIT)

    assert (lines(0, 10), 20) == (tail.bodies(), tail.sent)


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


def test_new_files_of_a_folder_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also below it; what is no text is told once, and passed over."""
    tail = Tail(tmp_path, ["logs"])
    with tail.running() as running:
        settle(running)
        (tmp_path / "logs" / "deep").mkdir(parents=True)
        append(tmp_path / "logs" / "a.log", "one")
        append(tmp_path / "logs" / "deep" / "b.log", "two")
        (tmp_path / "logs" / "c.bin").write_bytes(b"\x7fELF\0\n")
        settle(running)
        settle(running)

    assert ["one", "two"] == tail.bodies()
    assert 1 == capsys.readouterr().err.count("c.bin: not text")


def test_few_files_are_open_at_once(tmp_path: Path) -> None:
    """The others are opened when they grow; a rotation of one is noticed all the same."""
    tail = Tail(tmp_path, ["*.log*"], max_open_files=3)
    logs = [tmp_path / f"{number}.log" for number in range(12)]
    with tail.running() as running:
        for turn in range(3):
            for number, log in enumerate(logs):
                append(log, f"{number} {turn} before")
            settle(running)
            assert 3 == sum(each.content is not None for each in running.tailed.values())
            for number, log in enumerate(logs):
                log.rename(f"{log}.{turn}")
                append(log, f"{number} {turn} after")
            settle(running)
    tail.run()

    expected = [f"{number} {turn} {when}" for number in range(12) for turn in range(3) for when in ("after", "before")]
    assert (sorted(expected), len(expected)) == (tail.bodies(), tail.sent)


def test_an_outage_is_waited_for(tail: Tail) -> None:
    """What was given back is sent again, in its order; the place waits for it."""
    ticks = iter(range(0, 100_000, 10))
    faults: list[Fault | None] = [Fail()] * 20
    tail.stream = FakeStream(faults)
    append(tail.log, *lines(0, 10))
    with tail.running() as running:
        running.producer = Producer(
            tail.stream, running.shipper.note, pace=NO_WAIT, now=lambda: next(ticks), linger_seconds=1e9
        )
        running.step()
        running.save()
        assert ("read timeout", 0) == (tail.tally.unsent_reason, tail.sent)
        assert 0 == running.arrivals.known.bookmarks[0].place.offset
        while tail.tally.unsent_reason:
            running.shipper.send_again(running.producer)
            running.save()
        assert (10, 0) == (tail.tally.accepted, tail.tally.unsent)
    tail.run()

    assert (lines(0, 10), 10) == (tail.bodies(), tail.sent)


def test_a_silent_file_is_forgotten_after_a_month(tail: Tail) -> None:
    """But not while it is there."""
    append(tail.log, *lines(0, 3))
    tail.run()
    tail.time += FORGET_AFTER_SECONDS + 1
    tail.run()
    assert 1 == (tail.folder / "state" / "x.json").read_text().count('"source"')
    tail.log.unlink()
    tail.run()

    assert 0 == (tail.folder / "state" / "x.json").read_text().count('"source"')
    assert 3 == tail.sent


def test_rejected_lines_are_on_the_disk_before_the_place_is(tail: Tail, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between the two repeats a rejected line, and never loses one."""
    seen: list[bytes] = []
    path = tail.folder / "rejects.txt"
    save = Store.save

    def looking(store: Store, bookmarks: list[Bookmark]) -> None:
        seen.append(path.read_bytes() if path.exists() else b"")
        save(store, bookmarks)

    monkeypatch.setattr(Store, "save", looking)
    tail.reader = Reader(partial(LogLines, to_utc=local_to_utc, on_unparsed="reject"), "ndjson")
    append(tail.log, '{"n":1}', "no JSON")
    with Rejects(path) as rejects, tail.running() as running:
        running.shipper.rejects = rejects
        settle(running)

    assert [b"", b"no JSON\n"] == seen[:2]
    assert 1 == tail.tally.rejected


def test_the_command_waits_for_an_outage_to_end(
    tail: Tail, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, what was given back is sent again, and a signal ends it as before."""
    ticks = iter(range(0, 100_000, 40))
    monkeypatch.setattr(run, "Producer", partial(Producer, now=lambda: next(ticks)))
    append(tail.log, *lines(0, 10))
    stream, shipper = Ending(tail.tally, fails=4), Shipper(tail.tally)
    with Store(tail.folder / "state" / "x.json") as store:
        run.follow([str(tail.log)], stream, READER, shipper, store, pace=NO_WAIT, sleep=lambda _: None)

    assert lines(0, 10) == sorted(orjson.loads(each.data)["data"]["body"] for each in stream.records)
    assert (10, 0, 0) == (tail.tally.accepted, tail.tally.unsent, tail.tally.exit_code)
    assert "not accepted (read timeout); sending again" in capsys.readouterr().err


def test_the_command_ends_when_no_retry_helps(tail: Tail) -> None:
    """Nothing of it is remembered as sent."""
    append(tail.log, *lines(0, 10))
    with Store(tail.folder / "state" / "x.json") as store:
        stream = FakeStream([Fail(Misconfiguration("AccessDenied"))])
        run.follow([str(tail.log)], stream, READER, Shipper(tail.tally), store, pace=NO_WAIT, sleep=lambda _: None)
        assert (1, 10, "AccessDenied") == (tail.tally.exit_code, tail.tally.unsent, tail.tally.unsent_reason)
        assert [0] == [each.place.offset for each in store.load()]


def test_names_that_are_not_there_yet_are_waited_for(tail: Tail, capsys: pytest.CaptureFixture[str]) -> None:
    """Told once, whatever the number of looks."""
    with tail.running() as running:
        settle(running)
        append(tail.log, "one")
        settle(running)

    assert ["one"] == tail.bodies()
    assert 1 == capsys.readouterr().err.count("app.log: not there yet; waiting for it")


def test_a_file_that_may_not_be_read_is_told_once(
    tail: Tail, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And read when it changes and may be."""
    refused = {str(tail.log)}
    really = os.open

    def opening(path: os.PathLike[str], *how: int) -> int:
        if str(path) in refused:
            raise PermissionError(13, "Permission denied")
        return really(path, *how)

    monkeypatch.setattr("os.open", opening)
    append(tail.log, "one")
    with tail.running() as running:
        settle(running)
        refused.clear()
        append(tail.log, "two")
        settle(running)

    assert ["one", "two"] == tail.bodies()
    assert 1 == capsys.readouterr().err.count("app.log: no permission to read it")


def test_a_compressed_file_that_is_damaged_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was whole is shipped, it is let go, and the others are followed."""
    tail, packed = Tail(tmp_path, ["."]), tmp_path / "old.log.gz"
    packed.write_bytes(gzip.compress(b"one\ntwo\n") + b"rubbish")
    append(tail.log, "three")
    with tail.running() as running:
        settle(running)
        settle(running)
        assert 1 == len(running.tailed)

    assert ["one", "three", "two"] == tail.bodies()
    assert 1 == capsys.readouterr().err.count("old.log.gz: the gzip is damaged")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not a state of this version (JSONDecodeError"),
        ('{"version": 2, "files": []}', "not a state of this version (ValueError: its version is 2)"),
        ('{"version": 1, "files": [{}]}', "not a state of this version (KeyError"),
        ("[]", "not a state of this version (TypeError"),
    ],
)
def test_a_state_that_cannot_be_read_is_not_overwritten(text: str, expected: str, tail: Tail) -> None:
    """It says what to do: what it remembers may be dear to somebody."""
    state = tail.folder / "state" / "x.json"
    state.parent.mkdir()
    state.write_text(text)
    with pytest.raises(InputError) as caught:
        tail.run()

    assert expected in str(caught.value)
    assert "move it away" in str(caught.value)
    assert text == state.read_text()


def test_a_state_that_cannot_be_written_is_told(tail: Tail, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything of a new file is sent."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    append(tail.log, "one")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="No space left on device; the places cannot be remembered"):
        tail.run()

    assert 0 == tail.sent


def test_a_line_that_goes_on_is_shipped_whole(tail: Tail) -> None:
    """Of a format whose records may have several lines, the last one is shipped when nothing continues it."""
    tail.reader = Reader(READER.make, "cloudwatch")
    with tail.running() as running:
        append(tail.log, "2026-11-23T10:00:00.000Z error", "  at one", "2026-11-23T10:00:01.000Z fine")
        settle(running)
    bodies = sorted(orjson.loads(each.data)["data"]["body"] for each in tail.stream.records)

    assert 2 == len(bodies)
    assert any("at one" in body for body in bodies)


class Ending(FakeStream):
    """A stream that asks the command to end when it has ten records."""

    def __init__(self, tally: Tally, fails: int) -> None:
        super().__init__([Fail()] * fails)
        self._tally = tally

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        answers = super().put(entries)
        if len(self.records) >= 10:
            self._tally.stopped_by = signal.SIGTERM
        return answers
