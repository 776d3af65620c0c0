"""Telling a bus, a topic and a queue: what is tried again, what is given up, and in which order."""

from __future__ import annotations

from collections import defaultdict
from copy import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import EndpointConnectionError, ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws.backoff import Backoff
from pipeline.aws.eventbridge import BusSink
from pipeline.aws.notices import MAX_NOTICES, WINDOW
from pipeline.aws.sns import TopicSink
from pipeline.aws.sqs import QueueSink
from pipeline.errors import Misconfiguration
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.countdown import Countdown
from pipeline.testing.deliveries import a_notice, by_number
from pipeline.testing.outlets import FakeBus, FakeOutlet, FakeQueue, FakeTopic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.model import Failure, Notice

THROTTLED = aws_error("ThrottlingException")
OUTAGE = aws_error("InternalFailure", 500)
UNREACHABLE = EndpointConnectionError(endpoint_url="https://sqs")
SINKS: Final[Mapping[type[FakeOutlet], Any]] = {FakeBus: BusSink, FakeTopic: TopicSink, FakeQueue: QueueSink}
FAKES: Final[Mapping[str, Callable[[], FakeOutlet]]] = {
    "bus": lambda: FakeBus("bus"),
    "topic": lambda: FakeTopic("arn:topic"),
    "queue": lambda: FakeQueue("https://queue"),
    "FIFO topic": lambda: FakeTopic("arn:topic.fifo"),
    "FIFO queue": lambda: FakeQueue("https://queue.fifo"),
}
each_kind = pytest.mark.parametrize("kind", FAKES)
each_fifo = pytest.mark.parametrize("kind", ["FIFO topic", "FIFO queue"])


def write(
    fake: FakeOutlet, notices: Sequence[Notice], clock: Countdown | None = None, name: str = ""
) -> dict[int, Failure]:
    """The failures by sequence number."""
    clock = clock or Countdown()
    sink = SINKS[type(fake)](fake, name or fake.name, Backoff(draw=lambda: 1.0, sleep=clock.sleep))
    return by_number(sink.write(notices, clock))


def distinct(count: int) -> list[Notice]:
    """Each with a key of its own."""
    return [a_notice(number, f"k-{number}") for number in range(count)]


def ids(*numbers: int) -> list[str]:
    return [f"e-{number}" for number in numbers]


@each_kind
@pytest.mark.parametrize(("count", "calls"), [(0, []), (1, [1]), (10, [10]), (11, [1, 10]), (175, [5, *[10] * 17])])
def test_ten_a_call(kind: str, count: int, calls: list[int]) -> None:
    """All are told, once, in as few calls as there can be."""
    fake = FAKES[kind]()
    assert {} == write(fake, distinct(count))
    assert (calls, sorted(ids(*range(count)))) == (sorted(map(len, fake.calls)), sorted(fake.ids()))


@each_kind
def test_what_is_told(kind: str) -> None:
    """The event, and beside it its id, type and source; on a bus its time."""
    fake = FAKES[kind]()
    write(fake, [a_notice(1)])
    (told,) = fake.told
    about = {"id": "e-1", "type": "log.v1", "source": "//a"}
    of_bus = {"source": "//a", "detail-type": "log.v1", "time": "2026-11-23T10:00:00+00:00"}
    assert ("e-1", of_bus if kind == "bus" else about) == (told.id, told.about)
    assert ("k" if "FIFO" in kind else "") == told.group


@each_kind
def test_bytes_of_a_call(kind: str) -> None:
    """Large ones share a call only as long as it takes them."""
    fake = FAKES[kind]()
    size = fake.most_bytes * 2 // 5
    assert {} == write(fake, [a_notice(number, f"k-{number}", body="x" * size) for number in range(5)])
    assert [1, 2, 2] == sorted(map(len, fake.calls))


@each_kind
@pytest.mark.parametrize("error", [THROTTLED, OUTAGE, UNREACHABLE])
def test_a_call_that_fails_is_tried_again(kind: str, error: Exception) -> None:
    """With back-off, until it gets through."""
    fake, clock = FAKES[kind](), Countdown()
    fake.errors = [error, error]
    assert {} == write(fake, distinct(3), clock)
    assert (ids(0, 1, 2), 2) == (fake.ids(), len(clock.slept))


@each_kind
def test_an_outage(kind: str) -> None:
    """What could not be told when the time is up is a failure for now."""
    fake = FAKES[kind]()
    fake.errors = [OUTAGE] * 999
    failures = write(fake, distinct(3), Countdown(5))
    assert ({0, 1, 2}, {False}) == ({*failures}, {each.permanent for each in failures.values()})
    assert "InternalFailure" in failures[0].detail


