from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.testing.mapping import EXHAUSTED, TOO_OLD
from pipeline.testing.mapping.faults import CallFault, InvocationFault
from tests.simulation.kinds import DROPPED, POISON
from tests.simulation.schedules import PLANS
from tests.simulation.story import problems_of, scheduled, tell
from tests.simulation.tables import KINDS
from tests.simulation.world import World

STREAM_FAULTS = {
    "split",
    "merge",
    "roll",
    "part",
    "restart from the checkpoint",
    "restart from the horizon",
    "the same event is put twice",
}
MAPPING_FAULTS = {
    EXHAUSTED,
    TOO_OLD,
    "several lanes",
    "cut at a record",
    "cut at a record, and filled up",
    "halved",
    "a whole batch again",
    "filtered",
}
RECORD_FAULTS = (
    {f"a record: {kind}" for kind in (*POISON, *DROPPED, "refused", "claimed", "table change")}
    | {f"a user record: {kind}" for kind in (*POISON, "log", "claimed", "change", "dropped", "refused")}
    | {f"of a subscription: {kind}" for kind in ("log event", "a log event without text")}
    | {f"a change: {kind}" for kind in KINDS}
)
FAULTS = {*InvocationFault, *CallFault, *STREAM_FAULTS, *MAPPING_FAULTS, *RECORD_FAULTS}


@settings(
    max_examples=600,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # a seed cannot be shrunk; `tell` cuts the schedule down
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(0, 2**32))
def test_promise(seed: int) -> None:
    """Whatever goes wrong: nothing is lost, doubled, moved back, changed or invented."""
    assert not problems_of(World(scheduled(seed))), tell(seed)


def test_every_fault_is_met() -> None:
    """Every kind of fault, and every way in which each service can fail, comes up in a few hundred schedules."""
    calls = {f"{plan}: {fault}" for plan, faults in PLANS.items() for fault in faults}
    missing = FAULTS | calls
    assert len(FAULTS) >= 25
    met: Counter[str] = Counter()
    for seed in range(1000):
        world = World(scheduled(seed))
        assert not problems_of(world), tell(seed)
        met += world.met
        missing -= met.keys()
        if not missing:
            break
    assert set() == missing
