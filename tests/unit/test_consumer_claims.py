"""Events whose data are claimed, from the batch to its answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.consumer import NoClaims
from pipeline.core import process
from pipeline.core.claim import MAX_CLAIM_BYTES
from pipeline.core.process import CLAIM_WEIGHT, MAX_BATCH_BYTES, prepare
from pipeline.core.records import read
from pipeline.environment import read_schemas
from pipeline.errors import LedgerMismatch, Misconfiguration, Retryable
from pipeline.model import Claim, Item, Ledger, Line, Reason, State
from pipeline.project import SCHEMAS
from pipeline.routes import process_stages
from pipeline.testing.bench import ACKNOWLEDGED, STAGES, Bench, change_event, claimed, logs, named
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.lambda_events import aggregate, kinesis_event, log_event
from pipeline.testing.ports import FakeSink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.model import Delivery, Failure, Position
    from pipeline.ports import Remaining

# More than the stream and an item hold.
LARGE = "x" * (1024 * 1024 + 1)


class Kept(FakeSink[Any]):
    """Sink: keeps the deliveries themselves."""

    def write(self, deliveries: Sequence[Any], remaining: Remaining) -> Mapping[Position, Failure]:
        self.actions.taken.append((f"all {self.name}", list(deliveries)))
        return super().write(deliveries, remaining)


def kept(bench: Bench, kind: type[Delivery]) -> list[Any]:
    """What the sink of a kind was given by the one batch there was."""
    (deliveries,) = bench.actions.named(f"all {bench.sinks[kind].name}")
    assert isinstance(deliveries, list)
    return deliveries


def keeping(left: Mapping[str, bytes]) -> Bench:
    bench = Bench(left=left)
    for kind in (Item, State, Line):
        bench.sinks[kind] = Kept(bench.sinks[kind].name, bench.actions)
    return bench


def delivered(bench: Bench) -> list[tuple[str, Any]]:
    """Position and body of what was archived, in order."""
    lines = [orjson.loads(each.line) for each in kept(bench, Line)]
    return [(line["position"].partition("/")[2].partition("/")[2], line["data"]["body"]) for line in lines]


@given(st.lists(st.sampled_from(["plain", "claimed", "both packed"]), min_size=1, max_size=6))
def test_among_others(kinds: list[str]) -> None:
    """Claimed or not, packed or not, all are delivered in the order of the batch, and one fetch gets all claims."""
    left: dict[str, bytes] = {}
    batch: list[bytes | dict[str, Any]] = []
    expected: list[tuple[str, str]] = []
    for number, kind in enumerate(kinds, start=1):
        plain, other = (log_event(f"{number}-{part}", body=f"{number}-{part}") for part in "ab")
        match kind:
            case "plain":
                batch.append(plain)
            case "claimed":
                batch.append(claimed(plain, left))
            case _:
                batch.append(aggregate(claimed(plain, left), other))
        expected += [(f"{number}/0", f"{number}-a"), *([(f"{number}/1", f"{number}-b")] * (kind == "both packed"))]
    bench = keeping(left)

    assert ACKNOWLEDGED == bench.consume(kinesis_event(*batch, first=1))
    assert expected == delivered(bench)
    assert [list(left)] * bool(left) == bench.actions.named("claims")
    assert Ledger(len(expected), delivered=len(expected)) == bench.ledger()


def test_what_is_written() -> None:
    """The archive has the data whole, and masked; an item that they do not fit into says where they were left."""
    left: dict[str, bytes] = {}
    sent = claimed(log_event("e-1", body="to ada@example.com", attributes={"x": LARGE}), left)
    ((key, body),) = left.items()
    bench = keeping(left)

    assert ACKNOWLEDGED == bench.consume(kinesis_event(sent, first=1))
    (line,), (item,) = kept(bench, Line), kept(bench, Item)
    stored = read_item(item.item)
    archived = orjson.loads(line.line)
    assert "dataref" not in archived
    assert {"body": "to ***@example.com", "attributes": {"x": LARGE}} == archived["data"]
    assert "data" not in stored
    assert {"S": f"s3://claims/{key}"} == stored["dataref"]
    assert {"N": str(len(body))} == stored["data_bytes"]


def test_what_fits_into_an_item() -> None:
    """Claimed data that fit into an item are in it, as those of any event."""
    left: dict[str, bytes] = {}
    event = log_event("e-1", body="short")
    bench, usual = keeping(left), keeping({})

    assert ACKNOWLEDGED == bench.consume(kinesis_event(claimed(event, left), first=1))
    assert ACKNOWLEDGED == usual.consume(kinesis_event(event, first=1))
    assert kept(usual, Item) == kept(bench, Item)
    assert kept(usual, Line) == kept(bench, Line)


def test_a_state_too_large() -> None:
    """A claimed change becomes the state of its entity, which holds a reference when no item can hold the entity."""
    left: dict[str, bytes] = {}
    good, large, far_too_large = change_event("a"), change_event("b"), change_event("c")
    large["data"] = {**large["data"], "after": {"x": LARGE}}
    far_too_large["data"] = {**far_too_large["data"], "after": {"x": [1] * 3_500_000}}
    bench = keeping(left)

    batch = kinesis_event(*(claimed(each, left) for each in (good, large, far_too_large)), first=1)
    assert ACKNOWLEDGED == bench.consume(batch)
    first, second, third = (read_item(each.item) for each in kept(bench, State))
    assert (True, False) == ("data" in first, "dataref" in first)
    for key, item in zip([*left][1:], (second, third), strict=True):
        assert ({"S": f"s3://claims/{key}"}, False) == (item["dataref"], "data" in item)
    assert [] == bench.kept()


def test_the_same_claim_twice() -> None:
    """What several events claim is fetched once, and both have it."""
    left: dict[str, bytes] = {}
    bench = keeping(left)
    batch = [claimed(log_event(each, body="the same"), left) for each in "ab"]

    assert ACKNOWLEDGED == bench.consume(kinesis_event(*batch, first=1))
    assert [("1/0", "the same"), ("2/0", "the same")] == delivered(bench)
    assert [list(left)] == bench.actions.named("claims")
    assert 1 == len(left)


def test_dropped() -> None:
    """What is dropped is seen only in the data, and dropped then."""
    left: dict[str, bytes] = {}
    bench = Bench(left=left)
    assert ACKNOWLEDGED == bench.consume(kinesis_event(claimed(log_event(severity_number=1), left), first=1))
    assert Ledger(1, dropped=1) == bench.ledger()


def test_out_of_reach() -> None:
    """While claims are out of reach nothing is written and the batch comes again; then it ends as if nothing was."""
    left: dict[str, bytes] = {}
    batch = kinesis_event(b"{", log_event("e-2"), claimed(log_event("e-3"), left), first=1)
    bench, usual = Bench(left=left), Bench(left=left)
    bench.claims.errors.append(Retryable("timed out"))

    assert named(1) == bench.consume(batch)
    assert [("ledger", Ledger(3, retried=3))] == bench.actions.taken
    bench.actions.taken.clear()
    assert ACKNOWLEDGED == bench.consume(batch) == usual.consume(batch)
    assert usual.actions.taken == bench.actions.taken
    assert Ledger(3, delivered=2, dead_lettered=1, reasons=Counter({Reason.NOT_JSON: 1})) == bench.ledger()


def test_denied() -> None:
    """Claims that may not be fetched fail the invocation loudly, and nothing is written."""
    left: dict[str, bytes] = {}
    bench = Bench(left=left)
    bench.claims.errors.append(Misconfiguration("AccessDenied"))
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        bench.consume(kinesis_event(log_event(), claimed(log_event(), left)))
    assert [] == bench.actions.taken


def test_nothing_claimed() -> None:
    """A batch without claims asks for none."""
    bench = Bench()
    bench.claims.errors.append(Misconfiguration("asked"))
    assert ACKNOWLEDGED == bench.consume(logs(2))


def test_the_time_left() -> None:
    """The claims get the time that is left without the reserve for the writes."""
    seen: list[float] = []

    class Hurried(NoClaims):
        def fetch(self, claims: Sequence[Claim], remaining: Remaining) -> Mapping[Claim, bytes | None]:
            seen.append(remaining())
            return dict.fromkeys(claims)

    replace(Bench().consumer(), claims=Hurried()).consume(kinesis_event(claimed(log_event(), {})), lambda: 60.0)
    assert [55.0] == seen


def test_no_source() -> None:
    """A consumer that lacks a source of claims says so; without a claims bucket, a reference is followed nowhere."""
    batch = kinesis_event(claimed(log_event(), {}), first=1)
    with pytest.raises(Misconfiguration, match="1 claims are to be fetched, with 55 seconds left, but the consumer"):
        replace(Bench().consumer(), claims=NoClaims()).consume(batch, lambda: 60)
    bench = Bench(process_stages(read_schemas(SCHEMAS)))
    assert ACKNOWLEDGED == bench.consume(batch)
    assert [("1", Reason.NOT_AN_EVENT)] == bench.kept()


def test_a_source_that_forgets_one() -> None:
    """A claim that the source says nothing of leaves its record without an outcome, which is noticed."""

    class Forgetful(NoClaims):
        def fetch(self, claims: Sequence[Claim], remaining: Remaining) -> Mapping[Claim, bytes | None]:
            del claims, remaining
            return {}

    with pytest.raises(LedgerMismatch, match="received 1 records, but 0 are accounted for"):
        replace(Bench().consumer(), claims=Forgetful()).consume(kinesis_event(claimed(log_event(), {})), lambda: 60)


def reference(size_bytes: int) -> dict[str, Any]:
    event = {**log_event(), "dataref": f"s3://claims/{Claim('ab' * 32, size_bytes).key}"}
    del event["data"]
    return event


def test_room() -> None:
    """Claims take several times their size of a batch's room, in both passes; what is behind is left unread."""
    fit = MAX_BATCH_BYTES // (CLAIM_WEIGHT * MAX_CLAIM_BYTES)
    batch = read(kinesis_event(*[reference(MAX_CLAIM_BYTES)] * (fit + 2), first=1))
    first = prepare(batch, STAGES)
    second = prepare(batch, STAGES, dict.fromkeys(first.claims))

    assert batch[fit:] == list(first.unread) == list(second.unread)
    assert (1, 0) == (len(first.claims), len(second.claims))
    assert [Reason.CLAIM_MISSING] * fit == [each.reason for each in second.dead_letters]


def test_room_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a claim alone is more than there is room for, its record is still read."""
    monkeypatch.setattr(process, "MAX_BATCH_BYTES", 1)
    left: dict[str, bytes] = {}
    bench = Bench(left=left)
    assert named(2) == bench.consume(kinesis_event(*[claimed(log_event(), left)] * 2, first=1))
    assert Ledger(2, delivered=1, retried=1) == bench.ledger()