@each_kind
def test_no_time(kind: str) -> None:
    """The first round is tried whatever the time left; what comes after it is not begun."""
    fake = FAKES[kind]()
    failures = write(fake, distinct(WINDOW + 1), Countdown(0))
    assert ([WINDOW], WINDOW) == ([*failures], len(fake.told))
    assert "no time left, or it waits for one before it" == failures[WINDOW].detail


@each_kind
def test_few_are_told_that_come_again(kind: str) -> None:
    """While the first is not told, only those are that are less than a window behind it."""
    fake = FAKES[kind]()
    fake.failing = {"e-0": [("ThrottlingException", True)] * 999}
    failures = write(fake, distinct(3 * WINDOW), Countdown(5))
    assert {0, *range(WINDOW, 3 * WINDOW)} == failures.keys()
    assert sorted(ids(*range(1, WINDOW))) == sorted(fake.ids())
    assert "ThrottlingException" == failures[0].detail


@each_kind
def test_one_of_a_call_is_tried_again(kind: str) -> None:
    """Only what was not taken is sent again."""
    fake = FAKES[kind]()
    codes = [("InternalFailure", True)] if kind == "bus" else [("InternalFailure", True), ("Unheard", False)]
    fake.failing = {"e-1": [*codes]}
    assert {} == write(fake, distinct(3))
    assert sorted(ids(0, 1, 2)) == sorted(fake.ids())
    assert [ids(1)] * len(codes) == fake.calls[1:]


REFUSALS = {"bus": "MalformedDetail", "topic": "InvalidParameter", "queue": "InvalidMessageContents"}


@each_kind
def test_one_of_a_call_is_refused_for_ever(kind: str) -> None:
    """It is a permanent failure, without its content, and the others are told; in order what comes after it, too."""
    fake = FAKES[kind]()
    code = REFUSALS[kind.removeprefix("FIFO ")]
    fake.failing = {"e-1": [(code, True)]}
    failures = write(fake, [a_notice(number) for number in range(3)])
    assert [(1, True, f"the outlet Outlet refuses it: {code}")] == [
        (number, each.permanent, each.detail) for number, each in failures.items()
    ]
    assert ids(0, 2) == fake.ids()


@each_kind
@pytest.mark.parametrize("code", ["AccessDeniedException", "SomethingNew"])
def test_one_of_a_call_may_not(kind: str, code: str) -> None:
    """What is not known to be the record's own fault is raised."""
    fake = FAKES[kind]()
    fake.failing = {"e-1": [(code, True)]}
    with pytest.raises(Misconfiguration, match=code):
        write(fake, distinct(3))


@each_kind
@pytest.mark.parametrize("error", [aws_error("ValidationException"), ParamValidationError(report="too short")])
def test_a_call_is_refused_whole(kind: str, error: Exception) -> None:
    """Its notices are tried one by one, so that a bad one takes no good one with it."""
    fake = FAKES[kind]()
    fake.errors = [error, None, error, None]
    failures = write(fake, distinct(3))
    assert ([1], True) == ([*failures], failures[1].permanent)
    assert ids(0, 2) == fake.ids()


@each_kind
def test_a_part_of_a_call_that_is_refused_whole_fails(kind: str) -> None:
    """It is tried again, by itself."""
    fake = FAKES[kind]()
    fake.errors = [aws_error("ValidationException"), None, OUTAGE]
    assert {} == write(fake, distinct(3))
    assert ids(0, 2, 1) == fake.ids()


@each_kind
@pytest.mark.parametrize(
    "error", [aws_error("AccessDenied", 403), aws_error("AuthorizationError", 403), aws_error("InvalidParameter")]
)
def test_misconfigured(kind: str, error: Exception) -> None:
    """A missing permission is nobody's record's fault, nor is whatever is wrong with a whole call."""
    fake = FAKES[kind]()
    fake.errors = [error]
    with pytest.raises(Misconfiguration):
        write(fake, distinct(3))


@each_kind
def test_no_such_outlet(kind: str) -> None:
    """It is a misconfiguration too."""
    with pytest.raises(Misconfiguration):
        write(FAKES[kind](), distinct(1), name="elsewhere")


