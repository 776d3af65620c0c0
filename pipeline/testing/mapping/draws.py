"""Drawing what goes wrong: the same random.Random draws the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.testing.mapping.fault_kinds import CallFault

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

_BREAKS: Final = (
    CallFault.THROTTLED,
    CallFault.SERVER_ERROR,
    CallFault.NO_CONNECTION,
    CallFault.ANSWER_LOST,
    CallFault.SLOW,
    CallFault.HANGS_BEFORE,
    CallFault.HANGS_AFTER,
    CallFault.KILLED_BEFORE,
    CallFault.KILLED_AFTER,
    CallFault.ACCESS_DENIED,
    CallFault.KEY_DENIED,
    CallFault.NOT_FOUND,
    CallFault.TOKEN_EXPIRED,
)
# A name of a plan, and what can go wrong there.
CALL_PLANS: Final[Mapping[str, tuple[CallFault, ...]]] = {
    "dynamodb": (*_BREAKS, CallFault.SOME_UNPROCESSED, CallFault.ALL_UNPROCESSED, CallFault.RACE),
    "archive": _BREAKS,
    "dead-letters": _BREAKS,
    "claims": _BREAKS,
    "events": (*_BREAKS, CallFault.SOME_NOT_TOLD, CallFault.SOME_TOLD_THEN_LOST),
    "sns": (*_BREAKS, CallFault.SOME_NOT_TOLD, CallFault.SOME_TOLD_THEN_LOST),
    "sqs": (*_BREAKS, CallFault.SOME_NOT_TOLD, CallFault.SOME_TOLD_THEN_LOST),
    "kinesis": (*_BREAKS, CallFault.SOME_REFUSED, CallFault.ALL_REFUSED, CallFault.SOME_THEN_LOST),
}
# The same of what facts are looked up in: rows of the table, and objects of the bucket.
LOOKUP_PLANS: Final[Mapping[str, tuple[CallFault, ...]]] = {"rows": _BREAKS, "reference": _BREAKS}
_SHARE_WITHOUT: Final = 0.3


def draw_plan[F](chance: random.Random, faults: Sequence[F], longest: int, share: float) -> list[F | None]:
    """Mostly nothing, now and then a fault, now and then the same several times in a row; sometimes nothing at all."""
    if chance.random() < _SHARE_WITHOUT:
        return []
    plan: list[F | None] = []
    for _ in range(chance.randrange(longest)):
        fault = chance.choice(faults) if chance.random() < share else None
        plan += [fault] * (chance.choice([1, 1, 1, 3, 8, 30]) if fault is not None else 1)
    return plan
