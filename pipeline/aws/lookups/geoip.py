"""Databases in MaxMind's format: streamed to a file, and mapped into memory.

The file has no name once it is open: nothing is left of it when it is closed, or the function ends. There is room for
two of them in the 512 MB of a function's /tmp, the one that answers and the one that is read.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.aws.lookups.kind import Looked, unavailable
from pipeline.errors import InputError
from pipeline.lookups.database import found_in, opened

if TYPE_CHECKING:
    from collections.abc import Iterable

    import maxminddb

    from pipeline.aws.lookups.file import ReferenceFiles
    from pipeline.model import Want
    from pipeline.ports import Remaining

# GeoIP2 City, the largest that is usual, has about 130 MB.
MAX_BYTES: Final = 200 * 1024 * 1024


@dataclass(frozen=True)
class GeoIp:
    """Kind `geoip`."""

    files: ReferenceFiles[maxminddb.Reader]

    def look_up(self, wants: Iterable[Want], remaining: Remaining) -> Looked:
        """The attributes of each address; see `ports.Lookup`."""
        facts: dict[Want, Any] = {}
        stale = {}
        asked: defaultdict[str, list[Want]] = defaultdict(list)
        for want in wants:
            asked[want.name].append(want)
        for name, own in asked.items():
            key = f"{name}.mmdb"
            database, why = self.files.get(key, key, open_database, remaining)[:2]
            if database is None:
                facts |= unavailable(own, why)
                continue
            if why is not None:
                stale[key] = why
            found = {want: found_in(database, want.key) for want in own}
            facts |= {want: fact for want, fact in found.items() if fact is not None}
        return Looked(facts, stale)


def open_database(blocks: Iterable[bytes]) -> maxminddb.Reader:
    """The database in these bytes. Raises InputError when it is none, or is too large."""
    size_bytes = 0
    with tempfile.NamedTemporaryFile(suffix=".mmdb") as file:
        for block in blocks:
            size_bytes += len(block)
            if size_bytes > MAX_BYTES:
                raise InputError(f"it has more than {MAX_BYTES:,} bytes")
            file.write(block)
        file.flush()
        return opened(file.name)
