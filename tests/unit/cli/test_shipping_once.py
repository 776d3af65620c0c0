"""Shipping files: everything that can be shipped is, and the rest is told line by line."""

from __future__ import annotations

import gzip
import itertools
import os
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING, Unpack

import orjson
import pytest
import zstandard

from pipeline.cli.shipping import sources
from pipeline.cli.shipping.inputs import Found, Inputs
from pipeline.cli.shipping.once import ship
from pipeline.cli.shipping.reading import Reader
from pipeline.cli.shipping.rejects import Rejects
from pipeline.cli.shipping.shipper import Shipper
from pipeline.cli.shipping.sources import Source, local_to_utc
from pipeline.cli.shipping.stopping import stopping
from pipeline.cli.shipping.tally import MOST_COMPLAINTS, Tally
from pipeline.core.chunk import MAX_CALL_BYTES, MAX_RECORD_BYTES
from pipeline.core.lines import TEXT_CHECK_BYTES
from pipeline.core.log_line import LogLines
from pipeline.errors import Misconfiguration, Retryable
from pipeline.producer import Pace
from pipeline.testing.kinesis import Fail, FakeStream, Refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pipeline.model import Accepted, Entry, Refused
    from pipeline.producer import Options

NO_WAIT = Pace(sleep=lambda _: None)


PLAIN = Reader(partial(LogLines, to_utc=local_to_utc))
CHANGES = Reader(partial(LogLines, to_utc=local_to_utc, event_type="change.v1"))
RAW = Reader(partial(LogLines, to_utc=local_to_utc, is_raw=True), is_raw=True)


def put_files(
    *paths: Path | str,
    stream: FakeStream | None = None,
    reader: Reader = PLAIN,
    tally: Tally | None = None,
    **options: Unpack[Options],
) -> Tally:
    tally = tally or Tally()
    settings: Options = {"pace": NO_WAIT, **options}
    inputs = Inputs([str(path) for path in paths], tally.fail, tally.note)
    try:
        with stopping(tally):
            ship(inputs.find(), stream or FakeStream(), reader, Shipper(tally), **settings)
    finally:
        tally.tell()
    return tally


def bodies(stream: FakeStream) -> list[str]:
    return sorted(orjson.loads(each.data)["data"]["body"] for each in stream.records)


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., Path]:
    def write(content: bytes | str, name: str = "app.log") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A pipe as stdin; gives the end to write to, which the test closes."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as file:
        monkeypatch.setattr("sys.stdin", file)
        yield writing


