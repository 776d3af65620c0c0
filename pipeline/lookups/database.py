"""A database in MaxMind's format, mapped into memory, and what it knows of an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import maxminddb

from pipeline.errors import InputError
from pipeline.lookups.place import attributes
from pipeline.model import Unavailable

if TYPE_CHECKING:
    from pipeline.model import Json

# Looked up when a database is opened: one that is cut off shows there, and not with the first record.
_TRIED: Final = ("1.1.1.1", "81.2.69.142", "203.0.113.1", "2001:218::1", "2a02::1")


def opened(path: str) -> maxminddb.Reader:
    """The database in a file, which is needed no longer then. Raises InputError when it is none."""
    try:
        database = maxminddb.open_database(path)
        for address in _TRIED:
            _get(database, address)
    except (maxminddb.InvalidDatabaseError, OSError, ValueError) as error:
        raise InputError(f"it is no whole database in MaxMind's format ({type(error).__name__})") from None
    return database


def found_in(database: maxminddb.Reader, address: str) -> Json | Unavailable:
    """The attributes of an address; None where nothing is known of it."""
    try:
        return attributes(_get(database, address)) or None
    except maxminddb.InvalidDatabaseError as error:
        return Unavailable(f"the database is damaged: {error}"[:300])


def _get(database: maxminddb.Reader, address: str) -> Any:  # noqa: ANN401 - whatever it holds
    """The record of an address; None where there is none, as of an IPv6 address in a database of IPv4."""
    try:
        return database.get(address)
    except ValueError:
        return None
