"""A real process that follows real files, killed at any moment, over and over: every line is there once, by its id."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import orjson
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEADLINE_SECONDS = 60.0
# Follows sys.argv[2] with its state in sys.argv[1]; what the stream accepts is added to a file there. A write that the
# kill cuts short leaves a line that is no JSON: that record was not accepted, for there was no answer.
FOLLOW = textwrap.dedent(
    """
    import os, sys
    from functools import partial
    from pathlib import Path
    import orjson
    from pipeline.cli.shipping.follow import run
    from pipeline.cli.shipping.follow.store import Store
    from pipeline.cli.shipping.reading import Reader
    from pipeline.cli.shipping.shipper import Shipper
    from pipeline.cli.shipping.sources import local_to_utc
    from pipeline.cli.shipping.stopping import stopping
    from pipeline.cli.shipping.tally import Tally
    from pipeline.core.log_line import LogLines
    from pipeline.model import Accepted

    run.POLL_SECONDS = 0.001
    run.SAVE_EVERY_SECONDS = 0.005
    state, pattern = sys.argv[1:]

    class File:
        descriptor = os.open(state + "/accepted", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

        def put(self, entries):
            os.write(self.descriptor, b"".join(b"\\n" + each.data + b"\\n" for each in entries))
            return [Accepted("s", "1")] * len(entries)

    tally = Tally()
    with Store(Path(state, "state.json")) as store, stopping(tally):
        reader = Reader(partial(LogLines, to_utc=local_to_utc), "plain")
        run.follow([pattern], File(), reader, Shipper(tally), store)
    sys.exit(tally.exit_code)
    """
)


def until(is_so: Callable[[], bool]) -> None:
    """Look again and again until it is so."""
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        if time.monotonic() > give_up_at:
            pytest.fail("it did not come to be so within a minute")


def line(number: int) -> str:
    return f"2026-11-23T10:00:00.{number:06}Z INFO line {number} x{'x' * (number % 97)}\n"


@pytest.mark.parametrize("rotation", ["rename", "copytruncate"])
def test_every_line_is_there_once_whenever_it_is_killed(rotation: str, tmp_path: Path) -> None:
    """Six times SIGKILL, in the midst of writing and of rotation, and a SIGTERM at the end, which gives 0."""
    state, log, accepted = tmp_path / "state", tmp_path / "logs" / "app.log", tmp_path / "state" / "accepted"
    state.mkdir()
    log.parent.mkdir()
    chance, count = random.Random(rotation), 0  # noqa: S311 - a schedule, no secret
    arguments = [sys.executable, "-c", FOLLOW, str(state), str(log.parent)]

    def write(lines: int) -> int:
        with log.open("a") as file:
            file.writelines(map(line, range(count, count + lines)))
        return count + lines

    def size() -> int:
        return accepted.stat().st_size if accepted.exists() else 0

    for _ in range(6):
        before = size()
        count = write(chance.randrange(1, 400))
        with running(arguments) as process:
            until(lambda: size() > before or process.poll() is not None)  # noqa: B023 - called in this turn
            for _ in range(chance.randrange(3)):
                count = write(chance.randrange(1, 1500))
                rotate(rotation, log)
            count = write(chance.randrange(1, 1500))
            process.kill()
            _, err = process.communicate()
        assert -9 == process.returncode, err.decode()

    with running(arguments) as process:
        until(lambda: count <= len(bodies(accepted)) or process.poll() is not None)
        process.terminate()
        _, err = process.communicate(timeout=DEADLINE_SECONDS)

    assert 0 == process.returncode, err.decode()
    assert sorted(line(number).rstrip() for number in range(count)) == sorted(bodies(accepted))


@contextmanager
def running(arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not outlive the block."""
    with subprocess.Popen(arguments, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def bodies(accepted: Path) -> list[str]:
    """Of every event, once for each id."""
    found = {}
    for each in accepted.read_bytes().splitlines():
        with suppress(orjson.JSONDecodeError):
            event = orjson.loads(each)
            found[event["id"]] = str(event["data"]["body"])
    return [*found.values()]


def rotate(rotation: str, log: Path) -> None:
    """As logrotate does; a copy is whole before the original is cut off."""
    for number in range(40, 0, -1):
        old = log.with_name(f"app.log.{number}")
        if old.exists():
            old.rename(log.with_name(f"app.log.{number + 1}"))
    if rotation == "rename":
        log.rename(log.with_name("app.log.1"))
        log.touch()
    else:
        log.with_name("app.log.1").write_bytes(log.read_bytes())
        os.truncate(log, 0)