def test_every_line_is_accepted(log: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, a summary on stderr, nothing on stdout."""
    stream = FakeStream()
    tally = put_files(log("one\ntwo\n\n  \nthree"), stream=stream)
    out, err = capsys.readouterr()

    assert (0, ["one", "three", "two"]) == (tally.exit_code, bodies(stream))
    assert "" == out
    assert err.startswith("3 lines read: 3 accepted, 0 refused in ")


def test_putting_a_file_twice_makes_the_same_events(log: Callable[..., Path]) -> None:
    """Byte for byte, so that the second time has no effect."""
    first, second, path = FakeStream(), FakeStream(), log("one\n2026-11-23 10:00:00 two\n")
    put_files(path, stream=first)
    put_files(path, stream=second)

    assert first.records == second.records


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x7fELF\0\0\n" * 9, "app.log: not text (a NUL byte at byte 4); nothing of it was shipped"),
        (
            b"caf\xe9\n",
            "app.log: not text (not UTF-8 at byte 3 (invalid continuation byte)); nothing of it was shipped",
        ),
    ],
    ids=["binary", "latin-1"],
)
def test_a_file_that_cannot_be_shipped(
    content: bytes, expected: str, log: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """One clear line, nothing of it on the stream, exit code 1; the other files are shipped."""
    stream = FakeStream()
    tally = put_files(log(content), log("fine", "fine.log"), stream=stream)
    err = capsys.readouterr().err

    assert (1, ["fine"]) == (tally.exit_code, bodies(stream))
    assert 1 == err.count("error:")
    assert expected in err.splitlines()[0]


@pytest.mark.parametrize("content", [b"", b"\n\n \n"], ids=["empty", "blank lines"])
def test_a_file_without_a_line_is_a_note(
    content: bytes, log: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything that is in it was accepted: a log that was just rotated is no failure, and is told all the same."""
    path = log(content)
    tally = put_files(path, stream=FakeStream())

    assert (0, f"note: {path}: empty, there is nothing to ship\n") == (tally.exit_code, capsys.readouterr().err)


def test_files_that_cannot_be_opened(
    tmp_path: Path, log: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file and an empty folder are told, the others are shipped."""
    stream, empty = FakeStream(), tmp_path / "empty"
    empty.mkdir()
    tally = put_files(tmp_path / "missing.log", empty, log("fine"), stream=stream)
    err = capsys.readouterr().err

    assert (1, ["fine"]) == (tally.exit_code, bodies(stream))
    assert "missing.log: there is no such file" in err
    assert f"{empty}: no file to ship in this folder" in err


def test_nothing_read_has_no_summary(log: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """The one clear line stands alone."""
    put_files(log(""))

    assert 1 == len(capsys.readouterr().err.splitlines())


def test_lines_that_cannot_be_shipped(log: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Each is told with file, line number and reason, and the others are shipped."""
    stream = FakeStream()
    text = b"x" * TEXT_CHECK_BYTES
    path = log(
        b"\n".join([text, b"caf\xe9", b"nul \0", b"x" * (MAX_RECORD_BYTES + 1), b"x" * (MAX_RECORD_BYTES - 50), b"ok"])
    )
    tally = put_files(path, stream=stream)
    err = capsys.readouterr().err

    hint = " (--oversize claim-check leaves more in S3)"
    assert (1, ["ok", text.decode()]) == (tally.exit_code, bodies(stream))
    assert [
        f"error: {path}:2: not UTF-8 at byte 3 (unexpected end of data)",
        f"error: {path}:3: a NUL byte at byte 4",
        f"error: {path}:4: 1,048,577 bytes; a record on the stream is at most 1,048,576{hint}",
    ] == err.splitlines()[:3]
    assert f"error: {path}:5: 1,048," in err
    assert "6 lines read: 2 accepted, 4 refused" in err


@pytest.mark.parametrize(("excess", "accepted"), [(-1, 1), (0, 1), (1, 0)])
def test_limit_of_a_raw_line(excess: int, accepted: int, log: Callable[..., Path]) -> None:
    """With its key, a record is at most 1 MiB: the last line that fits, and the first that does not."""
    one = FakeStream()
    put_files(log("x"), stream=one, reader=RAW)
    key_bytes = len(one.records[0].partition_key)
    stream = FakeStream()
    tally = put_files(log("x" * (MAX_RECORD_BYTES - key_bytes + excess)), stream=stream, reader=RAW)

    assert (accepted, 1 - accepted) == (tally.accepted, tally.refused)
    assert accepted == len(stream.records)


def test_lines_that_are_no_data_of_the_type(log: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A line of text is no change; it is told, and the objects are shipped."""
    stream = FakeStream()
    tally = put_files(log('text\n{"op": "c"}\n'), stream=stream, reader=CHANGES)

    assert (1, 1) == (tally.accepted, tally.refused)
    assert (
        "app.log:1: no JSON object, row of CSV or line of a known log, so it is no data of change.v1"
        in capsys.readouterr().err
    )


def test_complaints_are_bounded(log: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A file of nothing but bad lines does not flood the terminal, and the count is told."""
    put_files(log(b"x" * TEXT_CHECK_BYTES + b"\n" + b"\xff\n" * 1000))
    err = capsys.readouterr().err

    assert MOST_COMPLAINTS + 1 == err.count("error:")
    assert f"error: {1000 - MOST_COMPLAINTS} more lines refused" in err


def test_raw_lines_are_shipped_as_they_are(log: Callable[..., Path]) -> None:
    """No envelope; a line need not even be UTF-8."""
    stream = FakeStream()
    text = b"x" * TEXT_CHECK_BYTES
    put_files(log(text + b"\nnot JSON\n\xff\xfe\n"), stream=stream, reader=RAW)

    assert {text, b"not JSON", b"\xff\xfe"} == {each.data for each in stream.records}


def test_throttling_loses_nothing(log: Callable[..., Path]) -> None:
    """What is refused for now is sent again."""
    stream = FakeStream([Refuse(frozenset({0, 2})), Fail(), Refuse(frozenset({1}))])
    tally = put_files(log("a\nb\nc\nd\n"), stream=stream)

    assert (0, ["a", "b", "c", "d"]) == (tally.exit_code, bodies(stream))


def test_a_stream_that_takes_nothing_ends_the_reading(
    log: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said once, with the reason and what to do; the next files are not read."""
    stream = FakeStream([Fail(Misconfiguration("AccessDenied: not yours"))])
    tally = put_files(log("a\nb\n"), log("c\n", "other.log"), stream=stream)
    err = capsys.readouterr().err

    assert 1 == tally.exit_code
    assert 1 == err.count("AccessDenied")
    assert "error: 3 lines not accepted: AccessDenied: not yours" in err
    assert "put the same files again" in err


def test_an_outage_is_told(log: Callable[..., Path], stdin: int, capsys: pytest.CaptureFixture[str]) -> None:
    """After a minute in which nothing was accepted, the rest is not read."""
    stream = Gone()
    os.write(stdin, b"never ends\n")
    tally = put_files(log("a\n" * 30), "-", log("c\n", "other.log"), stream=stream, tally=Tally(now=stream.now))
    os.close(stdin)
    err = capsys.readouterr().err

    assert (1, 0, tally.lines) == (tally.exit_code, tally.accepted, tally.unsent)
    assert 0 < tally.lines <= 31
    assert f"error: {tally.lines} lines not accepted: connection refused" in err
    assert "put the same files again when it is mended" in err


def test_a_full_producer_is_waited_for_as_long_as_there_is_hope(log: Callable[..., Path]) -> None:
    """Two of the lines are all that it may hold; a minute later nothing more is read."""
    ticks = itertools.count(10.0, 10.0)
    tally = Tally()
    tally.now = lambda: 0.0 if tally.lines < 3 else next(ticks)
    content = ("x" * 1_000_000 + "\n") * 9
    put_files(log(content), stream=Gone(), tally=tally, buffer_bytes=MAX_CALL_BYTES, block_seconds=0.001)

    assert (1, 0, 3, 3) == (tally.exit_code, tally.accepted, tally.lines, tally.unsent)


class Gone(FakeStream):
    """A stream that is not there, in a world where a call takes a second."""

    def __init__(self) -> None:
        super().__init__(itertools.repeat(Fail(Retryable("connection refused"))))

    def now(self) -> float:
        return float(len(self.calls))


def test_stdin_is_shipped_while_it_is_open(stdin: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow input is sent on after a moment of silence, not at its end."""
    monkeypatch.setattr(sources, "IDLE_SECONDS", 0.01)

    class Closing(FakeStream):
        """Closes stdin when the first line arrives."""

        def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
            if not self.calls:
                safety_net.cancel()
                os.close(stdin)
            return super().put(entries)

    safety_net = threading.Timer(10, os.close, [stdin])
    safety_net.start()
    os.write(stdin, b"slow\nbegun")
    stream = Closing()
    tally = put_files("-", stream=stream)

    assert (["slow"], 2) == (bodies(stream)[-1:], len(stream.calls))
    assert 0 == tally.exit_code


def test_ctrl_c_sends_what_was_read(stdin: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Reading stops, the lines that were read are sent, the exit code is 130."""

    class Interrupted(FakeStream):
        """Presses Ctrl-C at the first call."""

        def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
            if not self.calls:
                signal.raise_signal(signal.SIGINT)
            return super().put(entries)

    os.write(stdin, b"line\n" * 700)
    stream = Interrupted()
    tally = put_files("-", stream=stream)
    os.close(stdin)
    err = capsys.readouterr().err

    assert (130, tally.lines) == (tally.exit_code, len(stream.records))
    assert "stopping: sending what was read" in err
    assert f"{tally.lines} lines read: {tally.lines} accepted" in err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_leaves_at_once(log: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """It is said what was accepted and what was not."""

    class Stuck(FakeStream):
        """Ctrl-C at the first call, and once more when that was heard."""

        presses = 0

        def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
            heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
            if self.presses == int(heard):
                self.presses += 1
                signal.raise_signal(signal.SIGINT)
            return super().put(entries)

    with pytest.raises(KeyboardInterrupt):
        put_files(log("line\n" * 600), stream=Stuck(itertools.repeat(Fail())))

    assert "lines not accepted" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_listens_to_ctrl_c_goes_on_listening(log: Callable[..., Path]) -> None:
    """Where it is ignored (a background job), it stays ignored."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        put_files(log("line"))
        assert signal.SIG_IGN is signal.getsignal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_an_error_while_reading_is_told(
    log: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was read before is shipped, the exit code is 1."""

    def blocks(_source: Source) -> Iterator[bytes]:
        yield b"one\n"
        raise OSError(5, "Input/output error")

    path, stream = log("x"), FakeStream()
    monkeypatch.setattr(Source, "blocks", blocks)
    tally = put_files(path, stream=stream)

    assert (1, ["one"]) == (tally.exit_code, bodies(stream))
    assert "app.log: Input/output error; what was read before is shipped" in capsys.readouterr().err


def test_gzip_that_breaks_off_ships_what_was_whole(
    log: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines before the break are accepted, it is told once, and the exit code is 1."""
    packed = gzip.compress(b"".join(b"line %d of many\n" % number for number in range(9000)), mtime=0)
    stream = FakeStream()
    tally = put_files(log(packed[: len(packed) // 2]), log("fine", "fine.log"), stream=stream)
    err = capsys.readouterr().err

    assert 1 == tally.exit_code
    assert 1 == err.count("error:")
    assert "app.log: the gzip breaks off; what was read before is shipped" in err
    assert {"line 0 of many", "fine"} <= set(bodies(stream))
    assert 4000 < tally.accepted < 9000


def test_compressed_and_plain_files_give_the_same_lines(log: Callable[..., Path]) -> None:
    """Told by what is in them, whatever they are called."""
    content = b"one\ntwo\n"
    packed = gzip.compress(b"one\n") + gzip.compress(b"two\n")
    frames = zstandard.compress(b"one\n") + zstandard.compress(b"two\n")
    for name, each in {"a": content, "b": packed, "c": frames}.items():
        stream = FakeStream()
        assert 0 == put_files(log(each, name), stream=stream).exit_code
        assert ["one", "two"] == bodies(stream)


def test_found_files_that_cannot_be_shipped_are_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A binary file of a folder is a note, an empty one nothing; the exit code is 0."""
    (tmp_path / "a.bin").write_bytes(b"\x7fELF\0\0")
    (tmp_path / "b.log").write_bytes(b"")
    (tmp_path / "c.log").write_bytes(b"fine")
    stream = FakeStream()
    tally = put_files(tmp_path, stream=stream)
    err = capsys.readouterr().err

    assert (0, ["fine"]) == (tally.exit_code, bodies(stream))
    assert f"note: {tmp_path}/a.bin: not text (a NUL byte at byte 4); nothing of it was shipped" in err
    assert "b.log" not in err


def test_rejects_are_kept_as_they_are(log: Callable[..., Path], tmp_path: Path) -> None:
    """What is not of the format, not text, or too large with its envelope is in the file, and counted."""
    filler = b'{"n": "' + b"1" * TEXT_CHECK_BYTES + b'"}'
    content = [filler, b"no JSON", b"caf\xe9", b'{"x": "' + b"y" * (MAX_RECORD_BYTES - 60) + b'"}', b'{"n": 2}']
    stream, tally = FakeStream(), Tally()
    reader = Reader(partial(LogLines, to_utc=local_to_utc, on_unparsed="reject"), "ndjson")
    with Rejects(tmp_path / "rejects") as rejects:
        inputs = [Found(str(log(b"\n".join(content))), is_named=True)]
        ship(inputs, stream, reader, Shipper(tally, rejects), pace=NO_WAIT)

    assert (2, 3, 3, 1) == (tally.accepted, tally.refused, tally.rejected, tally.exit_code)
    assert set(content[1:4]) == set((tmp_path / "rejects").read_bytes().splitlines())


def test_without_rejects_what_is_not_of_the_format_is_text(log: Callable[..., Path]) -> None:
    """With the reason beside it."""
    stream = FakeStream()
    tally = put_files(log(b'{"n": 1}\nno JSON\n'), stream=stream, reader=Reader(PLAIN.make, "ndjson"))
    found = [orjson.loads(each.data)["data"] for each in stream.records]

    assert 0 == tally.exit_code
    assert ["no JSON"] == [each["body"] for each in found if "parse_error" in each.get("attributes", {})]


def test_ctrl_c_ends_an_input_that_was_silent_from_the_beginning(stdin: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has written anything yet, and nobody has to."""
    monkeypatch.setattr(sources, "IDLE_SECONDS", 0.001)
    ready = sources.Source.blocks

    def interrupted(source: Source) -> Iterator[bytes]:
        for number, block in enumerate(ready(source)):
            if number == 3:
                signal.raise_signal(signal.SIGINT)
            yield block

    monkeypatch.setattr(Source, "blocks", interrupted)
    tally = put_files("-")
    os.close(stdin)

    assert (130, 0, 0) == (tally.exit_code, tally.lines, tally.failed_inputs)
