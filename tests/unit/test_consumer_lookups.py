from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from pipeline.consumer import NoLookup
from pipeline.core.route import where
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import Failure, Ledger, Reason, Unavailable
from pipeline.testing.bench import ACKNOWLEDGED, STAGES, Bench, named
from pipeline.testing.enrichment import Owner
from pipeline.testing.lambda_events import aggregate, kinesis_event, log_event
from pipeline.transforms.predicate import equals, exists
from tests.unit.test_consumer import batch_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.core.process import Stages
    from pipeline.model import Event, Facts, Want
    from pipeline.ports import Destination, Transform

LOG = STAGES.routes["log.v1"]
AWAY = Unavailable("ThrottlingException")


def stages(
    owner: Owner | None = None, then: Sequence[Transform] = (), destinations: Sequence[Destination] = LOG.destinations
) -> Stages:
    """Those of `process`, where a log has an owner, and later may lose all else."""
    route = dataclasses.replace(LOG, lookups=(owner or Owner(),), then=then, destinations=destinations)
    return dataclasses.replace(STAGES, routes={"log.v1": route})


def bodies(*texts: str) -> dict[str, Any]:
    return kinesis_event(*(log_event(text, body=text) for text in texts), first=1)


def facts(**owners: Any) -> Facts:  # noqa: ANN401 - any fact there is
    return {Owner.want(body): owner for body, owner in owners.items()}


def test_enriched() -> None:
    """All that a batch wants is fetched in one go, each want once, before anything is written."""
    bench = Bench(stages(), facts=facts(a="ada", b="bob"))
    assert ACKNOWLEDGED == bench.consume(bodies("a", "b", "a"))
    assert [
        ("lookup", [Owner.want("a"), Owner.want("b")]),
        ("items", ["1", "2", "3"]),
        ("states", []),
        ("archive", ["1", "2", "3"]),
        ("ledger", Ledger(3, delivered=3)),
    ] == bench.actions.taken


def test_nothing_is_wanted() -> None:
    """A batch that wants nothing costs no call."""
    bench = Bench(stages())
    assert ACKNOWLEDGED == bench.consume(kinesis_event(log_event(body=1), first=1))
    assert [] == bench.actions.named("lookup")


@pytest.mark.parametrize(
    ("known", "answer", "written", "ledger"),
    [
        ({"a": AWAY, "b": "bob"}, named(1), [], Ledger(3, retried=3)),
        ({"a": "ada", "b": AWAY}, named(2), ["1"], Ledger(3, delivered=1, retried=2)),
        ({"a": "ada", "b": "bob", "c": AWAY}, named(3), ["1", "2"], Ledger(3, delivered=2, retried=1)),
    ],
)
def test_out_of_reach(known: Mapping[str, Any], answer: dict[str, Any], written: list[str], ledger: Ledger) -> None:
    """The first record that cannot do without what is out of reach comes again, and all after it."""
    bench = Bench(stages(Owner(may_miss=True)), facts=facts(**known))
    assert answer == bench.consume(bodies("a", "b", "c"))
    assert [written] == bench.actions.named("items")
    assert ledger == bench.ledger()


def test_out_of_reach_for_a_user_record() -> None:
    """The aggregate comes again as a whole; what is written of it by then is written again, with the same effect."""
    packed = aggregate(*(log_event(text, body=text) for text in "abc"))
    bench = Bench(stages(), facts=facts(a="ada", b=AWAY, c="eve"))
    assert named(1) == bench.consume(kinesis_event(packed, first=1))
    assert [["1"]] == bench.actions.named("items")
    assert ([], Ledger(3, retried=3)) == (bench.actions.named("archive"), bench.ledger())


def test_out_of_reach_for_one_of_its_events() -> None:
    """Of a record that comes again nothing is written yet, not even the event whose fact is known."""

    def split(event: Event) -> Sequence[Event]:
        return [replace(event, id=owner, data={**event.data, "body": owner}) for owner in "ab"]

    these = stages()
    route = dataclasses.replace(these.routes["log.v1"], transforms=(split,))
    these = dataclasses.replace(these, routes={"log.v1": route})
    bench = Bench(these, facts=facts(a="ada", b=AWAY))
    assert named(1) == bench.consume(bodies("x"))
    assert [[]] == bench.actions.named("items")


