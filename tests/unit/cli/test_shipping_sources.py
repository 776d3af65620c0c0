"""Opening the inputs of `pipeline put`."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.cli.shipping import sources
from pipeline.cli.shipping.inputs import reason
from pipeline.cli.shipping.sources import Source, local_to_utc, opened, uri
from pipeline.errors import InputError


def describe(name: str) -> Source:
    with opened(name) as source:
        return source


def test_a_file_is_known_by_its_path(tmp_path: Path) -> None:
    """Host and path, percent-encoded; no salt, so that its lines have the same ids every time."""
    path = tmp_path / "a log.txt"
    path.write_text("x")
    source = describe(str(path))

    assert (str(path), uri(path), "") == (source.name, source.uri, source.salt)
    assert source.uri.endswith("/a%20log.txt")
    assert source.uri.startswith(f"//{socket.gethostname()}/")


def test_a_relative_path_and_a_link_name_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is called, its lines are the same records."""
    (tmp_path / "a.log").write_text("x")
    (tmp_path / "link.log").symlink_to("a.log")
    monkeypatch.chdir(tmp_path)

    assert 1 == len({describe(name).uri for name in ("a.log", "./a.log", "link.log", str(tmp_path / "a.log"))})


def test_a_files_time_is_when_it_was_last_changed(tmp_path: Path) -> None:
    """So a line without a time has the same one every time the file is put."""
    path = tmp_path / "a.log"
    path.write_text("x")
    os.utime(path, (1_764_000_000, 1_764_000_000))

    assert datetime(2025, 11, 24, 16, 0, tzinfo=UTC) == describe(str(path)).now()


def test_a_pipe_is_known_by_the_run(tmp_path: Path) -> None:
    """Its lines are other records each time, and their time is the clock's."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    try:
        one, two = describe(str(path)), describe(str(path))
    finally:
        os.close(writer)

    assert one.salt != two.salt
    assert one.now() > datetime.now(UTC) - timedelta(minutes=1)


def test_stdin_is_known_by_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is stdin; what comes is given block by block."""
    reader, writer = os.pipe()
    os.write(writer, b"one\n")
    os.close(writer)
    with os.fdopen(reader) as stdin, monkeypatch.context() as patch:
        patch.setattr("sys.stdin", stdin)
        with opened("-") as one, opened("-") as two:
            assert [b"one\n"] == list(one.blocks())
            assert ("stdin", True) == (one.name, one.salt != two.salt)
            assert one.uri.endswith("/stdin")


def test_silence_gives_an_empty_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads can send on what there is, while more may come."""
    monkeypatch.setattr(sources, "IDLE_SECONDS", 0.01)
    reader, writer = os.pipe()
    blocks = Source("x", "x", "", datetime.now, reader).blocks()
    try:
        assert b"" == next(blocks)
        os.write(writer, b"late")
        assert b"late" == next(blocks)
    finally:
        os.close(writer)
    assert [] == list(blocks)
    os.close(reader)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """Each is one line with the name and the reason."""
    (tmp_path / "secret.log").touch(mode=0o000)
    cases = {
        "missing.log": "there is no such file",
        "": "a directory; name files, for example",
        "x" * 300: "File name too long",
    }
    if os.geteuid() != 0:
        cases["secret.log"] = "no permission to read it"
    for name, expected in cases.items():
        with pytest.raises(InputError, match=expected):
            describe(str(tmp_path / name))


def test_no_permission_is_told() -> None:
    """In words, not numbers."""
    assert "no permission to read it" == reason(PermissionError(13, "Permission denied"))


def test_a_path_beyond_all_bounds_is_known_by_its_hash() -> None:
    """A source is at most 1,024 bytes for the pipeline; one path is one hash."""
    long = Path("/", *["ü" * 60] * 10)

    assert uri(long) == uri(long)
    assert uri(long) != uri(long / "x")
    assert len(uri(long)) <= 1024


@pytest.mark.parametrize("naive", [datetime(2026, 1, 15, 12), datetime(2026, 7, 15, 12)], ids=["winter", "summer"])  # noqa: DTZ001 - a local time is the point
def test_local_times_have_the_offset_of_their_day(naive: datetime) -> None:
    """The machine's zone decides, with or without summer time."""
    assert naive.timestamp() == local_to_utc(naive).timestamp()
    assert UTC is local_to_utc(naive).tzinfo
