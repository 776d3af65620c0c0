"""Rows of an object: CSV or NDJSON under `reference/` of the reference bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.lookups.fact import Fact, Place, check_missing, check_name, text_at
from pipeline.transforms.path import compiled
from pipeline.transforms.setting import check_text

if TYPE_CHECKING:
    from pipeline.lookups.fact import Missing
    from pipeline.ports import Enrichment

KIND: Final = "object"
_COLUMN: Final = "#"


def object_row(
    pointer: str, *, name: str, by: str, into: str, optional: bool = False, missing: Missing = "leave"
) -> Enrichment:
    """The row of an object whose column `by` is the value of a field; of CSV every value is text.

    Raises Rejection for a value that is neither text nor a whole number.

    >>> lookup = object_row("/to", name="countries.csv", by="code", into="/country")
    >>> enriched(lookup, {"to": "DE"}, {"code": "DE", "name": "Germany"})
    {'to': 'DE', 'country': {'code': 'DE', 'name': 'Germany'}}
    """
    check_name("name", name)
    check_text("by", by)
    check_missing(missing, optional=optional)
    indexed = f"{name}{_COLUMN}{by}"
    place = Place(compiled(into))
    return Fact(kind=KIND, name=indexed, key_of=text_at(pointer), place=place, is_optional=optional, missing=missing)


def parts(name: str) -> tuple[str, str]:
    """The object and the column of the name of a want.

    >>> parts("countries.csv#code")
    ('countries.csv', 'code')
    """
    made, _, column = name.partition(_COLUMN)
    return made, column
