"""One time of the schedule: every collector on its own, what it collects put onto the stream, the canary watched.

    scheduled event ─┬▶ ping    collect ▸ put ─────────┬▶ one line of counts and metrics
                     └▶ canary  collect ▸ put ▸ watch ─┘  ─▶ raise, if something was not put

A collector that fails or hangs holds back none of the others. What could not be put fails the invocation at its end:
Lambda tries twice more, and then leaves the scheduled event in the on-failure queue. Ids are made of the schedule's
time, so what is put again has no second effect. A missing canary fails nothing: the alarm on its metric is for that.

What the consumer finds wrong with an event, such as one of a collector of your own that is not of its schema, it keeps
as a dead letter, like everything on the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import orjson

from pipeline.aws.patience import RECORDS
from pipeline.collectors.at_once import AtOnce, Late
from pipeline.collectors.canary import CANARY, Sighting
from pipeline.core.chunk import partition_key
from pipeline.core.encode import cloudevent
from pipeline.core.process import place
from pipeline.errors import Incomplete, InputError, PipelineError, Rejection
from pipeline.model import Accepted, Entry, Ledger, Position
from pipeline.producer import Pace, Unsent, put_in_order
from pipeline.transforms.timestamps import utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.collectors.canary import Watch
    from pipeline.collectors.collector import Collector
    from pipeline.model import Event
    from pipeline.ports import RecordStream, Remaining
    from pipeline.producer import Outcome

# Ten calls to Kinesis where no key repeats.
MAX_EVENTS: Final = 5_000
# For the line at the end.
REPORT_SECONDS: Final = 1.0
# No call to Kinesis but the first is begun later than that before the end.
PUT_SECONDS: Final = RECORDS.call_seconds + REPORT_SECONDS


class Report(Protocol):
    """Somewhere that an invocation's counts are told."""

    def collected(
        self, ledger: Ledger, failures: Mapping[str, str], canary_seconds: float | None, canary_missing: int | None
    ) -> None:
        """Tell the counts of events, what failed by collector, and the canary's figures, where there is one."""
        ...


class Done(NamedTuple):
    """What became of one collector's events."""

    outcomes: Sequence[Outcome]
    sighting: Sighting | None = None


@dataclass(frozen=True)
class Collect:
    """The function `collect`.

    Args:
        collectors: by name.
        stream: where events go.
        watch: looks for what the collector `canary` put.
        report: told once an invocation.
    """

    collectors: Mapping[str, Collector]
    stream: RecordStream
    watch: Watch
    report: Report
    pace: Pace = field(default_factory=Pace)
    at_once: AtOnce[str] = field(default_factory=AtOnce)

    def run(self, event: Mapping[str, Any], remaining: Remaining) -> None:
        """Collect for one scheduled event. Raises InputError for another event, Incomplete when not all was put."""
        now = scheduled_at(event)
        jobs = {name: partial(self._one, name, now, remaining) for name in self.collectors}
        done = self.at_once.run(jobs, remaining() - REPORT_SECONDS)
        failures = {name: text for name, each in done.items() if (text := _failure(each))}
        outcomes = [outcome for each in done.values() if isinstance(each, Done) for outcome in each.outcomes]
        put = sum(isinstance(outcome, Accepted) for outcome in outcomes)
        ledger = Ledger(len(outcomes), delivered=put, retried=len(outcomes) - put)
        ledger.check()
        sighting = _sighting(done.get(CANARY))
        told, seconds, missing = failures, None, None
        if sighting is not None:
            seconds, missing = sighting.seconds, int(sighting.is_missing)
            told = {**failures, "canary is missing": sighting.detail} if missing else failures
        self.report.collected(ledger, told, seconds, missing)
        if failures:
            text = "; ".join(f"{name}: {failure}" for name, failure in failures.items())
            raise Incomplete(f"not everything was put onto the stream ({text}); Lambda tries the schedule again")

    def _one(self, name: str, now: float, remaining: Remaining) -> Done:
        events = list(islice(self.collectors[name].collect(now), MAX_EVENTS + 1))
        if len(events) > MAX_EVENTS:
            raise Incomplete(f"more than {MAX_EVENTS} events; collect them in parts")
        since = self.watch.clock()
        entries = [_entry(name, number, event) for number, event in enumerate(events)]
        outcomes = put_in_order(self.stream, entries, lambda: remaining() - PUT_SECONDS, self.pace)
        if name != CANARY or not events:
            return Done(outcomes)
        if not isinstance(outcomes[0], Accepted):
            return Done(outcomes, Sighting(None, is_missing=True, detail="it was not put"))
        return Done(outcomes, self.watch.look(events[0], since, lambda: remaining() - 2 * REPORT_SECONDS))


def scheduled_at(event: Mapping[str, Any]) -> float:
    """The time of a scheduled event in epoch seconds. Raises InputError."""
    try:
        return datetime.fromisoformat(utc(event["time"])).timestamp()
    except (KeyError, TypeError, Rejection) as error:
        raise InputError(
            'this is no event of a schedule; to try the function, invoke it with {"time": "2026-11-23T10:00:00Z"}'
        ) from error


def _entry(name: str, number: int, event: Event) -> Entry:
    return Entry(Position(name, "", str(number)), partition_key(event.key), orjson.dumps(cloudevent(event)))


def _failure(done: Done | Exception | Late) -> str:
    """Why not all of a collector's events were put; empty when they were."""
    match done:
        case Late(detail):
            return detail
        case PipelineError():
            return str(done)
        case Exception():
            return f"{type(done).__name__} at {place(done)}"
    unput = [outcome for outcome in done.outcomes if not isinstance(outcome, Accepted)]
    return f"{len(unput)} of {len(done.outcomes)} events: {_why(unput[0])}" if unput else ""


def _why(outcome: Outcome) -> str:
    return outcome.detail if isinstance(outcome, Unsent) else str(outcome)


def _sighting(done: Done | Exception | Late | None) -> Sighting | None:
    """What is known of the canary; None where there is none to look for."""
    if done is None or isinstance(done, Done):
        return done and done.sighting
    return Sighting(None, is_missing=True, detail=_failure(done))
