"""A beginning that is looked at first: nothing is lost by it, and what is wrong in it comes in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.core.beginning import Beginning
from pipeline.core.formats.detect import SAMPLE_BYTES
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


def broken() -> Iterator[bytes]:
    yield b"whole\n"
    raise InputError("it breaks off")


@pytest.mark.parametrize(
    ("blocks", "is_over", "expected"),
    [
        ([], False, b""),
        ([b"a", b"b"], False, b"ab"),
        ([b"a", b"", b"b\n", b"", b"c"], False, b"ab\n"),
        ([b"a", b"", b"b"], True, b"a"),
        ([b"x" * SAMPLE_BYTES, b"y"], False, b"x" * SAMPLE_BYTES),
    ],
    ids=["nothing", "all", "silent after a line", "silent and over", "enough"],
)
def test_start(blocks: list[bytes], expected: bytes, *, is_over: bool) -> None:
    """Enough to tell the format by, and afterwards everything."""
    beginning = Beginning(blocks)

    assert expected == beginning.start(lambda: is_over)
    assert b"".join(blocks) == b"".join(beginning)


def test_what_is_wrong_comes_after_what_is_whole() -> None:
    """Looking at it raises nothing."""
    beginning = Beginning(broken())

    assert b"whole\n" == beginning.start()
    assert isinstance(beginning.error, InputError)
    blocks = iter(beginning)
    assert b"whole\n" == next(blocks)
    with pytest.raises(InputError, match="breaks off"):
        next(blocks)
