"""Spills with something in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.producer.spill import Kept, Spill

if TYPE_CHECKING:
    from pathlib import Path

HEADER_BYTES = 33
EVERYTHING = 1 << 30


def kept(number: int, size: int = 10) -> Kept:
    return Kept(f"key-é-{number % 3}", str(number).encode() * size, f"id-{number}")


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.spill"))


def numbers(spill: Spill) -> list[int]:
    return [taken.number for taken in spill.take(EVERYTHING)]


def filled(directory: Path, count: int, segment_bytes: int = 1 << 20) -> list[Kept]:
    """A closed spill that holds `count` records, one append each."""
    records = [kept(number) for number in range(1, count + 1)]
    with Spill(directory, segment_bytes=segment_bytes, fsync=False) as spill:
        for record in records:
            spill.append([record])
    return records