def test_dead_letters_beyond_what_is_out_of_reach() -> None:
    """What comes again is no dead letter yet."""
    bench = Bench(stages(), facts=facts(a="ada", b=AWAY))
    assert named(2) == bench.consume(bodies("a", "b", "c"))
    assert [] == bench.kept()


def test_no_fact() -> None:
    """A record of which a lookup knows nothing is a dead letter, where the route says so; its neighbours go on."""
    bench = Bench(stages(), facts=facts(a="ada", c="eve"))
    assert ACKNOWLEDGED == bench.consume(bodies("a", "b", "c"))
    assert [("2", Reason.REJECTED_BY_TRANSFORM)] == bench.kept()
    reasons = {Reason.REJECTED_BY_TRANSFORM: 1}
    assert Ledger(3, delivered=2, dead_lettered=1, reasons=reasons) == bench.ledger()


@pytest.mark.parametrize(
    "these",
    [
        stages(then=(lambda event: () if event.data["owner"] == "bob" else (event,),)),
        stages(destinations=tuple(where(equals("/owner", "ada"), each) for each in LOG.destinations)),
    ],
)
def test_dropped_after_the_lookup(these: Stages) -> None:
    """What a transform drops by a fact, or no destination takes, is dropped on purpose, and counted as that."""
    bench = Bench(these, facts=facts(a="ada", b="bob"))
    assert ACKNOWLEDGED == bench.consume(bodies("a", "b"))
    assert [["1"]] == bench.actions.named("archive")
    assert Ledger(2, delivered=1, dropped=1) == bench.ledger()


def test_dropped_behind_a_failure() -> None:
    """It comes again, and is counted as that."""
    bench = Bench(
        stages(destinations=(where(exists("/never"), LOG.destinations[0]), *LOG.destinations[1:])),
        archive={1: Failure("SlowDown")},
        facts=facts(a="ada"),
    )
    assert named(1) == bench.consume(bodies("a"))
    assert Ledger(1, retried=1) == bench.ledger()


def test_lookup_is_denied() -> None:
    """A lookup that may not be used fails the invocation loudly, and nothing is written."""
    bench = Bench(stages())
    bench.lookup.errors = [Misconfiguration("AccessDenied")]
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        bench.consume(bodies("a"))
    assert [] == bench.actions.taken


def test_no_lookup() -> None:
    """Where nothing can be looked up, wanting nothing is fine, and wanting something fails loudly."""
    assert {} == NoLookup().fetch(frozenset(), lambda: 60)
    with pytest.raises(Misconfiguration, match="table owners are to be looked up, with 60 seconds left"):
        NoLookup().fetch(frozenset({Owner.want("a")}), lambda: 60)


def test_a_flood_of_bugs_in_lookups() -> None:
    """A lookup that crashes is a bug as any other: most of a batch of them is a bad deploy."""

    class Crashing(Owner):
        def wants(self, event: Event) -> Sequence[Want]:
            raise ZeroDivisionError(event.id)

    bench = Bench(stages(Crashing()))
    with pytest.raises(Exception, match="most of 3 records hit a bug"):
        bench.consume(batch_of(3, is_packed=False))
    assert [] == bench.actions.taken


def test_claims_are_out_of_reach() -> None:
    """While claims are out of reach nothing is looked up either."""
    bench = Bench(stages())
    bench.claims.errors = [Retryable("timed out")]
    dataref = "s3://claims/claims/" + "0" * 64 + "-2.json"
    without = {name: value for name, value in log_event("a").items() if name != "data"}
    assert named(1) == bench.consume(kinesis_event({**without, "dataref": dataref}, first=1))
    assert [("ledger", Ledger(1, retried=1))] == bench.actions.taken
