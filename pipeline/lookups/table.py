"""Rows of the reference table: `lookup` is the name of a table in it, `key` what a row is found by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.lookups.fact import Fact, Place, check_missing, check_name, text_at
from pipeline.transforms.path import compiled

if TYPE_CHECKING:
    from pipeline.lookups.fact import Missing
    from pipeline.ports import Enrichment

KIND: Final = "table"


def reference(pointer: str, *, table: str, into: str, optional: bool = False, missing: Missing = "leave") -> Enrichment:
    """The row of a reference table whose key is the value of a field: all its attributes but its keys, as an object.

    Raises Rejection for a value that is neither text nor a whole number.

    >>> enriched(reference("/id", table="customers", into="/customer"), {"id": 42}, {"tier": "gold"})
    {'id': 42, 'customer': {'tier': 'gold'}}
    """
    check_name("table", table)
    check_missing(missing, optional=optional)
    place = Place(compiled(into))
    return Fact(kind=KIND, name=table, key_of=text_at(pointer), place=place, is_optional=optional, missing=missing)
