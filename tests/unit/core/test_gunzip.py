from __future__ import annotations

import gzip
import os
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.gunzip import MAX_MEMBERS, MAX_RATIO, MAX_UNPACKED_BYTES, MIN_BOUND_BYTES, gunzip
from pipeline.errors import Rejection
from pipeline.model import Reason

GZIP = gzip.compress(b"some lines\n" * 20, mtime=0)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=MAX_MEMBERS))
def test_round_trip(members: list[bytes]) -> None:
    """What was compressed comes back, in one member or several."""
    assert b"".join(members) == gunzip(b"".join(map(gzip.compress, members)))


def test_every_cut() -> None:
    """Gzip that breaks off is rejected, wherever it does."""
    for cut in range(len(GZIP)):
        with pytest.raises(Rejection, match=r"^gzip_corrupt: the gzip (breaks off|cannot be read)"):
            gunzip(GZIP[:cut])


@given(st.integers(2, len(GZIP) - 1), st.integers(1, 255))
def test_any_corruption(place: int, change: int) -> None:
    """A changed byte leaves the same content (where the header tells only of the file), or is rejected."""
    corrupt = bytearray(GZIP)
    corrupt[place] ^= change
    try:
        assert b"some lines\n" * 20 == gunzip(bytes(corrupt))
    except Rejection as rejection:
        assert rejection.reason is Reason.GZIP_CORRUPT  # noqa: PT017 - nothing else may be raised


@pytest.mark.parametrize("rubbish", [b"\0", b"rubbish", GZIP[:5]])
def test_rubbish_after(rubbish: bytes) -> None:
    """What follows must be gzip too."""
    with pytest.raises(Rejection, match=r"^gzip_corrupt: "):
        gunzip(GZIP + rubbish)


def test_too_many_members() -> None:
    """Members cost, so they are counted."""
    with pytest.raises(Rejection, match=r"^gzip_corrupt: the gzip has more than 16 members"):
        gunzip(GZIP * (MAX_MEMBERS + 1))


@pytest.mark.parametrize("size_bytes", [MIN_BOUND_BYTES + 1, 8 * MAX_UNPACKED_BYTES])
def test_bomb(size_bytes: int) -> None:
    """What unfolds to far more than it weighs is rejected, and not unfolded to see how much it is."""
    bomb = gzip.compress(bytes(size_bytes))
    tracemalloc.start()
    with pytest.raises(Rejection, match=r"^too_large: .* bytes of gzip hold more than"):
        gunzip(bomb)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 4 * MAX_UNPACKED_BYTES


def test_bomb_in_members() -> None:
    """Several members together are bounded as one is."""
    member = gzip.compress(bytes(MIN_BOUND_BYTES // 2))
    assert MIN_BOUND_BYTES == len(gunzip(member * 2))
    with pytest.raises(Rejection, match=r"^too_large: "):
        gunzip(member * 3)


def test_bounds() -> None:
    """Little may unfold to 64 KiB, more to a hundred times itself, and nothing to more than 16 MiB."""
    assert MIN_BOUND_BYTES == len(gunzip(gzip.compress(bytes(MIN_BOUND_BYTES))))
    noise = os.urandom(20_000)
    compressed = gzip.compress(noise + bytes(1_500_000))
    assert 1_520_000 == len(gunzip(compressed)) <= MAX_RATIO * len(compressed)
    incompressible = os.urandom(MAX_UNPACKED_BYTES + 1)
    assert MAX_UNPACKED_BYTES == len(gunzip(gzip.compress(incompressible[1:], 1)))
    with pytest.raises(Rejection, match=r"^too_large: "):
        gunzip(gzip.compress(incompressible, 1))
