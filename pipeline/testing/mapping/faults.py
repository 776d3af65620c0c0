"""What goes wrong with an invocation, or with a call to AWS: as planned, invocation by invocation and call by call.

`FaultyFunction` stands around a handler, `FaultyClient` around a fake client. Both follow a plan: a list with a fault,
or None, for each of the next invocations or calls; after its end all goes well. What was met is counted, so that a test
can tell that it has seen everything.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.testing.mapping.fault_kinds import CallFault, InvocationFault
from pipeline.testing.mapping.simulator import Context, Throttled
from pipeline.testing.mapping.troubles import ONLY, TROUBLES, Call, hang

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.testing.mapping.clock import Clock
    from pipeline.testing.mapping.simulator import Handler
    from pipeline.testing.mapping.zombies import Zombies

CALL_SECONDS: Final = 0.02
_HALF: Final = 2

type Met = Counter[str]
type Plans = Mapping[str, deque[CallFault | None]]
type Around = Callable[[Call], Any]


@dataclass
class FaultyFunction:
    """A handler whose invocations go wrong as planned; `zombies` stand around the calls of the handler."""

    handler: Handler
    clock: Clock
    plan: deque[InvocationFault | None] = field(default_factory=deque)
    met: Met = field(default_factory=Counter)
    zombies: Zombies | None = None
    _earlier: list[Mapping[str, Any]] = field(default_factory=list)

    def __call__(self, event: Mapping[str, Any], context: Context) -> Any:  # noqa: ANN401 - what the handler answers
        """The handler's answer, or what happens instead."""
        fault = self.plan.popleft() if self.plan else None
        if fault is InvocationFault.STALE and not self._earlier:
            fault = None
        self.clock.skew_seconds = _SKEWS.get(fault, 0.0)
        if fault is not None:
            self.met[fault] += 1
        self._before(fault, event, context)
        answer = self.handler(event, context)
        if fault is InvocationFault.TWICE:
            answer = self.handler(event, context)
        if fault is InvocationFault.STALE:
            self.handler(self._earlier[len(self._earlier) // _HALF], context)
        self._earlier.append(event)
        if fault is InvocationFault.CRASH_AT_END:
            raise RuntimeError(fault)
        if fault is InvocationFault.TIMEOUT_AT_END:
            hang(self.clock)
        return answer

    def _before(self, fault: InvocationFault | None, event: Mapping[str, Any], context: Context) -> None:
        """What happens before the handler is called, or instead of it."""
        if fault is InvocationFault.THROTTLED:
            raise Throttled
        if fault is InvocationFault.LEFT_BEHIND and self.zombies is not None:
            self.zombies.leave_behind(lambda: self.handler(event, context))
        if fault in {InvocationFault.CRASH_AT_START, InvocationFault.LEFT_BEHIND}:
            raise RuntimeError(fault)
        if (left := _LEFT_SECONDS.get(fault)) is not None:
            self.clock.wait_until(context.deadline_at - left)


_SKEWS: Final[Mapping[Any, float]] = {InvocationFault.CLOCK_AHEAD: 3600.0, InvocationFault.CLOCK_BEHIND: -3600.0}
_LEFT_SECONDS: Final[Mapping[Any, float]] = {InvocationFault.LITTLE_TIME: 5.1, InvocationFault.NO_TIME: 2.0}


@dataclass
class FaultyClient:
    """A client whose calls go wrong as planned; every call takes a moment.

    Args:
        client: a fake of it.
        service: "dynamodb", "s3", "kinesis", "events", "sns" or "sqs": what its errors are called.
        plans: the plan of a call is found by its `plan_of`.
        plan_of: the name of a call's plan, by its arguments.
        around: is given every call, to carry it out or not.
    """

    client: Any
    service: str
    clock: Clock
    plans: Plans
    met: Met
    plan_of: Callable[[Mapping[str, Any]], str]
    around: Around | None = None

    def __getattr__(self, operation: str) -> Any:  # noqa: ANN401 - whatever operation
        do = getattr(self.client, operation)

        def call(**arguments: Any) -> Any:  # noqa: ANN401 - whatever operation
            if self.around is None:
                return carry_out(**arguments)
            return self.around(Call(self.service, self.clock, carry_out, arguments))

        def carry_out(**arguments: Any) -> Any:  # noqa: ANN401 - the same
            self.clock.spend(CALL_SECONDS)
            name = self.plan_of(arguments)
            plan = self.plans.get(name)
            fault = plan.popleft() if plan else None
            if fault is None or operation != ONLY.get(fault, operation):
                return do(**arguments)
            self.met[f"{name}: {fault}"] += 1
            self.met[fault] += 1
            return TROUBLES[fault](Call(self.service, self.clock, do, arguments))

        return call


__all__ = ["CALL_SECONDS", "Around", "CallFault", "FaultyClient", "FaultyFunction", "InvocationFault", "Met", "Plans"]
