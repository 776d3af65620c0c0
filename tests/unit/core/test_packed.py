"""Unpacking: whatever the blocks, the content is the same, bounded, and a break is told after what was whole."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.core.packed import (
    BLOCK_BYTES,
    MIN_BOUND_BYTES,
    Damaged,
    bounded,
    is_packed,
    skipped,
    unpacked,
    unpacker,
)
from pipeline.errors import InputError
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda content: content,
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "zstd": zstandard.compress,
}
SKIPPABLE = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"skip"


def unpack(packed: bytes, block_bytes: int = 1 << 20) -> bytes:
    unpacking = unpacker(packed[:4])
    content = b"".join(
        piece
        for start in range(0, len(packed), block_bytes)
        for piece in unpacking.feed(packed[start : start + block_bytes])
    )
    unpacking.end()
    return content


@pytest.mark.parametrize("packer", PACKERS)
@given(contents=st.lists(st.binary(max_size=300), min_size=1, max_size=4), block_bytes=st.integers(1, 700))
def test_several_parts_are_one_text(packer: str, contents: list[bytes], block_bytes: int) -> None:
    """Members of gzip and frames of zstd one after another, cut into blocks anywhere."""
    assume(packer != "plain" or not is_packed(b"".join(contents)))
    assert b"".join(contents) == unpack(b"".join(map(PACKERS[packer], contents)), block_bytes)


@pytest.mark.parametrize(("packer", "expected"), [("gzip", "the gzip breaks off"), ("zstd", "the zstd breaks off")])
def test_what_breaks_off_is_told_after_what_was_whole(packer: str, expected: str) -> None:
    """At every byte inside the second part: the first one is there, and the end raises."""
    first, second = PACKERS[packer](b"whole\n"), PACKERS[packer](b"cut")
    for size in range(len(first) + 1, len(first + second)):
        unpacking = unpacker(first)
        content = b"".join(unpacking.feed((first + second)[:size]))
        assert content.startswith(b"whole\n")
        with pytest.raises(InputError, match=expected):
            unpacking.end()


@pytest.mark.parametrize(
    ("packed", "expected"),
    [
        (gzip.compress(b"whole\n") + b"rubbish", "the gzip is damaged"),
        (gzip.compress(b"whole\n")[:-8] + b"12345678", "the gzip is damaged"),
        (zstandard.compress(b"whole\n") + b"rubbish", "the zstd is damaged"),
    ],
    ids=["after gzip", "checksum", "after zstd"],
)
def test_damage_is_told_after_what_was_whole(packed: bytes, expected: str) -> None:
    """What was given before it can be shipped."""
    unpacking, content = unpacker(packed), bytearray()

    def feed() -> None:
        for byte in packed:
            for piece in unpacking.feed(bytes((byte,))):
                content.extend(piece)

    with pytest.raises(InputError, match=expected):
        feed()
    assert b"whole\n" == content


def test_zeros_after_gzip_are_padding() -> None:
    """As on a tape."""
    assert b"x" == unpack(gzip.compress(b"x") + bytes(512), 100)


def test_a_skippable_frame_begins_zstd() -> None:
    """As pzstd writes it."""
    assert is_packed(SKIPPABLE)
    assert b"x" == unpack(SKIPPABLE + zstandard.compress(b"x"), 3)


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
def test_a_bomb_is_unpacked_piece_by_piece(packer: str) -> None:
    """A few bytes that stand for 64 MiB never are 64 MiB in memory."""
    unpacking = unpacker(bomb := PACKERS[packer](bytes(64 * BLOCK_BYTES)))
    sizes = [len(piece) for piece in unpacking.feed(bomb)]

    assert 64 * BLOCK_BYTES == sum(sizes)
    assert max(sizes) <= 16 * BLOCK_BYTES


def test_a_window_beyond_all_bounds_is_refused() -> None:
    """The zstd command asks before it takes more than 128 MiB."""
    parameters = zstandard.ZstdCompressionParameters(window_log=28, write_content_size=0)
    packing = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = packing.compress(b"x" * 9) + packing.flush()
    with pytest.raises(InputError, match="the zstd is damaged"):
        list(unpacker(packed).feed(packed))


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("block_bytes", [1, 3, 1000])
def test_an_input_tells_how_it_is_packed(packer: str, block_bytes: int) -> None:
    """By its first bytes, however few come at a time; its silence is passed on."""
    packed = PACKERS[packer](b"some text\n" * 9)
    blocks = [packed[start : start + block_bytes] for start in range(0, len(packed), block_bytes)]

    assert b"some text\n" * 9 == b"".join(unpacked(blocks)) == b"".join(bounded(blocks))
    assert b"" in list(unpacked([b"", *blocks]))
    assert b"xy" == b"".join(unpacked([b"x", b"y"]))
    assert [] == list(unpacked([]))


@pytest.mark.parametrize(("packer", "reason"), [("gzip", Reason.GZIP_CORRUPT), ("zstd", Reason.ZSTD_CORRUPT)])
def test_an_input_that_breaks_off(packer: str, reason: Reason) -> None:
    """It says which code that is, as a dead letter."""
    with pytest.raises(Damaged) as caught:
        list(bounded([PACKERS[packer](b"some text\n")[:-3]]))
    assert reason == caught.value.reason


@pytest.mark.parametrize("packer", ["gzip", "zstd"])
def test_a_bomb_is_noticed(packer: str) -> None:
    """What a few bytes stand for is given up to the bound, and then it is called what it is."""
    given, bomb = 0, PACKERS[packer](bytes(2 * MIN_BOUND_BYTES))

    def feed() -> None:
        nonlocal given
        for block in bounded([bomb]):
            given += len(block)

    with pytest.raises(Damaged, match="bytes hold more than") as caught:
        feed()
    assert Reason.DECOMPRESSION_BOMB == caught.value.reason
    assert MIN_BOUND_BYTES // 2 < given <= MIN_BOUND_BYTES


def test_what_is_not_packed_has_no_bound() -> None:
    """However large it is."""
    blocks = [b"x" * MIN_BOUND_BYTES] * 3
    assert 3 * MIN_BOUND_BYTES == sum(map(len, bounded(blocks)))


@given(st.lists(st.binary(max_size=5)), st.integers(0, 30))
def test_what_was_read_before_is_passed_over(blocks: list[bytes], size_bytes: int) -> None:
    """To the byte, and with no empty block in its place."""
    rest = list(skipped(blocks, size_bytes))
    assert b"".join(blocks)[size_bytes:] == b"".join(rest)
    assert b"" not in rest
