"""What became of all records: the ledger, and of each kind of dead letter where the first one is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.cli.display import safe
from pipeline.model import Ledger, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.cli.trial.outcome import Outcome
    from pipeline.model import Stage


@dataclass
class Counts:
    """The counts, in user records where there are any; as many entries as there are kinds, never as records."""

    received: int = 0
    delivered: int = 0
    events: int = 0
    retried: int = 0
    waiting: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    letters: Counter[tuple[Reason, Stage]] = field(default_factory=Counter)
    first: dict[tuple[Reason, Stage], str] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        self.received += 1
        self.events += len(outcome.after)
        letter = outcome.letter
        if letter is not None:
            kind = letter.reason, letter.stage
            self.letters[kind] += 1
            self.first.setdefault(kind, f"{outcome.place}: {letter.detail}")
        elif outcome.waits_for:
            self.retried += 1
            self.waiting.update({f"{want.kind} {want.name}".rstrip() for want in outcome.waits_for})
        elif outcome.after:
            self.delivered += 1
        else:
            self.dropped[outcome.by or "nothing in it"] += 1

    def ledger(self) -> Ledger:
        """As the functions count a batch."""
        return Ledger(self.received, self.delivered, self.dropped.total(), self.letters.total(), self.retried)

    def told(self, seconds: float) -> Iterator[str]:
        """The summary, line by line; `seconds` were spent in the stages. Raises LedgerMismatch."""
        ledger = self.ledger()
        ledger.check()
        if not ledger.received:
            return
        line = (
            f"{ledger.received:,} in = {ledger.delivered:,} delivered + {ledger.dropped:,} dropped "
            f"+ {ledger.dead_lettered:,} dead-lettered"
        )
        if ledger.retried:
            line += f" + {ledger.retried:,} retried"
        if self.events != self.delivered:
            line += f"; {self.events:,} events delivered"
        yield f"{line}; {seconds / self.received * 1e6:,.1f} µs a record"
        for name, count in self.dropped.most_common():
            yield f"dropped: {count:,} by {name}"
        for name, count in self.waiting.most_common():
            yield f"retried: {count:,} for {name}, which is out of reach"
        for kind, count in self.letters.most_common():
            reason, stage = kind
            yield safe(f"dead-lettered: {count:,} {reason} at {stage}, first {self.first[kind]}")
        if 2 * sum(count for (reason, _), count in self.letters.items() if reason is Reason.BUG) > self.received:
            yield "most records hit a bug: a function would fail the batch rather than write these dead letters"
