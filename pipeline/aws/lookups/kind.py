"""What a lookup of one kind answers, and what becomes of a fact that is out of reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from pipeline.model import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.model import Facts, Want
    from pipeline.ports import Remaining


class Looked(NamedTuple):
    """The facts; and of what only an older version could be asked, why that is so, by name."""

    facts: Facts
    stale: Mapping[str, str]


class Kind(Protocol):
    """The lookup of one kind."""

    def look_up(self, wants: Iterable[Want], remaining: Remaining) -> Looked:
        """As `ports.Lookup` has it. Raises Misconfiguration."""
        ...


def unavailable(wants: Iterable[Want], why: object) -> dict[Want, Unavailable]:
    """All of them out of reach, for one reason."""
    return dict.fromkeys(wants, Unavailable(str(why)[:300]))
