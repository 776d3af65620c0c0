"""How far a file was shipped, and what it is known by."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pipeline.core.lines import START, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOW_BYTES: Final = 1024


class FileId(NamedTuple):
    """What the system knows a file by, while it is there."""

    device: int
    inode: int


NO_FILE: Final = FileId(0, 0)


class Print(NamedTuple):
    """A fingerprint of some bytes: how many, and their digest. Of none, it says nothing."""

    size_bytes: int = 0
    digest: str = ""


NOTHING: Final = Print()


def print_of(content: bytes) -> Print:
    """The fingerprint of these bytes."""
    return Print(len(content), hashlib.blake2b(content, digest_size=16).hexdigest()) if content else NOTHING


@dataclass
class Bookmark:
    """A file, by what was in it.

    Args:
        source: the URI that its records name, from where it was seen first.
        first_line: digest of its first line.
        copy: how many files with the same source and first line there were before it.
        format: of its records.
        name: the path it was seen at first: rotations add to it.
        path: where it was seen last.
        file_id: what it was last time; `NO_FILE` when it is known that its content is gone from there.
        place: everything before has an outcome; in bytes of the unpacked content.
        head: of at most 1 KiB at its beginning, all of it before the place.
        tail: of at most 1 KiB just before the place; of none where that was not known.
        seen_at: when the place last moved, in epoch seconds.
        is_done: nothing more is expected of it.
    """

    source: str
    first_line: str
    copy: int
    format: str
    name: str
    path: str
    file_id: FileId
    place: Place = START
    head: Print = NOTHING
    tail: Print = NOTHING
    seen_at: float = 0.0
    is_done: bool = False

    @property
    def salt(self) -> str:
        """With the source, what the ids of its records are made of; of a first file, the same as without --follow."""
        return f"{self.first_line}-{self.copy}" if self.copy else self.first_line

    @property
    def is_proven(self) -> bool:
        """Whether enough is known of it to be sure of a file with another inode."""
        return self.head.size_bytes == WINDOW_BYTES

    def to_json(self) -> dict[str, Any]:
        """As the state file holds it."""
        offset, number, context = self.place
        place = [offset, number, b64encode(context).decode()]
        prints = {"file_id": [*self.file_id], "head": [*self.head], "tail": [*self.tail]}
        return {**vars(self), **prints, "place": place}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Bookmark:
        """What `to_json` gave. Raises KeyError, TypeError or ValueError for anything else."""
        offset, number, context = fields["place"]
        return cls(
            **{
                **fields,
                "file_id": FileId(*fields["file_id"]),
                "place": Place(int(offset), int(number), b64decode(context)),
                "head": Print(*fields["head"]),
                "tail": Print(*fields["tail"]),
            }
        )
