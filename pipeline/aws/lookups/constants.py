"""What this deployment is: known from the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.aws.lookups.kind import Looked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.model import Json, Want
    from pipeline.ports import Remaining


@dataclass(frozen=True)
class Constants:
    """Kind `deployment`: the same for each of its wants."""

    fact: Json

    def look_up(self, wants: Iterable[Want], remaining: Remaining) -> Looked:
        """See `ports.Lookup`."""
        del remaining
        return Looked(dict.fromkeys(wants, self.fact), {})
