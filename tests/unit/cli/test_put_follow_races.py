"""A log is rotated while a look is under way: before every single call by which the follower asks the system."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.cli.following import Tail, append, lines, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What the follower asks of the system.
ASKED = [(os, "pread"), (os, "open"), (os, "fstat"), (os, "scandir"), (Path, "stat"), (Path, "iterdir")]

READ, UNREAD, LATER = lines(0, 60), lines(60, 80), lines(80, 300)
"""What was shipped before, what came since, and what comes with the rotation: more than was there before it."""
LATEST = lines(300, 700)
PATTERNS = ["app.log", "app.log*", "."]


@dataclass
class Moments:
    """Lets each of some acts happen before a certain call; all others wait for theirs."""

    acts: dict[int, Callable[[], None]]
    count: int = 0
    _is_acting: bool = field(default=False, init=False)

    def pass_by(self) -> None:
        """Another call is about to be made; those of an act itself are nobody's."""
        if self._is_acting:
            return
        self._is_acting = True
        self.acts.pop(self.count, lambda: None)()
        self.count += 1
        self._is_acting = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Until the block ends, all that the follower asks of the system passes by here."""
        with pytest.MonkeyPatch.context() as patch:
            for owner, name in ASKED:
                patch.setattr(owner, name, self._noticed(getattr(owner, name)))
            yield

    def _noticed[**P, R](self, call: Callable[P, R]) -> Callable[P, R]:
        def noticed(*args: P.args, **options: P.kwargs) -> R:
            self.pass_by()
            return call(*args, **options)

        return noticed


def rename(log: Path, more: list[str] = LATER) -> None:
    """As logrotate does by default."""
    make_room(log)
    log.rename(log.with_name("app.log.1"))
    append(log, *more)


def copy(log: Path) -> None:
    """The first half of what logrotate does with copytruncate."""
    make_room(log)
    shutil.copy(log, log.with_name("app.log.1"))


def cut_off(log: Path, more: list[str] = LATER) -> None:
    """The second half; its writer is faster than whoever looks."""
    os.truncate(log, 0)
    append(log, *more)


def make_room(log: Path) -> None:
    """The file that was rotated before gets the next number."""
    if log.with_name("app.log.1").exists():
        log.with_name("app.log.1").rename(log.with_name("app.log.2"))


def copy_and_cut_off(log: Path) -> None:
    """Both at once."""
    copy(log)
    cut_off(log)


def shipped(folder: Path, pattern: str, acts: dict[int, Callable[[Path], None]], *, is_up: bool) -> tuple[Tail, int]:
    """What reaches the stream when acts fall before these calls of a look, be it the first or not; how many it has."""
    folder.mkdir()
    tail = Tail(folder, [pattern])
    append(tail.log, *READ)
    if not is_up:
        tail.run()
    moments = Moments({number: partial(act, tail.log) for number, act in acts.items()})
    with tail.running() as running:
        if is_up:
            settle(running)
        append(tail.log, *UNREAD)
        with moments.watching():
            running.step()
        for act in moments.acts.values():
            act()
        settle(running)
    assert 0 == tail.tally.exit_code
    tail.run()
    return tail, moments.count


@pytest.mark.parametrize("rotate", [rename, copy_and_cut_off])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("is_up", [True, False])
def test_a_rotation_at_any_moment_of_a_look(
    rotate: Callable[[Path], None], pattern: str, tmp_path: Path, *, is_up: bool
) -> None:
    """Every line is shipped once, by its id."""
    number, calls = 0, 1
    while number <= calls:
        tail, calls = shipped(tmp_path / str(number), pattern, {number: rotate}, is_up=is_up)
        assert sorted(READ + UNREAD + LATER) == tail.bodies(), f"before call {number} of {calls}"
        number += 1
    assert 5 < number


@pytest.mark.parametrize(
    ("pattern", "acts"),
    [
        *((pattern, (copy, cut_off)) for pattern in PATTERNS),
        # Where just the one name is asked for, a file that has had it between two looks was never to be seen.
        *((pattern, (rename, partial(rename, more=LATEST))) for pattern in PATTERNS if pattern != "app.log"),
    ],
)
@pytest.mark.parametrize("is_up", [True, False])
@settings(max_examples=25)
@given(moments=st.tuples(st.integers(0, 40), st.integers(1, 20)))
def test_two_rotations_or_a_slow_one_at_any_two_moments(
    pattern: str, acts: tuple[Callable[[Path], None], ...], moments: tuple[int, int], *, is_up: bool
) -> None:
    """Every line is shipped once, by its id."""
    first, later = moments
    with tempfile.TemporaryDirectory() as folder:
        tail, _ = shipped(Path(folder, "x"), pattern, {first: acts[0], first + later: acts[1]}, is_up=is_up)

        assert sorted(READ + UNREAD + LATER + (LATEST if rename in acts else [])) == tail.bodies()