@each_kind
def test_what_decides_where_a_position_has_several(kind: str) -> None:
    """A record of which one notice can still be told is tried again, not given up."""
    fake = FAKES[kind]()
    code = REFUSALS[kind.removeprefix("FIFO ")]
    fake.failing = {"e-1": [("ThrottlingException", True)] * 999, "e-2": [(code, True)]}
    one, other = a_notice(1), a_notice(2, "other")
    failures = write(fake, [other, replace(one, position=other.position)], Countdown(1))
    assert [(2, False)] == [(number, each.permanent) for number, each in failures.items()]


class Forgetful:
    """Answers for nothing that it is told."""

    def publish_batch(self, **_: object) -> dict[str, Any]:
        return {}

    def send_message_batch(self, **_: object) -> dict[str, Any]:
        return {}

    def put_events(self, Entries: Sequence[object]) -> dict[str, Any]:  # noqa: N803 - the API's names
        return {"Entries": [{} for _ in Entries]}


class Short(Forgetful):
    """Answers for one event too few."""

    def put_events(self, Entries: Sequence[object]) -> dict[str, Any]:  # noqa: N803 - the API's names
        return {"Entries": [{"EventId": "1"} for _ in Entries[1:]]}


@pytest.mark.parametrize("sink", [BusSink, TopicSink, QueueSink])
@pytest.mark.parametrize("client", [Forgetful(), Short()])
def test_what_is_not_answered_for(sink: Any, client: Any) -> None:  # noqa: ANN401 - one of three
    """It counts as not told."""
    clock = Countdown(1)
    failures = sink(client, "name", Backoff(draw=lambda: 1.0, sleep=clock.sleep)).write(distinct(2), clock)
    assert {0: False, 1: False} == {number: each.permanent for number, each in by_number(failures).items()}


# order ----------------------------------------------------------------------------------------------------------------


@each_fifo
def test_one_of_a_key_a_call(kind: str) -> None:
    """What comes after one that is refused for now waits behind it; other keys do not."""
    fake = FAKES[kind]()
    fake.failing = {"e-1": [("ThrottlingException", True)] * 2}
    assert {} == write(fake, [a_notice(number, "ab"[number % 2]) for number in range(6)])
    assert {"a": ids(0, 2, 4), "b": ids(1, 3, 5)} == by_key(fake)


@each_fifo
def test_a_group_waits_behind_what_was_not_told(kind: str) -> None:
    """When the time is up, nothing of the group behind it was told."""
    fake = FAKES[kind]()
    fake.failing = {"e-1": [("ThrottlingException", True)] * 999}
    failures = write(fake, [a_notice(number, "ab"[number % 2]) for number in range(6)], Countdown(2))
    assert ({1, 3, 5}, {"a": ids(0, 2, 4)}) == ({*failures}, by_key(fake))


@each_fifo
def test_told_twice_within_five_minutes(kind: str) -> None:
    """It has no effect; later it has, and then whoever receives takes one of each id."""
    fake, at = FAKES[kind](), [0.0]
    fake.now = lambda: at[0]
    for at[0] in (0.0, 299.0, 300.0):
        assert {} == write(fake, distinct(1))
    assert ids(0, 0) == fake.ids()


@each_fifo
def test_keys_and_ids_of_any_text(kind: str) -> None:
    """What is no group or deduplication id is told by its hash."""
    fake = FAKES[kind]()
    assert {} == write(fake, [a_notice(1, "two words"), a_notice(2, "x" * 2000), a_notice(3, "é")])
    assert ids(1, 2, 3) == fake.ids()
    assert 3 == len({told.group for told in fake.told})


@given(
    keys=st.lists(st.sampled_from("abc"), max_size=120),
    failing=st.dictionaries(st.integers(0, 119), st.integers(1, 4), max_size=10),
    errors=st.lists(st.sampled_from([None, OUTAGE]), max_size=20),
)
def test_order_per_key(keys: list[str], failing: dict[int, int], errors: list[Exception | None]) -> None:
    """Whatever fails and for how long, those of a key come in order, each once."""
    fake = FakeQueue("https://queue.fifo", errors=list(errors))
    fake.failing = {f"e-{number}": [("InternalError", True)] * times for number, times in failing.items()}
    assert {} == write(fake, [a_notice(number, key) for number, key in enumerate(keys)], Countdown(1e9))
    expected = {key: ids(*(n for n, each in enumerate(keys) if each == key)) for key in sorted(set(keys))}
    assert expected == by_key(fake)
    assert all(len(call) <= MAX_NOTICES for call in fake.calls)


def by_key(fake: FakeOutlet) -> dict[str, list[str]]:
    """The ids that arrived, by key."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for told in fake.told:
        found[told.key].append(told.id)
    return dict(sorted(found.items()))
