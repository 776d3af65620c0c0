"""One lookup of many kinds: all that a batch wants, in one fetch of each kind, side by side.

Together they take a third of the time that is left at most: what is out of reach must not keep a batch from being
written that can do without it.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import Misconfiguration
from pipeline.model import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipeline.aws.lookups.kind import Kind, Looked
    from pipeline.model import Facts, Want
    from pipeline.ports import FactsReport, Remaining

SHARE: Final = 1 / 3


@dataclass(frozen=True)
class Together:
    """Lookup: the kinds by name.

    Args:
        now: seconds of a clock that only goes forward.
    """

    kinds: Mapping[str, Kind]
    report: FactsReport
    now: Callable[[], float]

    def fetch(self, wants: frozenset[Want], remaining: Remaining) -> Facts:
        """The facts of all kinds; when one kind raises, it is raised after all have ended."""
        if not wants:
            return {}
        began = self.now()
        asked: defaultdict[str, list[Want]] = defaultdict(list)
        for want in sorted(wants):
            asked[want.kind].append(want)
        self._refuse_unknown(asked)
        facts: dict[Want, Any] = {}
        stale: dict[str, str] = {}
        for looked in self._side_by_side(list(asked.items()), _share(remaining)):
            facts |= looked.facts
            stale |= looked.stale
        away = {f"{want.kind} {want.name}": fact.detail for want, fact in facts.items() if type(fact) is Unavailable}
        self.report.facts(
            wanted=len(wants),
            found=len(facts) - sum(type(fact) is Unavailable for fact in facts.values()),
            unavailable=sum(type(fact) is Unavailable for fact in facts.values()),
            away=away,
            stale=stale,
            seconds=self.now() - began,
        )
        return facts

    def _side_by_side(self, asked: list[tuple[str, list[Want]]], left: Remaining) -> Iterable[Looked]:
        if len(asked) == 1:
            ((kind, wants),) = asked
            return [self.kinds[kind].look_up(wants, left)]
        with ThreadPoolExecutor(len(asked)) as readers:
            return readers.map(lambda each: self.kinds[each[0]].look_up(each[1], left), asked)

    def _refuse_unknown(self, asked: Iterable[str]) -> None:
        unknown = sorted(set(asked) - self.kinds.keys())
        if unknown:
            raise Misconfiguration(
                f"{', '.join(unknown)} cannot be looked up; this function knows {', '.join(sorted(self.kinds))}. "
                "An enrichment's kind must be that of its wants"
            )


def _share(remaining: Remaining) -> Remaining:
    """The part of what is left that lookups may take, from now on."""
    kept = remaining() * (1 - SHARE)
    return lambda: remaining() - kept
