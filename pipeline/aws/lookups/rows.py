"""Rows of CSV and NDJSON objects."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.aws.lookups.kind import Looked, unavailable
from pipeline.lookups.row import parts
from pipeline.lookups.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.aws.lookups.file import ReferenceFiles
    from pipeline.model import Want
    from pipeline.ports import Remaining


@dataclass(frozen=True)
class ObjectRows:
    """Kind `object`: each object once for each column that it is looked up by."""

    files: ReferenceFiles[dict[str, bytes]]

    def look_up(self, wants: Iterable[Want], remaining: Remaining) -> Looked:
        """The rows; see `ports.Lookup`."""
        facts: dict[Want, Any] = {}
        stale = {}
        asked: defaultdict[str, list[Want]] = defaultdict(list)
        for want in wants:
            asked[want.name].append(want)
        for name, own in asked.items():
            key, by = parts(name)
            rows, why = self.files.get(key, name, partial(read_rows, by=by), remaining)[:2]
            if rows is None:
                facts |= unavailable(own, why)
                continue
            if why is not None:
                stale[name] = why
            facts |= {want: orjson.loads(rows[want.key]) for want in own if want.key in rows}
        return Looked(facts, stale)
