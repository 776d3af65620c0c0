"""Whatever order writing, rotating, compressing, looking, stopping and crashing come in: every line once, by its id."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.cli.following import Tail, append, lines, settle

if TYPE_CHECKING:
    from pipeline.cli.shipping.follow.follower import Follower

ACTS = ["write", "write", "look", "look", "save", "rename", "copytruncate", "compress", "stop", "crash"]


class World:
    """A folder, a follower that may be down, and what was written."""

    def __init__(self, folder: Path, pattern: str) -> None:
        self.tail = Tail(folder, [pattern])
        self.written = 0
        self._up = ExitStack()
        self._running: Follower | None = None
        self.tail.log.touch()

    def running(self) -> Follower:
        """Started, if it is down."""
        if self._running is None:
            self._running = self._up.enter_context(self.tail.running())
        return self._running

    def down(self) -> None:
        """What was not saved is forgotten."""
        self._up.close()
        self._running = None

    def rotated(self, number: int) -> Path:
        return self.tail.folder / f"app.log.{number}"

    def make_room(self) -> None:
        """Rename all rotated files, plain or compressed, to the next number."""
        for number in range(30, 0, -1):
            for ending in ("", ".gz"):
                old = Path(f"{self.rotated(number)}{ending}")
                if old.exists():
                    old.rename(f"{self.rotated(number + 1)}{ending}")

    def act(self, name: str, size: int) -> None:
        """Let one thing happen."""
        if name == "write":
            append(self.tail.log, *lines(self.written, self.written + size))
            self.written += size
        elif name == "look":
            self.running().step()
        elif name == "save":
            self.running().save()
        elif name == "rename":
            self.make_room()
            self.tail.log.rename(self.rotated(1))
            self.tail.log.touch()
        elif name == "copytruncate":
            self.make_room()
            shutil.copy(self.tail.log, self.rotated(1))
            os.truncate(self.tail.log, 0)
        elif name == "compress" and self.rotated(1).exists():
            Path(f"{self.rotated(1)}.gz").write_bytes(gzip.compress(self.rotated(1).read_bytes()))
            self.rotated(1).unlink()
        elif name == "stop":
            settle(self.running())
            self.down()
        elif name == "crash":
            self.down()


@pytest.mark.parametrize("pattern", [".", "app.log*"])
@settings(max_examples=150)
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 30)), max_size=25))
def test_every_line_is_there_once(pattern: str, acts: list[tuple[str, int]]) -> None:
    """Lines are dated and numbered, as those of logs are: no two files begin alike."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), pattern)
        try:
            for name, size in acts:
                world.act(name, size)
            settle(world.running())
        finally:
            world.down()

        assert sorted(lines(0, world.written)) == world.tail.bodies()
