"""Records on disk while the stream is away: kept before they are reported as taken, given back in the order they came.

    with Spill(directory) as spill:             recovers what an earlier process left
        spill.append([Kept(key, data, id)])     on disk when it returns
        for number, kept in spill.take(…):      from the front, in order, as much as asked for
            …
        spill.done(number)                      everything up to this one is on the stream: never given out again

What may go wrong, and what comes of it:

    the process is killed at any moment     every append that returned is there; of the one cut off, none or its first
                                            records; sent but not yet `done` is given out again, with the same id
    the machine fails                       the same with fsync; without it, the last seconds may be lost or damaged
    the disk or the bound is full           SpillFull: nothing of this append is kept, everything else is
    bytes are damaged                       the records around them are read; what was lost is counted in `damage`, and
                                            the file is put aside as `*.corrupt` once the rest of it was sent
    a second process, a lost permission     SpillUnusable, with what to do

The files, in a directory of their own (0700, the files 0600: they hold somebody's data):

    done                                    the last number done, and the lock          place.py
    <first number>-<salt>.spill             segments, only ever added to                segment.py
    <first number>-<salt>.spill.corrupt     for a person to look at; never read again

A record on disk is a header of 33 bytes and a body, big-endian, checksums being CRC-32 (frame.py):

    salt 8 · version 1 · number 8 · key bytes 2 · id bytes 2 · data bytes 4 · body's CRC 4 · header's CRC 4
    key in UTF-8 · id in UTF-8 · data

Records are numbered from 1 without gaps, so that a missing one is noticed. The salt is a random value of the segment:
behind damaged bytes it shows where the next record begins, and no record's data can look like one.
"""

from __future__ import annotations

from pipeline.producer.spill.errors import SpillDamaged, SpillFull, SpillUnusable
from pipeline.producer.spill.frame import Kept
from pipeline.producer.spill.store import Damage, Spill, Taken

__all__ = ["Damage", "Kept", "Spill", "SpillDamaged", "SpillFull", "SpillUnusable", "Taken"]
