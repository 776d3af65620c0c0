"""Following files over restarts, outages and damage: every line once, by its id. Every look is made by hand."""

from __future__ import annotations

import gzip
import os
import signal
from functools import partial
from typing import TYPE_CHECKING

import orjson
import pytest

from pipeline.cli.shipping import shipper
from pipeline.cli.shipping.follow import run
from pipeline.cli.shipping.follow.known import FORGET_AFTER_SECONDS
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
from pipeline.producer import Producer
from pipeline.testing.kinesis import Fail, FakeStream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.cli.shipping.follow.bookmark import Bookmark
    from pipeline.model import Accepted, Entry, Refused

from tests.unit.cli.following import NO_WAIT, READER, Tail, append, lines, settle


@pytest.fixture
def tail(tmp_path: Path) -> Tail:
    """A follower of one file."""
    return Tail(tmp_path, ["app.log"])


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
    ship([Found(str(tail.log), is_named=True)], tail.stream, READER, Shipper(Tally()), pace=NO_WAIT)

    assert (lines(0, 10), 20) == (tail.bodies(), tail.sent)


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


def test_the_place_waits_for_what_was_not_accepted(tail: Tail) -> None:
    """In an outage nothing is waited for: looking goes on, and nothing is remembered that may be lost."""
    append(tail.log, *lines(0, 10))
    with tail.running() as running:
        tail.tally.hinder("connection refused")
        running.producer = Producer(tail.stream, running.shipper.note, linger_seconds=1e9)
        running.step()
        running.save()
        assert (0, 10) == (running.arrivals.known.bookmarks[0].place.offset, tail.tally.unsent)
        tail.tally.flow()
        running.producer.close()
        running.save()
        assert tail.log.stat().st_size == running.arrivals.known.bookmarks[0].place.offset
    tail.run()

    assert (lines(0, 10), 10) == (tail.bodies(), tail.sent)


def test_files_are_found_while_there_is_no_room(tail: Tail, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an outage no more is read than there is room for, but a file that is rotated twice meanwhile is not missed."""
    monkeypatch.setattr(shipper, "MOST_HELD_BYTES", 1)
    append(tail.log, *lines(0, 10))
    with tail.running() as running:
        tail.tally.hinder("connection refused")
        running.producer = Producer(tail.stream, running.shipper.note, linger_seconds=1e9)
        running.step()
        for number in (1, 2):
            tail.log.rename(tail.folder / f"app.log.{3 - number}")
            append(tail.log, *lines(10 * number, 10 * number + 10))
            assert not running.step()
        assert 10 == tail.tally.lines
        tail.tally.flow()
        settle(running)
        running.producer.close()

    assert lines(0, 30) == tail.bodies()


def test_a_compressed_file_is_read_whole_as_room_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one block of it, all that is in it, however much that is: the rest of the file waits."""
    monkeypatch.setattr(shipper, "MOST_HELD_BYTES", 1)
    tail = Tail(tmp_path, ["."])
    (tmp_path / "old.log.gz").write_bytes(
        gzip.compress("".join(f"{each} {'x' * 900}\n" for each in lines(0, 3000)).encode())
    )
    with tail.running() as running:
        settle(running)
        settle(running)

    assert [f"{each} {'x' * 900}" for each in lines(0, 3000)] == tail.bodies()
    assert 3000 == tail.tally.lines


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


def test_the_command_waits_for_an_outage_to_end(tail: Tail) -> None:
    """Whatever a deadline would be, and a signal ends it as before."""
    ticks = iter(range(0, 100_000, 40))
    append(tail.log, *lines(0, 10))
    stream = Ending(tail.tally, fails=4)
    with Store(tail.folder / "state" / "x.json") as store:
        run.follow(
            [str(tail.log)],
            stream,
            READER,
            Shipper(tail.tally),
            store,
            sleep=lambda _: None,
            pace=NO_WAIT,
            now=lambda: next(ticks),
        )

    assert lines(0, 10) == sorted(orjson.loads(each.data)["data"]["body"] for each in stream.records)
    assert (10, 0, 0) == (tail.tally.accepted, tail.tally.unsent, tail.tally.exit_code)


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
